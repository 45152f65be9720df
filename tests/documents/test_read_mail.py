"""A mail becomes its words, and what is attached to it documents of their own."""

import base64
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.extraction.mail import MAX_BODY_BYTES, read_mail
from documents.extraction.mime import MAX_DEPTH, MAX_PARTS
from documents.extraction.original import Original, Part, Unreadable

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


class Read:
    """What came out of a mail."""

    def __init__(self, raw: bytes) -> None:
        self.facts: dict[str, Any] = {}
        self.text = ""
        self.parts: list[tuple[str, str, bytes]] = []
        for piece in read_mail(Original(source=BytesIO(raw), size=len(raw)), facts=self.facts):
            if isinstance(piece, Part):
                content = b"".join(piece.chunks)
                self.parts.append((piece.filename, piece.content_type, content))
            else:
                self.text += str(piece)

    @property
    def names(self) -> list[str]:
        return [name for name, _, _ in self.parts]


def letter(body: str = "See you at the bridge.\n", **fields: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Alice <alice@example.com>"
    message["To"] = "Bob <bob@example.com>"
    message["Date"] = "Tue, 03 Sep 2024 10:15:00 +0200"
    message["Subject"] = "Herons"
    for name, value in fields.items():
        message[name] = value
    message.set_content(body)
    return message


def of(message: EmailMessage) -> Read:
    return Read(message.as_bytes(policy=policy.SMTP))


def raw_mail(header: str, body: bytes = b"") -> Read:
    return Read(header.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)


def test_it_begins_with_who_wrote_to_whom_and_when() -> None:
    assert of(letter(Cc="carol@example.com")).text == (
        "From: Alice <alice@example.com>\nTo: Bob <bob@example.com>\nCc: carol@example.com\n"
        "Date: Tue, 03 Sep 2024 10:15:00 +0200\nSubject: Herons\n\nSee you at the bridge.\n"
    )


def test_it_notes_title_author_date_and_id() -> None:
    message = letter(**{"Message-ID": "<1@example.com>"})
    message["Content-Language"] = "en"
    facts = of(message).facts
    said = {name: facts[name] for name in ("title", "author", "created", "message_id", "language")}
    assert said == {
        "title": "Herons",
        "author": "Alice <alice@example.com>",
        "created": "2024-09-03T10:15:00+02:00",
        "message_id": "<1@example.com>",
        "language": "en",
    }


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?UTF-8?B?R3LDvMOfZQ==?= aus =?iso-8859-1?Q?K=F6ln?=", "Grüße aus Köln"),
        ("=?utf-8*de?q?a_b?= =?utf-8?q?c?=", "a bc"),
        ("=?utf-8?b?4pyT4pw=?=\n =?utf-8?b?kw==?=", "✓✓"),  # one letter cut in two
        ("=?utf-8?b?4pyT4p?=", "✓�"),
        ("=?shift_jis?b?k/qWe4zq?=", "日本語"),
        ("=?no-such-charset?q?plain?=", "plain"),
        ("a very\n folded\n\tsubject", "a very folded subject"),
        ("Grüße", "Grüße"),  # as it may not be written, and is
        ("=?utf-8?q?a=00b?=", "ab"),
        ("=?utf-8?x?broken?=", "=?utf-8?x?broken?="),
    ],
)
def test_it_reads_encoded_titles(subject: str, expected: str) -> None:
    assert raw_mail(f"Subject: {subject}").facts["title"] == expected


@pytest.mark.parametrize(
    "date",
    ["yesterday", "Tue, 99 Foo 2024 25:61:00", "1 Jan 2024 10:00:00 +99999999999999", "", " "],
)
def test_a_date_that_is_none_is_only_shown(date: str) -> None:
    assert "created" not in raw_mail(f"Date: {date}\nSubject: x").facts


@pytest.mark.parametrize(
    "header",
    [
        'From: "unclosed <a@b',
        "From: " + "(" * 10_000,
        "From: =?utf-8?q?=?= <@>, ;;:",
        "Message-ID: <",
        "Content-Type: text/plain; charset*=x; charset*0=y",
        f"Content-Type: text/plain; charset*{'9' * 5000}=utf-8",
        "Content-Type: text/plain; charset=\x00\n",
        "Content-Type: ; ;",
        "Content-Type: text/plain; charset*=nonsense'%FF",
        "Content-Type: text/plain; a=" + '";' * 30_000,
        "Content-Transfer-Encoding: 99bit",
    ],
)
def test_a_broken_header_costs_no_words(header: str) -> None:
    assert "We met." in raw_mail(f"{header}\nSubject: Bridge", b"We met.").text


# --- bodies --------------------------------------------------------------------------------


def test_it_prefers_the_plain_text() -> None:
    message = letter("Plain words.\n")
    message.add_alternative("<p>Rich words.</p>", subtype="html")
    text = of(message).text
    assert "Plain words." in text
    assert "Rich" not in text


@pytest.mark.parametrize("plain", ["", " \n\n"])
def test_it_reads_the_page_where_the_plain_text_is_empty(plain: str) -> None:
    message = letter(plain)
    message.add_alternative("<p>Rich <b>words</b>.</p><script>no</script>", subtype="html")
    assert of(message).text.endswith("\n\nRich words.\n")


def test_a_page_does_not_rename_the_mail() -> None:
    message = letter()
    message.set_content("<html lang=de><title>News</title><p>Hallo</p>", subtype="html")
    facts = of(message).facts
    assert (facts["title"], facts["language"]) == ("Herons", "de")


@pytest.mark.parametrize("encoding", ["quoted-printable", "base64", "8bit"])
def test_it_reads_every_transfer_encoding(encoding: str) -> None:
    message = letter()
    message.set_content("Grüße an die Reiher = alle.\n" * 3_000, cte=encoding)
    text = of(message).text
    assert text.count("Grüße an die Reiher = alle.\n") == 3_000


def test_it_sees_through_a_wrong_charset() -> None:
    read = raw_mail("Content-Type: text/plain; charset=us-ascii", "Grüße".encode())
    assert (read.text, read.facts["encoding"]) == ("\nGrüße\n", "utf-8")


def test_it_believes_the_charset_that_fits() -> None:
    words = "Привет, как дела?"
    read = raw_mail("Content-Type: text/plain; charset=koi8-r", words.encode("koi8-r"))
    assert words in read.text


def test_text_that_only_claims_to_be_base64_is_read_as_it_is() -> None:
    read = raw_mail("Content-Transfer-Encoding: base64", b"We met at the bridge, and left.")
    assert "We met at the bridge, and left." in read.text


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"V2UgbWV0Lg", "We met."),  # no padding
        (b"V2Ug!bWV0\r\nLg==", "We met."),
        (b"V2Ug\r\nbWV0Lg==\r\nV2UgbGVmdC4=", "We met.We left."),
        (b"V2UgbWV0LiBX" + b"Z", "We met. W"),
    ],
)
def test_broken_base64_gives_what_it_holds(body: bytes, expected: str) -> None:
    encoded = b"QUJD" * 20 + body
    read = raw_mail("Content-Transfer-Encoding: base64", encoded)
    assert read.text == f"\n{'ABC' * 20}{expected}\n"


def test_it_reads_uuencoded_bodies() -> None:
    body = b"begin 644 note.txt\r\n'5V4@;65T+@``\r\n`\r\nend\r\n"
    assert "We met." in raw_mail("Content-Transfer-Encoding: x-uuencode", body).text


def test_a_mail_without_a_header_is_its_text() -> None:
    assert Read(b"\r\nWe met.\r\n").text == "\nWe met.\n"
    assert Read(b"We met.\nWe left.\n").text == "\nWe met.\nWe left.\n"


def test_a_header_may_end_without_an_empty_line() -> None:
    assert Read(b"Subject: x\nWe met.\n").text == "Subject: x\n\nWe met.\n"


def test_nothing_is_nothing() -> None:
    assert (Read(b"").text, Read(b"").parts) == ("", [])


def test_an_encrypted_mail_is_found_by_its_header() -> None:
    read = raw_mail("Subject: Secret\nContent-Type: application/pkcs7-mime; name=smime.p7m", b"xx")
    assert read.text == "Subject: Secret\nAttachments: smime.p7m\n"
    assert read.facts["encrypted"] is True


# --- parts ---------------------------------------------------------------------------------


def test_attachments_are_parts() -> None:
    message = letter()
    message.add_attachment(PNG * 1_000, maintype="image", subtype="png", filename="heron.png")
    message.add_attachment(b"a;b\n", maintype="text", subtype="csv", filename="zähl ung.csv")
    read = of(message)
    assert read.parts == [
        ("heron.png", "image/png", PNG * 1_000),
        ("zähl ung.csv", "text/csv", b"a;b\n"),
    ]
    assert "Attachments: heron.png, zähl ung.csv\n" in read.text


def test_inline_images_and_named_texts_are_parts() -> None:
    message = letter("Plain.\n")
    message.add_alternative("<p>Look: <img src=cid:1></p>", subtype="html")
    page = message.get_payload()[1]  # type: ignore[index]
    page.add_related(PNG, "image", "png", cid="<1>", filename="logo.png", disposition="inline")  # type: ignore[union-attr]
    message.add_attachment("inline", filename="notes.txt", disposition="inline")
    read = of(message)
    assert read.names == ["logo.png", "notes.txt"]
    assert "Plain." in read.text


def test_a_part_without_a_name_gets_one_that_tells_its_type() -> None:
    message = letter()
    message.add_attachment(PNG, maintype="image", subtype="png")
    message.add_attachment(letter("Inner.\n"))
    assert of(message).names == ["part-1.png", "part-2.eml"]


def test_a_forwarded_mail_is_a_part_that_can_be_read_again() -> None:
    inner = letter("Inner words.\n")
    inner.add_attachment(PNG, maintype="image", subtype="png", filename="deep.png")
    message = letter("Outer words.\n")
    message.add_attachment(inner)
    read = of(message)
    (_, content_type, content) = read.parts[0]
    again = Read(content)
    assert "Inner words." not in read.text
    assert content_type == "message/rfc822"
    assert "Inner words." in again.text
    assert again.parts == [("deep.png", "image/png", PNG)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("filename=../../etc/passwd", "passwd"),
        ('filename="C:\\\\temp\\\\a.doc"', "a.doc"),
        ("filename==?utf-8?q?Z=C3=A4hlung.pdf?=", "Zählung.pdf"),
        ("filename*=utf-8''Z%C3%A4hlung.pdf", "Zählung.pdf"),
        ('filename*0="very "; filename*1="long.pdf"', "very long.pdf"),
        ('filename="a\u202egpj.exe"', "agpj.exe"),
        ('filename=".."', "unnamed"),
        ('filename="' + "x" * 500 + '.pdf"', "x" * 196 + ".pdf"),
    ],
)
def test_names_are_cleaned(name: str, expected: str) -> None:
    header = "Content-Type: application/pdf\nContent-Disposition: attachment; "
    assert raw_mail(header + name, b"x").names == [expected]


def test_signatures_are_no_documents() -> None:
    message = letter()
    message.add_attachment(b"x", maintype="application", subtype="pgp-signature", filename="s.asc")
    assert of(message).parts == []


def test_a_text_too_long_for_a_body_is_a_part() -> None:
    read = raw_mail("Subject: log", b"x" * (MAX_BODY_BYTES + 1))
    assert [(name, len(content)) for name, _, content in read.parts] == [
        ("part-1.txt", MAX_BODY_BYTES + 1)
    ]


# --- structure -----------------------------------------------------------------------------


def multipart(*parts: str, boundary: str = "b") -> Read:
    body = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts) + f"--{boundary}--\r\nbye"
    return raw_mail(f"Content-Type: multipart/mixed; boundary={boundary}", body.encode())


def test_what_stands_around_the_parts_is_left_out() -> None:
    header = "Content-Type: multipart/mixed; boundary=b"
    read = raw_mail(header, b"This is MIME.\n--b\n\nWords.\n--b--\nbye")
    assert read.text == "\nWords.\n"


def test_a_part_ends_before_the_line_end_of_its_boundary() -> None:
    part = "Content-Type: application/x\r\n\r\nbytes\r\n"
    assert multipart(part).parts == [("part-1", "application/x", b"bytes\r\n")]


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ("Content-Type: multipart/mixed", b"Words."),
        ("Content-Type: multipart/mixed; boundary=b", b"Words."),
        ("Content-Type: multipart/mixed; boundary=b", b"--b\n\nWords."),
        ("Content-Type: multipart/mixed; boundary=b", b"--b\nWords.\n--b--"),
        ('Content-Type: multipart/mixed; boundary="b c"', b"--b c  \n\nWords.\n--b c--"),
        ("Content-Type: multipart/mixed; boundary=b", b"--b\n\n--a\n--b \nX: y\n\nWords."),
    ],
)
def test_a_broken_structure_costs_no_words(header: str, body: bytes) -> None:
    assert "Words." in raw_mail(header, body).text


def test_the_end_of_an_outer_part_ends_the_inner_ones() -> None:
    inner = "Content-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\nInner."
    assert multipart(inner, "\r\nOuter.").text == "\nInner.\n\nOuter.\n"


def nested(depth: int) -> Iterator[bytes]:
    for level in range(depth):
        yield b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level)
    yield b"\nDeep words.\n"


def test_parts_may_stand_deep_in_each_other() -> None:
    assert "Deep words." in Read(b"".join(nested(MAX_DEPTH))).text


def test_it_refuses_to_descend_without_end() -> None:
    with pytest.raises(Unreadable) as refused:
        Read(b"".join(nested(5_000)))
    assert refused.value.code == "too_deep"
    assert refused.value.detail == (
        "The parts of this mail stand more than 100 deep in each other. "
        "Save the inner mail or its attachments as files and send those."
    )


def test_it_refuses_more_parts_than_anyone_attaches() -> None:
    header = b"Content-Type: multipart/mixed; boundary=b\n\n"
    with pytest.raises(Unreadable) as refused:
        Read(header + b"--b\n\nx\n" * (MAX_PARTS + 1))
    assert refused.value.code == "too_large"


def test_a_mailbox_is_its_mails() -> None:
    postmark = b"From alice@example.com Tue Sep  3 10:15:00 2024\n"
    mails = [letter(f"Mail {number}.\nFrom here on.\n").as_bytes() for number in (1, 2)]
    read = Read(b"".join(postmark + mail + b"\n" for mail in mails))
    assert read.facts["mails"] == 2
    assert read.names == ["Herons.eml"] * 2
    assert [content.strip() for _, _, content in read.parts] == [mail.strip() for mail in mails]
    assert read.text.count("Tue, 03 Sep 2024 10:15:00 +0200\tAlice") == 2


def test_a_mailbox_of_one_is_a_mail() -> None:
    read = Read(b"From alice@example.com Tue Sep  3 10:15:00 2024\nSubject: x\n\nWords.\n")
    assert (read.text, read.parts) == ("Subject: x\n\nWords.\n", [])


@given(st.lists(st.binary(max_size=30), max_size=20), st.sampled_from([b"\n", b"\r\n--b\r\n"]))
def test_no_bytes_break_it(lines: list[bytes], glue: bytes) -> None:
    header = b"Content-Type: multipart/alternative; boundary=b\n" + base64.b64encode(glue) + b":"
    read = Read(header + glue.join(lines))
    assert "\x00" not in read.text + str(read.facts)
    read.text.encode()

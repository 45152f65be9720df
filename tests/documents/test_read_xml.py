"""XML becomes its words, in order, whatever its vocabulary."""

from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.extraction.original import Original, Unreadable
from documents.extraction.xml_text import MAX_TAG_BYTES, read_xml


def read(content: str | bytes, *, charset: str = "") -> tuple[str, dict[str, Any]]:
    raw = content.encode() if isinstance(content, str) else content
    facts: dict[str, Any] = {}
    original = Original(source=BytesIO(raw), size=len(raw), declared_charset=charset)
    return "".join(read_xml(original, facts=facts)), facts


def text(content: str | bytes) -> str:
    return read(content)[0]


def refusal(content: str) -> Unreadable:
    with pytest.raises(Unreadable) as refused:
        read(content)
    return refused.value


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<a><b>one</b><c>two</c></a>", "one\ntwo"),
        ("<a>\n  <b>\n    one\n    two\n  </b>\n  <c/>\n  <d>three</d>\n</a>", "one two\nthree"),
        ("<a><row><id>1</id><name>Ann</name></row><row><id>2</id></row></a>", "1\nAnn\n2"),
        ("<p>This is <b>bold</b> and <i>it</i>alic.</p>", "This is bold and italic."),
        ("<d><p><b>Bold</b> start</p><p>next</p></d>", "Bold start\nnext"),
        ("<s><title>Title</title>Text</s>", "Title\nText"),
        ("<s><title>Title</title>\n  Text</s>", "Title\nText"),
        ("<a>x<!-- not this --><?nor this?>y</a>", "xy"),
        ("<a><![CDATA[a < b & c]]></a>", "a < b & c"),
        ("<a>a &lt; b &amp; &#99;</a>", "a < b & c"),
        ("<s xmlns:x='urn:x'><x:p>one</x:p><p x:y='no'>two</p></s>", "one\ntwo"),
        ("<svg><style>p {}</style><script>f()</script><text>Seen</text></svg>", "Seen"),
        ("<a id='7' title='A title'><b alt='A heron'/>x</a>", "A title\nA heron\nx"),
        ("<a/>", ""),
    ],
)
def test_it_sets_a_line_for_each_block_of_words(content: str, expected: str) -> None:
    assert text(content) == expected


def test_words_are_whole_wherever_the_file_is_cut_to_be_read() -> None:
    words = " ".join(f"word{number}" for number in range(100_000))
    assert text(f"<a><b>{words}</b></a>") == words


def test_it_reads_deep_nesting() -> None:
    assert text("<a>" * 100_000 + "deep" + "</a>" * 100_000) == "deep"


# --- encodings -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("utf-8", "Grüße 日本語"),
        ("utf-16", "Grüße 日本語"),
        ("iso-8859-2", "Zażółć gęślą jaźń"),
        ("koi8-r", "Привет, как дела"),
        ("shift_jis", "日本語の文章です"),
        ("gb18030", "中文的文章"),
        ("big5", "中文的文章"),
        ("euc-kr", "한국어 문장"),
    ],
)
def test_it_reads_the_encoding_that_is_declared(encoding: str, words: str) -> None:
    content = f'<?xml version="1.0" encoding="{encoding}"?><a>{words}</a>'
    assert text(content.encode(encoding)) == words


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_it_reads_wide_letters_without_a_mark(encoding: str) -> None:
    content = '<?xml version="1.0" encoding="utf-16"?><a>Grüße 日本語</a>'
    assert text(content.encode(encoding)) == "Grüße 日本語"


def test_the_sender_knows_the_encoding_better_than_the_file() -> None:
    content = '<?xml version="1.0" encoding="iso-8859-1"?><a>Привет, как дела</a>'
    assert read(content.encode("koi8-r"), charset="koi8-r")[0] == "Привет, как дела"


def test_it_sees_through_a_wrong_declaration() -> None:
    words, facts = read('<?xml version="1.0" encoding="utf-8"?><a>Grüße</a>'.encode("latin-1"))
    assert (words, facts["encoding_basis"]) == ("Grüße", "fallback")


# --- facts ---------------------------------------------------------------------------------

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>Reiher</title>
<updated>2024-01-02T03:04:05Z</updated>
<author><name>Ann  Lee</name><email>ann@example.com</email></author>
<entry><title>Not this</title><updated>2025-01-01T00:00:00Z</updated></entry></feed>"""
RSS = """<rss><channel><title>Herons</title><language>en-us</language>
<pubDate>Tue, 03 Sep 2024 10:15:00 +0200</pubDate><item><title>Not this</title></item>
</channel></rss>"""
DOCBOOK = """<book xml:lang="en"><info><title>The <emphasis>Heron</emphasis> Book</title>
<author><personname><firstname>Ann</firstname><surname>Lee</surname></personname>
<affiliation>Not this</affiliation></author></info><chapter><title>Nor this</title></chapter>
</book>"""


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            ATOM,
            {
                "title": "Reiher",
                "author": "Ann Lee",
                "language": "de",
                "modified": "2024-01-02T03:04:05+00:00",
            },
        ),
        (
            RSS,
            {"title": "Herons", "language": "en-us", "created": "2024-09-03T10:15:00+02:00"},
        ),
        (DOCBOOK, {"title": "The Heron Book", "author": "Ann Lee", "language": "en"}),
        ("<songs><song><title>One of many</title></song></songs>", {}),
        ("<a><title>" + "x" * 600 + "</title></a>", {"title": "x" * 500}),
        ("<a><date>tomorrow</date><title/></a>", {}),
    ],
)
def test_it_notes_what_a_document_says_of_itself(content: str, expected: dict[str, str]) -> None:
    facts = read(content)[1]
    assert {name: facts[name] for name in facts if not name.startswith("encoding")} == expected


# --- entities ------------------------------------------------------------------------------


def with_entities(declared: str, content: str) -> str:
    return f"<!DOCTYPE a [{declared}]><a>{content}</a>"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (with_entities('<!ENTITY co "ACME Ltd">', "At &co; today"), "At ACME Ltd today"),
        (with_entities('<!ENTITY co "ACME &#38;#38; Co">', "&co;"), "ACME & Co"),
        (with_entities('<!ENTITY co "<b>ACME</b> &lt;">', "At &co;"), "At ACME <"),
        ("<a>caf&eacute; &copy; &nbsp;x</a>", "café © x"),
    ],
)
def test_it_replaces_entities_of_plain_words(content: str, expected: str) -> None:
    assert text(content) == expected


@pytest.mark.parametrize(
    "declared",
    [
        '<!ENTITY x SYSTEM "file:///etc/passwd">',
        '<!ENTITY x PUBLIC "-//X" "http://127.0.0.1:9/x">',
        '<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;',
    ],
)
def test_it_fetches_nothing(declared: str) -> None:
    words, facts = read(with_entities(declared, "before &x; after"))
    assert (words, facts["entities_left_out"]) == ("before after", 1)


def test_a_type_that_lies_elsewhere_does_not_matter() -> None:
    assert text('<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a>x &y; z</a>') == "x z"


LAUGHS = "".join(
    f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' if level else '<!ENTITY l0 "lol">'
    for level in range(10)
)


@pytest.mark.parametrize(
    "content",
    [
        with_entities(LAUGHS, "&l9;"),
        f'<!DOCTYPE a [{LAUGHS}]><a b="&l9;"/>',
        with_entities(f'<!ENTITY x "{"x" * 1_000}">', "&x;" * 2_000),
        f'<!DOCTYPE a [<!ENTITY x "{"x" * 1_000}">]><a b="{"&x;" * 100_000}"/>',
        with_entities(f'<!ENTITY x "{"x" * 1_001}">', ""),
        with_entities("".join(f'<!ENTITY x{n} "x">' for n in range(1_001)), ""),
        with_entities('<!ENTITY x "&x;">', "&x;"),
    ],
)
def test_entities_that_are_a_bomb_are_refused(content: str) -> None:
    refused = refusal(content)
    assert (refused.code, refused.detail) == (
        "forbidden_xml",
        "This XML declares entities that contain each other, or too many or too long ones, as "
        "files do that are made to exhaust a reader. The original is kept; write the entities "
        "out (xmllint --noent does) and send that.",
    )


# --- what is no XML ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("<a><b>We met.</a>", "mismatched tag: line 1, column 15"),
        ("<a>We met.", "no element found: line 1, column 10"),
        ("We met.", "syntax error: line 1, column 0"),
        ("<a>We met.</a><b/>", "junk after document element: line 1, column 14"),
        ("<a>We \x01 met.</a>", "not well-formed (invalid token): line 1, column 6"),
        ("<a b='" + "x" * (MAX_TAG_BYTES + 1), "a tag does not end"),
    ],
)
def test_what_is_malformed_is_read_as_plain_text(content: str, fault: str) -> None:
    words, facts = read(content)
    assert words == content
    assert (facts["format"], facts["malformed"]) == ("plain", fault)


@given(st.text(alphabet="<>/&;!?[]- ab='\"\x00\n:é", max_size=60))
def test_no_characters_break_it(content: str) -> None:
    words, facts = read(f"<a>{content}</a>")
    assert "\x00" not in words + str(facts)

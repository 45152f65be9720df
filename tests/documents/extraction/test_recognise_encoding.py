"""Which encoding, why, and how sure."""
# ruff: noqa: RUF001 - the letters of other scripts are the subject

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents.extraction.encodings import Encoding, canonical_name, decode, recognise
from documents.extraction.original import Original

RUSSIAN = (
    "Документ хранится в исходном виде, а его текст разделяется на отрывки. Каждый отрывок можно"
    " найти по словам, которые в нём встречаются; длинные слова и редкие знаки поиску не мешают."
)
GREEK = (
    "Το έγγραφο φυλάσσεται όπως στάλθηκε, και το κείμενό του χωρίζεται σε αποσπάσματα. Κάθε"
    " απόσπασμα βρίσκεται με τις λέξεις που περιέχει, όσο μεγάλο κι αν είναι το σύνολο."
)
JAPANESE = (
    "文書は送られたままの形で保存され、本文は段落ごとに分けられます。どの部分も、その中にある"
    "言葉で検索することができます。長い文書でも、短い文書でも、結果は同じように表示されます。"
)
FRENCH = "Déjà vu : l'été dernier, à Nîmes, où l'œuvre a coûté très cher… « Ça alors ! » dit Noël."
GERMAN = "Über größere Äpfel ärgert sich Jörg in Köln; süße Öle fließen schön in Gefäße."
POLISH = "Zażółć gęślą jaźń. Święta były krótkie, a źrebię piło wodę z łąki."


def original(raw: bytes, *, charset: str = "") -> Original:
    return Original(source=BytesIO(raw), size=len(raw), declared_charset=charset)


def recognised(raw: bytes, *, charset: str = "") -> tuple[str, str]:
    found = recognise(original(raw, charset=charset))
    return found.name, found.basis


def decoded(raw: bytes, *, charset: str = "") -> str:
    return "".join(decode(original(raw, charset=charset), facts={}))


@pytest.mark.parametrize("name", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_it_believes_a_byte_order_mark_and_drops_it(name: str) -> None:
    raw = "\ufeffЁж 😀".encode(name)
    assert (recognised(raw), decoded(raw)) == ((name, "bom"), "Ёж 😀")


def test_it_finds_utf_8_without_being_told() -> None:
    assert recognised("Ёж 😀".encode(), charset="koi8-r") == ("utf-8", "utf-8")


def test_it_reads_the_whole_file_before_it_calls_it_utf_8() -> None:
    raw = b"plain " * 200_000 + "café".encode("cp1252")
    assert recognised(raw) == ("cp1252", "fallback")


def test_it_keeps_a_character_that_lies_across_two_blocks() -> None:
    text = "x" + "€" * 200_000
    assert decoded(text.encode()) == text


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("windows-1251", "cp1251"),
        ('"KOI8-R"', "koi8-r"),
        ("latin1", "cp1252"),
        ("x-unknown", None),
        ("zlib", None),
        ("utf-7", None),
        ("unicode_escape", None),
        ("a\x00b", None),
    ],
)
def test_it_knows_a_label_or_leaves_it(label: str, name: str | None) -> None:
    assert canonical_name(label) == name


def test_it_follows_a_declaration_that_the_bytes_obey() -> None:
    raw = "こんにちは".encode("shift_jis")
    assert recognised(raw, charset="Shift_JIS") == ("cp932", "declared")


def test_it_drops_a_declaration_that_the_bytes_disobey() -> None:
    assert recognised("naïve".encode("cp1252"), charset="euc-jp") == ("cp1252", "fallback")


@pytest.mark.parametrize("charset", ["utf-16le", "utf-16be", "iso-2022-jp"])
def test_it_follows_a_declaration_of_what_could_pass_for_utf_8(charset: str) -> None:
    raw = "Hello, 日本".encode(charset)
    assert decoded(raw, charset=charset) == "Hello, 日本"


def test_it_takes_no_ascii_for_utf_16_whatever_was_declared() -> None:
    assert recognised(b"Hello!", charset="utf-16") == ("utf-8", "utf-8")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (GREEK, "cp1253"),
        (JAPANESE, "cp932"),
        (JAPANESE, "euc_jp"),
    ],
)
def test_it_detects_prose_in_another_script(text: str, name: str) -> None:
    raw = text.encode(name)
    assert (recognised(raw), decoded(raw)) == ((name, "detected"), text)


def test_it_detects_what_stands_far_behind_plain_ascii() -> None:
    raw = b"A header in English.\n" * 50_000 + RUSSIAN.encode("cp1251")
    assert recognised(raw) == ("cp1251", "detected")


@pytest.mark.parametrize("repeated", [1, 40])
@pytest.mark.parametrize("text", [FRENCH, GERMAN])
def test_it_reads_western_european_text_as_windows_1252(text: str, repeated: int) -> None:
    raw = (text * repeated).encode("cp1252")
    assert (recognised(raw), decoded(raw)) == (("cp1252", "fallback"), text * repeated)


@pytest.mark.parametrize(
    "raw",
    [
        "naïve".encode("latin-1"),
        "漢字".encode("shift_jis"),
        (POLISH * 20).encode("cp1250"),
        ("Ö" * 300).encode("latin-1"),
        bytes(range(0xA0, 0x100)) * 3,
    ],
    ids=["one word", "short Shift-JIS", "Polish", "one letter", "table of characters"],
)
def test_it_detects_nothing_where_it_cannot_be_sure(raw: bytes) -> None:
    assert recognised(raw) == ("cp1252", "fallback")


def test_it_forgives_utf_8_a_wrong_byte() -> None:
    raw = RUSSIAN.encode() + b"\xff" + RUSSIAN.encode()
    facts: dict[str, object] = {}
    assert "".join(decode(original(raw), facts=facts)) == f"{RUSSIAN}\ufffd{RUSSIAN}"
    assert (facts["encoding"], facts["encoding_basis"], facts["replaced"]) == (
        "utf-8",
        "detected",
        1,
    )


def test_it_reads_utf_16_that_breaks_off_in_a_character() -> None:
    assert decoded("\ufeffab".encode("utf-16-le") + b"\x00") == "ab\ufffd"


def test_it_reads_the_undefined_bytes_of_windows_1252_as_browsers_do() -> None:
    assert decoded(b"\x80\x81\x8d\x8f\x90\x9d\xff") == "€\x81\x8d\x8f\x90\x9dÿ"


def test_it_removes_nul_characters_and_counts_them() -> None:
    facts: dict[str, object] = {}
    assert "".join(decode(original(b"a\x00b\x00"), facts=facts)) == "ab"
    assert facts["nul_removed"] == 2


def test_it_records_its_verdict() -> None:
    facts: dict[str, object] = {}
    list(decode(original(b"hello"), facts=facts))
    assert facts == {"encoding": "utf-8", "encoding_basis": "utf-8", "encoding_confidence": 1.0}


def test_it_is_less_sure_of_a_marked_text_with_wrong_bytes() -> None:
    assert recognise(original(b"\xef\xbb\xbf\xff")) == Encoding(
        name="utf-8", basis="bom", confidence=0.5, starts_at=3, is_damaged=True
    )


CHARSETS = st.sampled_from(
    ["", "utf-16", "utf-32-be", "shift_jis", "gb18030", "big5", "iso-2022-jp", "hz", "cp1251"]
)
MARKS = st.sampled_from([b"", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xff\xfe\x00\x00"])


@settings(deadline=None, max_examples=200)
@given(mark=MARKS, raw=st.binary(max_size=300), charset=CHARSETS)
def test_it_makes_of_any_bytes_what_postgresql_can_store(
    mark: bytes, raw: bytes, charset: str
) -> None:
    text = decoded(mark + raw, charset=charset)
    text.encode()  # fails at a lone surrogate
    assert "\x00" not in text


@settings(deadline=None, max_examples=100)
@given(text=st.text(alphabet=st.characters(exclude_characters="\x00\ufeff", codec="utf-8")))
def test_it_gives_back_any_text_that_was_written_in_utf_8(text: str) -> None:
    assert decoded(text.encode()) == text

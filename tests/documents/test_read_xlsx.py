"""Excel workbooks: sheets by name, rows as lines, numbers and dates as a person types them."""

import tracemalloc
from datetime import date, datetime, time, timedelta
from typing import Any

import openpyxl
import pytest
from openpyxl import Workbook
from openpyxl.comments import Comment

from documents.extraction.number_formats import Meaning, meaning_of
from documents.extraction.xlsx import read_xlsx
from tests.documents.readers import parts_of, read, refusal, saved, with_part

SHEET = "xl/worksheets/sheet1.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"
STRINGS = "xl/sharedStrings.xml"


def workbook(*rows: list[Any], title: str = "Data") -> Workbook:
    made = Workbook()
    made.active.title = title
    for row in rows:
        made.active.append(row)
    return made


def text_of(made: Workbook) -> str:
    return read(read_xlsx, saved(made.save))[0]


def shown(value: Any, *, code: str = "") -> str:
    """How one value is read that is kept with this format."""
    made = workbook([value])
    if code:
        made.active["A1"].number_format = code
    return text_of(made).removeprefix("Data\n")


def with_rows(rows: str) -> bytes:
    """A workbook whose sheet was written by something else."""
    content = f"<worksheet><sheetData>{rows}</sheetData></worksheet>"
    return with_part(saved(workbook().save), name=SHEET, content=content)


def test_it_reads_every_sheet_under_its_name() -> None:
    made = workbook(["Vogel", "Größe"], ["鷺 😀", 98], title="Vögel")
    made.create_sheet("empty")
    made.create_sheet("Nests").append(["in", "the reeds"])
    assert text_of(made) == "Vögel\nVogel\tGröße\n鷺 😀\t98\n\nNests\nin\tthe reeds"


def test_it_keeps_empty_cells_between_others_and_no_empty_rows() -> None:
    made = workbook(["a", None, None, "d", None], [None], [], ["", "b"])
    assert text_of(made) == "Data\na\t\t\td\n\tb"


def test_cells_far_apart_take_neither_memory_nor_tabs() -> None:
    made = workbook(["corner"])
    made.active["XFD1"] = made.active["XFD1048576"] = "opposite"
    raw = saved(made.save)
    tracemalloc.start()
    assert read(read_xlsx, raw)[0] == "Data\ncorner\topposite\nopposite"
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def with_strings(rows: str, *, strings: str) -> bytes:
    """The same with strings that the cells share, as Excel writes them."""
    raw = with_rows(rows)
    relation = f'<Relationship Id="s" Type="x/sharedStrings" Target="/{STRINGS}"/></Relationships>'
    relations = parts_of(raw)[RELATIONS].decode().replace("</Relationships>", relation)
    raw = with_part(raw, name=RELATIONS, content=relations)
    return with_part(raw, name=STRINGS, content=f"<sst>{strings}</sst>")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, "3"),
        (-2.5, "-2.5"),
        (0.1 + 0.2, "0.3"),
        (1e15, "1000000000000000"),
        (1.5e20, "150000000000000000000"),
        (0.000001, "0.000001"),
        (1e300, "1e+300"),
        (True, "TRUE"),
        (False, "FALSE"),
        ("007", "007"),
        ("#N/A", "#N/A"),
        ("two\nlines\tand more", "two lines and more"),
        (date(1999, 12, 31), "1999-12-31"),
        (datetime(2024, 2, 29, 13, 5), "2024-02-29 13:05:00"),
        (datetime(1900, 1, 1), "1900-01-01"),
        (time(8, 30), "08:30:00"),
        (timedelta(hours=30, minutes=1), "30:01:00"),
    ],
    ids=repr,
)
def test_it_writes_a_value_as_a_person_would(value: Any, expected: str) -> None:
    assert shown(value) == expected


def test_it_writes_percentages_and_formulas_by_what_they_show() -> None:
    assert shown(0.125, code="0.0%") == "12.5%"
    rows = '<row><c r="A1"><f>SUM(B1:B9)</f><v>42</v></c><c t="str"><f>X()</f><v>word</v></c></row>'
    assert read(read_xlsx, with_rows(rows))[0] == "Data\n42\tword"


def test_it_knows_the_dates_of_1904() -> None:
    made = workbook([date(2024, 2, 29)])
    made.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    assert text_of(made) == "Data\n2024-02-29"


@pytest.mark.parametrize(
    ("number", "code", "meaning"),
    [
        (14, "", Meaning.DATE),
        (46, "", Meaning.DURATION),
        (10, "", Meaning.PERCENTAGE),
        (0, "", Meaning.NUMBER),
        (170, "General", Meaning.NUMBER),
        (170, "dd.mm.yyyy", Meaning.DATE),
        (170, "[$-409]mmmm", Meaning.DATE),
        (170, "h:mm AM/PM", Meaning.TIME),
        (170, "[h]:mm", Meaning.DURATION),
        (170, '[Red]0.00" days"', Meaning.NUMBER),
        (170, r"0\d", Meaning.NUMBER),
        (170, '#,##0.00 "€";-#,##0.00 "€"', Meaning.NUMBER),
        (170, "0.00E+00", Meaning.NUMBER),
        (170, '0.0"', Meaning.NUMBER),
    ],
)
def test_it_knows_what_a_format_means(number: int, code: str, meaning: Meaning) -> None:
    assert meaning_of(number, code=code) is meaning


@pytest.mark.parametrize("number", ["-1", "2958466", "1e300", "nan", "1_0", "9" * 5_000, ""])
def test_a_date_that_is_none_is_shown_as_it_is(number: str) -> None:
    made = workbook([date(1999, 12, 31)])
    raw = saved(made.save)
    content = parts_of(raw)[SHEET].decode()
    changed = content.replace("<v>36525</v>", f"<v>{number}</v>")
    assert changed != content
    assert "-12-" not in read(read_xlsx, with_part(raw, name=SHEET, content=changed))[0]


def test_it_reads_rows_and_cells_without_places() -> None:
    rows = (
        "<row><c><v>1</v></c><c/><c t='inlineStr'><is><r><t>a</t></r><r><t>b</t></r></is></c></row>"
    )
    assert read(read_xlsx, with_rows(rows))[0] == "Data\n1\t\tab"


@pytest.mark.parametrize("position", ["-1", "99", "x", "9" * 5_000, "²"])
def test_a_string_that_is_not_there_is_empty(position: str) -> None:
    rows = f'<row><c t="s"><v>{position}</v></c><c s="{position}"><v>1</v></c></row>'
    assert read(read_xlsx, with_strings(rows, strings="<si/>"))[0] == "Data\n\t1"


def test_it_reads_shared_strings() -> None:
    rows = '<row><c t="s"><v>1</v></c><c t="s"><v>0</v></c><c t="s"><v>2</v></c></row>'
    strings = "<si><t>a_x000D_&#10;b_x0000_</t></si><si><r><t>東</t></r><r><t>京</t></r>"
    strings += "<rPh><t>トウキョウ</t></rPh></si><si><t>_xD800_x_x005F_</t></si>"
    assert read(read_xlsx, with_strings(rows, strings=strings))[0] == "Data\n東京\ta b\tx_"


def test_it_reads_comments_below_their_sheet() -> None:
    made = workbook(["a"])
    made.active["A1"].comment = Comment("Really?", "Ann")
    made.create_sheet("Next").append(["b"])
    assert text_of(made) == "Data\na\n\nReally?\n\nNext\nb"


def test_it_notes_the_sheets_and_what_the_file_says() -> None:
    made = workbook(["a"])
    made.properties.title, made.properties.creator = "Birds", "Ann"
    made.create_sheet("Ëxtra")
    facts = read(read_xlsx, saved(made.save))[1]
    assert (facts["sheets"], facts["title"], facts["author"]) == (["Data", "Ëxtra"], "Birds", "Ann")


def test_an_empty_workbook_has_no_text() -> None:
    assert text_of(workbook()) == ""


def test_it_stops_a_long_string_that_many_cells_share() -> None:
    rows = "<c t='s'><v>0</v></c>" * 100_000
    raw = with_strings(f"<row>{rows}</row>", strings=f"<si><t>{'word ' * 5_000}</t></si>")
    assert refusal(read_xlsx, raw)[0] == "bomb"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_file_that_breaks_off_is_corrupt(share: float) -> None:
    raw = saved(workbook(["a"]).save)
    assert refusal(read_xlsx, raw[: int(len(raw) * share)])[0] == "corrupt"


def test_a_sheet_that_breaks_off_is_corrupt() -> None:
    raw = saved(workbook(["a", "b"]).save)
    half = parts_of(raw)[SHEET][:-30]
    assert refusal(read_xlsx, with_part(raw, name=SHEET, content=half))[0] == "corrupt"

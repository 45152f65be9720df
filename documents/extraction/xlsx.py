"""Excel workbooks: each sheet under its name, a line per row, cells apart by tabs.

The sheets are read as a stream. Readers that build a table take memory for every place
between the first cell and the last, and two cells in opposite corners are 17 billion places.
"""

from collections.abc import Iterator
from typing import Any

from documents.extraction.cells import SharedStrings, Sheet, Surroundings
from documents.extraction.facts import readable
from documents.extraction.number_formats import Meaning, index, meaning_of
from documents.extraction.ooxml import Package, note_properties
from documents.extraction.ooxml_text import Flow, set_apart, text_of
from documents.extraction.original import Original
from documents.extraction.xml_events import Attributes, Handler, parse, relation_id

MAX_NAMES = 100
MAX_NAME = 100
_BESIDE_THE_ROWS = ("comments", "threadedComment", "drawing")


def read_xlsx(original: Original, *, facts: dict[str, Any]) -> Iterator[str]:
    package = Package(original)
    note_properties(package, facts=facts)
    book, workbook = package.main_part(), _Workbook()
    _read(package, part=book, handler=workbook)
    facts["sheets"] = [readable(name)[:MAX_NAME] for name, _ in workbook.sheets[:MAX_NAMES]]
    around = _surroundings(package, book=book, from_1904=workbook.from_1904)
    parts = {each.id: each.part for each in package.relations(book)}
    sheets = [(name, parts.get(id_, "")) for name, id_ in workbook.sheets]
    yield from set_apart(_texts(package, sheets=sheets, around=around))


def _read(package: Package, *, part: str, handler: Handler) -> None:
    for _ in parse(package.blocks(part), handler=handler):
        pass


def _surroundings(package: Package, *, book: str, from_1904: bool) -> Surroundings:
    styles, strings = _Styles(), SharedStrings()
    for part in package.related(book, "styles")[:1]:
        _read(package, part=part, handler=styles)
    for part in package.related(book, "sharedStrings")[:1]:
        _read(package, part=part, handler=strings)
    return Surroundings(
        strings=strings,
        meanings=styles.meanings,
        from_1904=from_1904,
        allowance=package.allowance,
    )


def _texts(
    package: Package, *, sheets: list[tuple[str, str]], around: Surroundings
) -> Iterator[Iterator[str]]:
    for name, part in sheets:
        if package.has(part):
            yield _rows(package, part=part, name=name, sheet=Sheet(around))
            for beside in package.related(part, *_BESIDE_THE_ROWS):
                yield text_of(package, part=beside, flow=Flow())


def _rows(package: Package, *, part: str, name: str, sheet: Sheet) -> Iterator[str]:
    """A sheet without a word is left out, name and all."""
    before = readable(name)
    for _ in parse(package.blocks(part), handler=sheet):
        if rows := sheet.take():
            yield "\n".join([before, *rows])
            before = ""


class _Workbook:
    def __init__(self) -> None:
        self.sheets: list[tuple[str, str]] = []
        """Names, and the ids of the relations that lead to them."""
        self.from_1904 = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "sheet":
            self.sheets.append((attributes.get("name", ""), relation_id(attributes)))
        elif name == "workbookPr":
            self.from_1904 = attributes.get("date1904", "") in {"1", "true"}

    def end(self, name: str) -> None: ...

    def text(self, text: str) -> None: ...


class _Styles:
    """What the numbers of each style mean."""

    def __init__(self) -> None:
        self.meanings: list[Meaning] = []
        self.codes: dict[str, str] = {}
        self.is_cells = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "numFmt":
            self.codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            self.is_cells = True
        elif name == "xf" and self.is_cells:
            number = attributes.get("numFmtId", "0")
            code = self.codes.get(number, "")
            self.meanings.append(meaning_of(index(number), code=code))

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self.is_cells = False

    def text(self, text: str) -> None: ...

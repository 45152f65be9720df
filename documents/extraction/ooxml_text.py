"""Paragraphs and tables as Word and PowerPoint write them, and the boxes and notes of Excel.

WordprocessingML and DrawingML call the same things by the same names: p, t, br, tbl, tr, tc.
"""

from collections.abc import Callable, Iterable, Iterator

from documents.extraction.facts import readable
from documents.extraction.layout import Layout
from documents.extraction.ooxml import Package
from documents.extraction.xml_events import Attributes, attribute, parse

# What was deleted or moved away, what stands there a second time for old programs, and what
# says how things look: "tabs" sets the stops, "tab" is the character.
_LEFT_OUT = frozenset(
    {
        *("del", "moveFrom", "delText", "instrText", "delInstrText", "fldData", "Fallback"),
        *("rPr", "tabs", "tabLst", "sectPr", "tblPr", "tblGrid", "trPr", "tcPr", "bodyPr"),
        *("pPrChange", "sectPrChange", "lstStyle", "rPh"),
    }
)
_TEXTS = frozenset({"t", "text"})
_LINES = frozenset({"p", "cm", "comment", "threadedComment"})
# Numbers of slides and dates, on every slide the same.
_REPEATED = frozenset({"sldNum", "dt", "hdr", "sldImg"})


class Flow:
    """Takes the elements of a part in order and tells the layout what to set."""

    def __init__(self, *, headings: frozenset[str] = frozenset()) -> None:
        self.layout = Layout()
        self.headings = headings
        """The styles of paragraphs that are headings."""
        self.title = ""
        """The first heading, or the title of a slide."""
        self.left_out = self.cells = 0
        self.is_text = self.is_muted = self.is_heading = False

    def start(self, name: str, attributes: Attributes) -> None:
        if self.left_out or name in _LEFT_OUT:
            self.left_out += 1
            return
        self.is_text = name in _TEXTS
        if act := _OPENING.get(name):
            act(self, attributes)

    def end(self, name: str) -> None:
        if self.left_out:
            self.left_out -= 1
            return
        self.is_text = False
        if act := _CLOSING.get(name):
            act(self)

    def text(self, text: str) -> None:
        if self.is_text and not self.left_out and not self.is_muted:
            self.layout.verbatim(text)
            if self.is_heading and len(self.title) < 1_000:
                self.title += text

    # A cell is a place in a line, whatever stands in it.

    def line(self, _: Attributes | None = None) -> None:
        if self.cells:
            self.layout.words(" ")
        else:
            self.layout.line(1)

    def newline(self, _: Attributes) -> None:
        if self.cells:
            self.layout.words(" ")
        else:
            self.layout.newline()

    def table(self, _: Attributes | None = None) -> None:
        if not self.cells:
            self.layout.row()
            self.layout.line(2)

    def row(self, _: Attributes | None = None) -> None:
        if not self.cells:
            self.layout.row()

    def cell(self, _: Attributes) -> None:
        if not self.cells:
            self.layout.cell()
        self.cells += 1

    def end_cell(self) -> None:
        self.cells -= 1
        self.line()

    def tab(self, _: Attributes) -> None:
        self.layout.verbatim(" " if self.cells else "\t")

    def hyphen(self, _: Attributes) -> None:
        self.layout.verbatim("-")

    def style(self, attributes: Attributes) -> None:
        if attribute(attributes, "val") in self.headings and not self.cells:
            self.layout.line(2)
            self.is_heading = not self.title

    def end_paragraph(self) -> None:
        self.line()
        self.is_heading = False

    def placeholder(self, attributes: Attributes) -> None:
        kind = attributes.get("type", "")
        self.is_muted = kind in _REPEATED
        self.is_heading = not self.title and kind in {"title", "ctrTitle"}

    def end_shape(self) -> None:
        self.is_muted = self.is_heading = False


_OPENING: dict[str, Callable[[Flow, Attributes], None]] = {
    **dict.fromkeys(_LINES, Flow.line),
    **dict.fromkeys(("br", "cr"), Flow.newline),
    **dict.fromkeys(("tab", "ptab"), Flow.tab),
    "noBreakHyphen": Flow.hyphen,
    "tbl": Flow.table,
    "tr": Flow.row,
    "tc": Flow.cell,
    "pStyle": Flow.style,
    "ph": Flow.placeholder,
}
_CLOSING: dict[str, Callable[[Flow], None]] = {
    **dict.fromkeys(_LINES, Flow.line),
    "p": Flow.end_paragraph,
    "tbl": Flow.table,
    "tr": Flow.row,
    "tc": Flow.end_cell,
    "sp": Flow.end_shape,
}


def text_of(package: Package, *, part: str, flow: Flow) -> Iterator[str]:
    """The text of a part in pieces, none of them empty."""
    for _ in parse(package.blocks(part), handler=flow):
        if text := readable(flow.layout.take()):
            yield text


def set_apart(texts: Iterable[Iterator[str]]) -> Iterator[str]:
    """One text after the other, an empty line between two."""
    is_first = True
    for pieces in texts:
        for position, piece in enumerate(pieces):
            yield piece if position or is_first else f"\n\n{piece}"
            is_first = False

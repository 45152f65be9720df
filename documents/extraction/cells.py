"""The cells of a worksheet, row by row, and the strings that the sheets of a workbook share."""

import re
from array import array
from dataclasses import dataclass

from documents.extraction.allowance import Allowance
from documents.extraction.facts import readable
from documents.extraction.number_formats import Meaning, index, written
from documents.extraction.original import Unreadable
from documents.extraction.xml_events import Attributes

# Excel's own limit is 32,767.
MAX_CELL = 100_000
MAX_STRINGS_BYTES = 256 * 1024 * 1024
# Beyond so many empty cells a row is no longer a table to look at.
MAX_GAP = 20

_VALUES = frozenset({"v", "t"})
_COLUMN = re.compile("[A-Z]{1,3}")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def in_one_line(text: str) -> str:
    """The text of a cell without escapes, and without what would end the cell or the row."""
    if "_x" in text:
        text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return readable(text[:MAX_CELL]).replace("\n", " ").replace("\t", " ").strip()


class SharedStrings:
    """Millions of strings in one piece of memory. A handler of their part."""

    def __init__(self) -> None:
        self.joined = bytearray()
        self.ends = array("Q", [0])
        self.parts: list[str] = []
        self.phonetic = 0
        self.is_text = False

    def __len__(self) -> int:
        return len(self.ends) - 1

    def __getitem__(self, position: int) -> str:
        start, end = self.ends[position : position + 2]
        return self.joined[start:end].decode()

    def start(self, name: str, attributes: Attributes) -> None:
        self.phonetic += name == "rPh"  # how to pronounce it
        self.is_text = name == "t" and not self.phonetic

    def end(self, name: str) -> None:
        self.is_text = False
        if name == "rPh":
            self.phonetic -= 1
        elif name == "si":
            self.joined += in_one_line("".join(self.parts)).encode()
            self.ends.append(len(self.joined))
            self.parts.clear()
            if len(self.joined) > MAX_STRINGS_BYTES:
                raise _too_large()

    def text(self, text: str) -> None:
        if self.is_text:
            self.parts.append(text)


def _too_large() -> Unreadable:
    return Unreadable(
        "too_large",
        f"The texts of this workbook take more than {MAX_STRINGS_BYTES:,} bytes. The original "
        "is kept; save its sheets as CSV and send those.",
    )


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the workbook knows and a sheet needs."""

    strings: SharedStrings
    meanings: list[Meaning]
    """Of numbers, by style."""
    from_1904: bool
    allowance: Allowance


class _Columns(dict[str, int]):
    """ "A" → 1, "XFD" → 16384; 0 for what is no column."""

    def __missing__(self, letters: str) -> int:
        if not _COLUMN.fullmatch(letters):
            return 0
        number = 0
        for letter in letters:
            number = 26 * number + ord(letter) - ord("A") + 1
        self[letters] = number
        return number


class Sheet:
    """Takes the elements of a worksheet; keeps the rows until they are taken."""

    def __init__(self, surroundings: Surroundings) -> None:
        self.around = surroundings
        self.rows: list[str] = []
        self.row: list[str] = []
        self.columns = _Columns()
        self.column = self.last = 0
        """Where the cell at hand stands, and the last one that is not empty."""
        self.value: list[str] = []
        self.kind = self.style = ""
        self.is_value = False

    def take(self) -> list[str]:
        rows, self.rows = self.rows, []
        return rows

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "c":
            place = attributes.get("r", "").rstrip("0123456789")
            self.column = self.columns[place] if place else self.column + 1
            self.kind, self.style = attributes.get("t", "n"), attributes.get("s", "0")
        self.is_value = name in _VALUES

    def end(self, name: str) -> None:
        self.is_value = False
        if name == "c" and self.value:
            self._place(self._shown("".join(self.value)))
            self.value.clear()
        elif name == "row":
            if self.row:
                self.rows.append("\t".join(self.row))
            self.row, self.column, self.last = [], 0, 0

    def text(self, text: str) -> None:
        if self.is_value:
            self.value.append(text)

    def _place(self, text: str) -> None:
        if text:
            missing = self.column - self.last - 1
            self.row += [""] * (missing if missing <= MAX_GAP else 0)
            self.row.append(text)
            self.last = self.column

    def _shown(self, value: str) -> str:
        match self.kind:
            case "s":
                return self._shared(value)
            case "b":
                return "TRUE" if value.strip() == "1" else "FALSE"
            case "n":
                if shown := self._number(value):
                    return shown
        return in_one_line(value)

    def _shared(self, value: str) -> str:
        position = index(value)
        if not 0 <= position < len(self.around.strings):
            return ""
        text = self.around.strings[position]
        self.around.allowance.spend(len(text))  # a thousand cells may share a long one
        return text

    def _number(self, value: str) -> str | None:
        return written(value, meaning=self._meaning(), from_1904=self.around.from_1904)

    def _meaning(self) -> Meaning:
        style, meanings = index(self.style), self.around.meanings
        return meanings[style] if 0 <= style < len(meanings) else Meaning.NUMBER

"""Text inside a drawing: how it is written in XML, and how wide it is, without the font. Pure."""

import math
import re
import unicodedata
from xml.sax.saxutils import escape

# The widest of those that machines have, in parts of the font's size; most are 0.60.
WIDTH = 0.62
FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML cannot say at all."""


def cells(text: str) -> int:
    """Places that it takes: none for what is put over a letter, two for the wide ones of Asia."""
    return sum(_cells(letter) for letter in text)


def _cells(letter: str) -> int:
    if unicodedata.category(letter) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in {"W", "F"} else 1


def width(text: str, *, size: int) -> int:
    """In pixels."""
    return math.ceil(cells(text) * size * WIDTH)


def written(text: str) -> str:
    return escape(FORBIDDEN.sub("\ufffd", text))

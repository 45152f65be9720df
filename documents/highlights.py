"""A few words around the hits, as safe HTML with <mark>.

PostgreSQL marks the hits, and reads a text from its start to do so. So it gets only a piece: the
one with most of the words. Where they stand is seen by their stems, with which words begin; where
none is seen, since a few stems are other than their words, it gets the whole text.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from accounts.prepared import Prepared
from documents.indexing import CONFIG, MARKUP
from documents.query import LEXEME, Terms
from documents.ranking import Match

FETCH = Prepared(
    "fetch_passages",
    (Path(__file__).parent / "fetch_passages.sql").read_text(),
    types=("tsquery", "uuid[]", "int[]"),
)
HIGHLIGHT = Prepared(
    "highlight",
    (Path(__file__).parent / "highlight.sql").read_text(),
    types=("text", "text", "text", "tsquery", "text", "text[]"),
)
# Marks around a hit while the text is not yet escaped, and what stands for MARKUP; all of
# them are taken out of the text before.
HIT, HIT_END = "\x02", "\x03"
STANDINS = "\x04\x05\x06"
MARKS = f"StartSel={HIT}, StopSel={HIT_END}"
ALL_OF_IT = f"{MARKS}, HighlightAll=true"
THE_BEST_OF_IT = f"{MARKS}, MinWords=15, MaxWords=35"
# Characters of a piece, and of them before its first hit.
PIECE, BEFORE = 250, 60
MOST_STEMS, MOST_HITS = 20, 100


class Shown(NamedTuple):
    """A passage as an answer shows it."""

    position: int
    page: int | None
    highlight: str


class _Passage(NamedTuple):
    document: str
    position: int
    page: int | None
    text: str
    has_hit: bool
    """Else the words are in the title."""


def highlights(matches: Sequence[Match], *, terms: Terms) -> dict[str, list[Shown]]:
    """The best passages of each of these, the best first, each with a highlight."""
    passages = _fetched(matches, terms)
    stems = _stems(terms.wanted)
    pieces = [_piece(passage, stems) for passage in passages]
    marked = _marked(pieces, terms, options=ALL_OF_IT)
    missed = [n for n, each in enumerate(passages) if each.has_hit and HIT not in marked[n]]
    texts = [passages[number].text for number in missed]
    whole = _marked(texts, terms, options=THE_BEST_OF_IT)
    for number, text in zip(missed, whole, strict=True):
        marked[number] = text
    return _by_document(passages, map(_safe, marked))


def _stems(tsquery: str) -> list[str]:
    """With what its words begin in a text."""
    lexemes = [each.replace("''", "'") for each in LEXEME.findall(tsquery)[:MOST_STEMS]]
    # The stem of city is citi.
    return [stem[:-1] if len(stem) > 2 and stem.endswith("i") else stem for stem in lexemes]


def _by_document(passages: Iterable[_Passage], marked: Iterable[str]) -> dict[str, list[Shown]]:
    shown: dict[str, list[Shown]] = {}
    for passage, highlight in zip(passages, marked, strict=True):
        row = Shown(passage.position, passage.page, highlight)
        shown.setdefault(passage.document, []).append(row)
    return shown


def _fetched(matches: Sequence[Match], terms: Terms) -> list[_Passage]:
    wanted = [(match.id, position) for match in matches for position in match.positions]
    in_text = LEXEME.sub(lambda match: f"{match[0]}:D", terms.wanted)
    ids = "{" + ",".join(pk for pk, _ in wanted) + "}"
    rows = FETCH.rows(in_text, ids, [position for _, position in wanted])
    return [_Passage(*row) for row in rows]


def _piece(passage: _Passage, stems: Sequence[str]) -> str:
    """The piece of the text with the most of the words, from space to space."""
    text = passage.text
    if len(text) <= PIECE:
        return text
    start = max(0, _best_place(text.lower(), stems) - BEFORE) if passage.has_hit else 0
    end = start + PIECE
    if start:
        start = text.find(" ", start, start + BEFORE) + 1 or start
    if end < len(text):
        end = text.rfind(" ", start + BEFORE, end) + 1 or end
    return text[start:end].strip()


def _best_place(text: str, stems: Sequence[str]) -> int:
    """Where the stretch begins that holds the most different words, and then the most hits."""
    hits = sorted((at, stem) for stem in stems for at in islice(_places(text, stem), MOST_HITS))
    starts = [at for at, _ in hits]

    def worth(first: int) -> tuple[int, int]:
        inside = hits[first : bisect_left(starts, starts[first] + PIECE - 2 * BEFORE)]
        return len({stem for _, stem in inside}), len(inside)

    return starts[max(range(len(hits)), key=worth)] if hits else 0


def _places(text: str, stem: str) -> Iterator[int]:
    at = text.find(stem)
    while at >= 0:
        if at == 0 or not (text[at - 1].isalnum() and stem[0].isalnum()):
            yield at
        at = text.find(stem, at + 1)


def _marked(pieces: Sequence[str], terms: Terms, *, options: str) -> list[str]:
    if not pieces:
        return []
    taken = MARKUP + HIT + HIT_END + STANDINS
    rows = HIGHLIGHT.rows(CONFIG, taken, STANDINS, terms.wanted, options, list(pieces))
    return [text for (text,) in rows]


def _safe(text: str) -> str:
    text = escape(text.translate(str.maketrans(STANDINS, MARKUP)))
    return text.replace(HIT, "<mark>").replace(HIT_END, "</mark>")

"""A graph drawn with the characters that `git log --graph` uses, newest first. Pure text."""

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise


def draw(
    nodes: Sequence[str], parents: Mapping[str, Sequence[str]], *, hollow: Collection[str] = ()
) -> list[tuple[str, str | None]]:
    """The lines from top to bottom, each with the node that stands on it, if one does.

    Each node comes before its parents. Those in `hollow` are drawn as `o`, the others as `*`.
    """
    columns: list[str] = []
    drawn: list[tuple[str, str | None]] = []
    for node in nodes:
        if node not in columns:
            columns.append(node)
        place, *others = [i for i, awaited in enumerate(columns) if awaited == node]
        for into, gone in reversed(list(pairwise([place, *others]))):
            drawn.append((_joined(len(columns), gone, into=into), None))
            del columns[gone]
        symbol = "o" if node in hollow else "*"
        drawn.append((" ".join(symbol if i == place else "|" for i in range(len(columns))), node))
        above = list(parents.get(node, ()))
        for _ in above[1:]:
            drawn.append((_split(len(columns), place), None))
            columns.insert(place + 1, "")
        columns[place : place + max(len(above), 1)] = above
        if not above and place < len(columns):
            drawn.append((_closed(len(columns) + 1, place), None))
    return drawn


def _joined(width: int, gone: int, *, into: int) -> str:
    """One column runs into another on its left, and those on its right close up."""
    line = [" "] * (2 * width)
    for column in range(width):
        if column < gone:
            line[2 * column] = "|"
        else:
            line[2 * column - 1] = "/"
    for column in range(into + 1, gone):
        line[2 * column - 1] = "_"
    return "".join(line).rstrip()


def _split(width: int, place: int) -> str:
    """One column becomes two, and those on its right make room."""
    line = [" "] * (2 * width)
    for column in range(width):
        if column <= place:
            line[2 * column] = "|"
        if column >= place:
            line[2 * column + 1] = "\\"
    return "".join(line).rstrip()


def _closed(width: int, gone: int) -> str:
    """One column has ended, and those on its right close up."""
    line = [" "] * (2 * width)
    for column in range(width):
        if column < gone:
            line[2 * column] = "|"
        elif column > gone:
            line[2 * column - 1] = "/"
    return "".join(line).rstrip()

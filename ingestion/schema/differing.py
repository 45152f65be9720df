"""Where two catalogues differ, in few enough words for a sentence."""

import re
from collections.abc import Sequence

from ingestion.schema.adopt import owner_of
from ingestion.schema.catalog import table_of
from ingestion.schema.drift.differences import Difference

COMMENT = " -- "
_UNPROVEN = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*"
      | (?P<word>[ ](?:NOT[ ]VALID|INVALID|NOT[ ]READY|WITH[ ]NO[ ]DATA)\b)""",
    re.VERBOSE,
)
"""What a definition ends with as long as the rows are not known to fit it, or are not in it."""
LONGEST = 160
"""Characters of a definition."""


def told(found: Sequence[Difference]) -> list[Difference]:
    """Without what comes and goes with its table, or is numbered for it."""
    whole = {
        each.thing.removeprefix("table ")
        for each in found
        if each.thing.startswith("table ") and (each.expected is None or each.found is None)
    }
    return [
        each
        for each in found
        if each.thing.startswith("table ") or not whole & {table_of(each.thing), _owner(each)}
    ]


def is_validated(each: Difference) -> bool:
    """The only difference is that its rows are known to satisfy it, which nobody need undo.

    A constraint is valid now that was not, or an index; a materialized view is filled.
    """
    if each.expected is None or each.found is None:
        return False
    (was, before), (now, after) = map(_proven, (each.expected, each.found))
    return was == now and after < before


def _proven(definition: str) -> tuple[str, int]:
    """Without the words that say that it is not, and how many of those there were."""
    found = _UNPROVEN.sub(lambda match: "" if match["word"] else match[0], definition)
    words = sum(1 for match in _UNPROVEN.finditer(definition) if match["word"])
    return found, words


def _owner(each: Difference) -> str | None:
    return owner_of(each.expected or each.found or "")


def short(definition: str) -> str:
    line = " ".join(definition.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def apart(expected: str, found: str) -> tuple[str, str]:
    """The two without the comment, where it is the same."""
    start = expected.find(COMMENT)
    while start >= 0:
        comment = expected[start:]
        if found.endswith(comment):
            return short(expected[:start]), short(found.removesuffix(comment))
        start = expected.find(COMMENT, start + 1)
    return short(expected), short(found)

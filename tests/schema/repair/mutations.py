"""The kinds of hand-made drift in `mutations.sql`, and the schema that they change."""

import re
from dataclasses import dataclass
from pathlib import Path

RICH = Path(__file__).with_name("rich.sql").read_text(encoding="utf-8")
_TYPED = Path(__file__).with_name("mutations.sql").read_text(encoding="utf-8")
_HEAD = re.compile(
    r"^-- (?P<id>[^|\n]+) \| (?P<thing>[^|\n]+)(?: \| (?P<flags>.+))?$", re.MULTILINE
)


@dataclass(frozen=True)
class Mutation:
    id: str
    thing: str
    """One of the things of which the difference is reported."""
    flags: frozenset[str]
    sql: str

    @property
    def from_version(self) -> int:
        return 180000 if "from 18" in self.flags else 0

    @property
    def leads_back(self) -> bool:
        """Statements can make it of what should be."""
        return "one way" not in self.flags

    @property
    def goes_with_others(self) -> bool:
        return "alone" not in self.flags


def _read(text: str) -> list[Mutation]:
    heads = list(_HEAD.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return [
        Mutation(
            head["id"],
            head["thing"],
            frozenset((head["flags"] or "").split(", ")),
            text[head.end() : end],
        )
        for head, end in zip(heads, ends, strict=True)
    ]


MUTATIONS = _read(_TYPED)

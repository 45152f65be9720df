"""Three ways to rank the matches in a stretch of documents, newest first.

By the words: quick where they are rare, for it touches each passage that has them, and no others.
By an owner's passages, one after the other: quick where every tenth or so has the words. By the
documents: the same, slower, and for filters that few documents pass, or for several owners.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import connection

from accounts.prepared import Prepared
from documents.models import DocumentQuerySet
from documents.query import Terms

SHOWN_PASSAGES = 3
# The planner takes a look at a vector for cheap, though most lie in a place of their own: each
# way has one plan, and it is not his choice.
SETTINGS = """
SET LOCAL jit = off;
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL plan_cache_mode = force_generic_plan;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_indexscan = {walk};
SET LOCAL enable_bitmapscan = {words};
"""
BY_WORDS = SETTINGS.format(walk="off", words="on")
ONE_BY_ONE = SETTINGS.format(walk="on", words="off")


def _statement(name: str) -> str:
    return (Path(__file__).parent / f"{name}.sql").read_text()


RANK_ALL = _statement("rank_all")
WALK_EDGE = ONE_BY_ONE + _statement("walk_edge")
WALK_PASSAGES = ONE_BY_ONE + _statement("walk_passages")
WALK_DOCUMENTS = ONE_BY_ONE + _statement("walk_documents")
MEETS = "search @@ %(wanted)s::tsquery"
# As one value each: the planner must neither turn them into joins nor ask them first.
DOCUMENT_PASSES = """(
    SELECT count(*)
      FROM documents
     WHERE documents.id = passages.document_id AND documents.indexed AND {wanted_documents}) > 0"""
NOT_EXCLUDED = """NOT (
    SELECT coalesce(bool_or(other.search @@ %(excluded)s::tsquery), false)
      FROM passages AS other
     WHERE other.document_id = {document})"""
PLACEHOLDER = re.compile("%%|%s")
NAME = re.compile(r"%\((\w+)\)s")
# The search that is asked most, among all documents of one owner or of everybody.
PLAIN = RANK_ALL.format(meets="true", checked="true")
PLAIN_NAMES = NAME.findall(PLAIN)
TYPES = {
    "together": "tsquery",
    "wanted": "tsquery",
    "owner_id": "bigint",
    "after_at": "timestamptz",
    "after_id": "uuid",
    "until_at": "timestamptz",
    "until_id": "uuid",
    "most": "int",
    "all": "int",
    "window": "int",
    "shown": "int",
}
RANK_ALL_PLAIN = Prepared(
    "rank_all",
    NAME.sub("%s", PLAIN),
    types=tuple(TYPES[name] for name in PLAIN_NAMES),
    settings=BY_WORDS,
)


class Key(NamedTuple):
    """A place in the list of documents, as texts."""

    at: str
    id: str


NEWEST = Key("infinity", "ffffffff-ffff-ffff-ffff-ffffffffffff")
FIRST_ID = "00000000-0000-0000-0000-000000000000"
OLDEST = Key("-infinity", FIRST_ID)


class Stretch(NamedTuple):
    """Documents that are older than `after`, down to `until` and with it."""

    after: Key = NEWEST
    until: Key = OLDEST

    @property
    def cuts_a_moment(self) -> bool:
        """Whether only some of the documents of one moment are in it."""
        return not {self.after.id, self.until.id} <= {NEWEST.id, FIRST_ID}


class Match(NamedTuple):
    rank: int
    """In whole millionths: a float4 does not equal its own printed value, a cursor must."""
    id: str
    positions: list[int]
    """Of its best passages, the best first."""


class Condition(NamedTuple):
    sql: str
    values: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Whose documents are searched, and which of them."""

    owner_id: int | None
    """None for several owners."""
    visible: Condition
    """What an index of documents keeps in order."""
    wanted: Condition
    """All conditions."""

    @classmethod
    def of(
        cls, wanted: DocumentQuerySet, *, visible: DocumentQuerySet, owner_id: int | None
    ) -> "Scope":
        asked = _condition(wanted, prefix="wanted")
        seen = asked if visible is wanted else _condition(visible, prefix="visible")
        return cls(owner_id=owner_id, visible=seen, wanted=asked)

    @property
    def is_all_of_an_owner(self) -> bool:
        return self.owner_id is not None and [*self.wanted.values.values()] == [self.owner_id]

    @property
    def is_everything(self) -> bool:
        return self.owner_id is None and self.wanted == Condition("true", {})

    def values(self, terms: Terms, stretch: Stretch) -> dict[str, Any]:
        return {
            **self.visible.values,
            **self.wanted.values,
            **_places(stretch),
            "wanted": terms.wanted,
            "together": terms.together,
            "excluded": terms.excluded,
            "owner_id": self.owner_id,
            "shown": SHOWN_PASSAGES,
        }


def _condition(documents: DocumentQuerySet, *, prefix: str) -> Condition:
    """The WHERE of a queryset, its values by name."""
    compiler = documents.query.get_compiler(connection=connection)
    try:
        sql, found = compiler.compile(documents.query.where)
    except EmptyResultSet:
        return Condition("false", {})
    except FullResultSet:
        return Condition("true", {})
    values = {f"{prefix}_{number}": value for number, value in enumerate(found)}
    names = iter(values)
    return Condition(
        PLACEHOLDER.sub(lambda m: m[0] if m[0] == "%%" else f"%({next(names)})s", sql), values
    )


def _places(stretch: Stretch) -> dict[str, str]:
    (after_at, after_id), (until_at, until_id) = stretch
    return {
        "after_at": after_at,
        "after_id": after_id,
        "until_at": until_at,
        "until_id": until_id,
    }


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """The matches in a stretch, in no order, and where it ended."""

    matches: list[Match]
    until: Key
    looked_at: int
    """Documents or passages."""
    passed: int
    """So many of them passed the filters."""


def by_words(
    terms: Terms, scope: Scope, stretch: Stretch, *, most: int, all_of: int, window: int
) -> Ranked | None:
    """Up to `all_of` passages are ranked, of more the newest `window`; None beyond `most`."""
    values = scope.values(terms, stretch) | {"most": most, "all": all_of, "window": window}
    rows = _by_words(terms, scope, values)
    touched, found, chosen, at, pk = rows[0][:5]
    if touched > most:
        return None
    is_cut = found > all_of and chosen >= window
    return Ranked(
        matches=_matches(row[5:] for row in rows),
        until=Key(at, pk) if is_cut else stretch.until,
        looked_at=found,
        passed=chosen,
    )


def _by_words(terms: Terms, scope: Scope, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    if terms.is_ordered or _checks(terms, scope):
        return _rows(BY_WORDS + _filled(RANK_ALL, terms, scope), values)
    return RANK_ALL_PLAIN.rows(*(values[name] for name in PLAIN_NAMES))


def by_passages(terms: Terms, scope: Scope, stretch: Stretch, *, looked_at: int) -> Ranked:
    """Each passage of one owner in the stretch is looked at: see `edge`."""
    rows = _rows(_filled(WALK_PASSAGES, terms, scope), scope.values(terms, stretch))
    return Ranked(
        matches=_matches(rows), until=stretch.until, looked_at=looked_at, passed=looked_at
    )


def edge(owner_id: int, after: Key, *, most: int, too_many: int) -> tuple[Key, int] | None:
    """Where a walk over about `most` passages of an owner ends, and how many they are.

    It ends where a moment ends, for passages of one moment are in no order. None if so many
    came at one moment that it would be a walk over `too_many`. Up to the oldest nobody counts.
    """
    values = {
        **_places(Stretch(after=after)),
        "owner_id": owner_id,
        "first_id": FIRST_ID,
        "most": most,
        "too_many": too_many,
    }
    rows = _rows(WALK_EDGE, values)
    if not rows:
        return OLDEST, 0
    at, count, goes_on = rows[0]
    if count >= too_many:
        return None
    return Key(at, FIRST_ID) if goes_on else OLDEST, count


def by_documents(terms: Terms, scope: Scope, stretch: Stretch, *, most: int | None) -> Ranked:
    """Each of up to `most` documents in the stretch is looked at, and then its passages."""
    values = scope.values(terms, stretch) | {"most": most}
    *rows, last = _rows(_filled(WALK_DOCUMENTS, terms, scope), values)
    pk, _, _, at, looked_at, passed = last
    return Ranked(
        matches=_matches(rows),
        until=Key(at, pk) if looked_at == most else stretch.until,
        looked_at=looked_at,
        passed=passed,
    )


def _checks(terms: Terms, scope: Scope) -> list[str]:
    """What is asked about each match: only what can fail."""
    checks = []
    if terms.is_reindexing or not (scope.is_all_of_an_owner or scope.is_everything):
        checks.append(DOCUMENT_PASSES)
    if terms.excluded:
        checks.append(NOT_EXCLUDED.replace("{document}", "passages.document_id"))
    return checks


def _filled(statement: str, terms: Terms, scope: Scope) -> str:
    parts = {
        "{meets}": MEETS if terms.is_ordered else "true",
        "{checked}": " AND ".join(_checks(terms, scope)) or "true",
        "{not_excluded}": NOT_EXCLUDED if terms.excluded else "true",
        "{document}": "stretch.id",
        "{wanted_documents}": scope.wanted.sql,
        "{visible_documents}": scope.visible.sql,
    }
    for place, sql in parts.items():
        statement = statement.replace(place, sql)
    return statement


def _rows(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _matches(rows: Iterable[tuple[Any, ...]]) -> list[Match]:
    return [Match(rank, pk, positions) for pk, rank, positions, *_ in rows if pk is not None]

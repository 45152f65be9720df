"""Find documents by their words, the best first, as many as can be ranked in time.

Words must meet in one passage, a negated word excludes the whole document, and a document ranks
as its best passage. Where too many match to rank them all, the newest are: a window of the list,
from the newest document down to some other. The next window goes on there.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db import connection
from django.db.models import F, FloatField, IntegerField, Max, QuerySet, Value
from django.db.models.functions import Cast, Round

from documents import ranking
from documents.indexing import CONFIG
from documents.models import DocumentQuerySet, Passage
from documents.query import Query, Terms, without_markup
from documents.ranking import NEWEST, OLDEST, Key, Match, Ranked, Scope, Stretch

RANK_UNIT = 1_000_000
ROWS = """
    SELECT id::text, {columns}
      FROM documents
     WHERE id = ANY(%(ids)s::uuid[]) AND indexed AND {wanted}
"""

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Where ranking ends."""

    rare_share: float = 0.02
    """Words that no larger part of all passages has are looked up in their index."""
    most: int = 20_000
    """So many passages with the words may be touched."""
    most_ordered: int = 4_000
    """Of a phrase, whose words may stand apart there: each is read."""
    all_of: int = 3_000
    """Up to here each of them is ranked."""
    window: int = 1_000
    """Of more, about so many."""
    first_step: int = 2_500
    """A walk begins with so many documents."""
    longest_step: int = 50_000
    longest_moment: int = 5_000
    """Of an owner's passages that came at one moment, so many more may be in a step."""
    seconds: float = 0.05
    """Then a walk stops, if a page is full."""
    patience: float = 0.1
    """Then it stops."""


LIMITS = Limits()


@dataclass(frozen=True, kw_only=True)
class Window:
    """Matches that were ranked together, the best first."""

    matches: list[Match]
    stretch: Stretch
    walked: bool
    """How they were found: a second time it is done the same way."""

    @property
    def is_everything(self) -> bool:
        return self.stretch == (NEWEST, OLDEST)

    @property
    def is_last(self) -> bool:
        return self.stretch.until == OLDEST


def newest(
    terms: Terms, scope: Scope, *, after: Key = NEWEST, enough: int = 1, limits: Limits = LIMITS
) -> Window:
    """The next window after this place; with `enough` matches if they can be found in time."""
    started, stretch = time.monotonic(), Stretch(after=after)
    if not terms.wanted:
        return _window([], stretch)
    share = terms.estimated_share()
    if share <= limits.rare_share:
        ranked = _by_words(terms, scope, stretch, limits)
        if ranked is not None:
            return _window(ranked.matches, Stretch(after, ranked.until))
    return _Walk(terms, scope, limits, started).window(after, enough=enough, share=share)


def again(
    terms: Terms, scope: Scope, stretch: Stretch, *, walked: bool, limits: Limits = LIMITS
) -> Window:
    """A window that was found before: what is in the same stretch now."""
    if not walked:
        whole = replace(limits, all_of=limits.most)
        ranked = _by_words(terms, scope, stretch, whole)
        if ranked is not None:
            return _window(ranked.matches, stretch)
    matches = _all_in(terms, scope, stretch)
    return _window(matches, stretch, walked=True)


def _by_words(terms: Terms, scope: Scope, stretch: Stretch, limits: Limits) -> Ranked | None:
    return ranking.by_words(
        terms,
        scope,
        stretch,
        most=limits.most_ordered if terms.is_ordered else limits.most,
        all_of=limits.all_of,
        window=limits.window,
    )


def _window(matches: list[Match], stretch: Stretch, *, walked: bool = False) -> Window:
    return Window(matches=sorted(matches, reverse=True), stretch=stretch, walked=walked)


@dataclass
class _Walk:
    """From document to document, newest first, in steps, until there are enough matches."""

    terms: Terms
    scope: Scope
    limits: Limits
    started: float
    matches: list[Match] = field(default_factory=list)
    looked_at: int = 0
    passed: int = 0

    def window(self, after: Key, *, enough: int, share: float) -> Window:
        until, size = after, self.limits.first_step
        while size > 0 and until != OLDEST:
            until = self._step(until, size=size)
            if until != OLDEST and self._is_misled(share):
                ranked = _by_words(self.terms, self.scope, Stretch(after=after), self.limits)
                if ranked is not None:
                    return _window(ranked.matches, Stretch(after, ranked.until))
                share = 0.0
            size = self._next_size(enough=enough)
        return _window(self.matches, Stretch(after, until), walked=True)

    def _step(self, after: Key, *, size: int) -> Key:
        ranked = self._ranked(after, size=size)
        self.matches += ranked.matches
        self.looked_at += ranked.looked_at
        self.passed += ranked.passed
        return ranked.until

    def _ranked(self, after: Key, *, size: int) -> Ranked:
        terms, scope = self.terms, self.scope
        if scope.is_all_of_an_owner and scope.owner_id is not None:
            too_many = 2 * size + self.limits.longest_moment
            found = ranking.edge(scope.owner_id, after, most=size, too_many=too_many)
            if found is not None:
                until, looked_at = found
                stretch = Stretch(after, until)
                return ranking.by_passages(terms, scope, stretch, looked_at=looked_at)
        return ranking.by_documents(terms, scope, Stretch(after=after), most=size)

    def _is_misled(self, share: float) -> bool:
        """Far fewer have the words than was believed: then the index of words is quicker.

        Not for words in a row, which it cannot tell from words apart.
        """
        expected = share * self.passed
        is_exact = not (self.terms.is_ordered or self.terms.excluded)
        return is_exact and expected > 100 and len(self.matches) < expected / 4

    def _next_size(self, *, enough: int) -> int:
        """How many documents to look at next; 0 to stop."""
        limits, found = self.limits, len(self.matches)
        spent = time.monotonic() - self.started
        left = (limits.seconds if found >= enough else limits.patience) - spent
        if found >= limits.window or left <= 0:
            return 0
        affordable = int(left * self.looked_at / spent)
        needed = int((limits.window - found) * self.looked_at / max(found, 1)) + 1
        size = min(affordable, needed, limits.longest_step)
        return size if size > limits.first_step // 20 else 0


def _all_in(terms: Terms, scope: Scope, stretch: Stretch) -> list[Match]:
    if scope.is_all_of_an_owner and not stretch.cuts_a_moment:
        return ranking.by_passages(terms, scope, stretch, looked_at=0).matches
    return ranking.by_documents(terms, scope, stretch, most=None).matches


def rows(matches: Sequence[Match], *, scope: Scope, columns: Sequence[str]) -> dict[str, Row]:
    """The documents of these matches by their ids, but those that are gone since."""
    statement = ROWS.format(columns=", ".join(columns), wanted=scope.wanted.sql)
    with connection.cursor() as cursor:
        cursor.execute(statement, {**scope.wanted.values, "ids": [match.id for match in matches]})
        return {pk: dict(zip(columns, row, strict=True)) for pk, *row in cursor.fetchall()}


def matches(documents: DocumentQuerySet, *, query: Query) -> QuerySet[Passage, Any]:
    """{document_id, rank} of all documents that match, as a queryset to go on with."""
    wanted = _tsquery(query.wanted)
    found = Passage.objects.filter(search=wanted, document__in=documents.filter(indexed=True))
    if query.excluded:
        without = Passage.objects.filter(search=_tsquery(query.excluded)).values("document_id")
        found = found.exclude(document_id__in=without)
    rank = Round(Cast(SearchRank(F("search"), wanted), FloatField()) * Value(RANK_UNIT))
    return found.values("document_id").annotate(rank=Max(Cast(rank, IntegerField())))


def _tsquery(text: str) -> SearchQuery:
    return SearchQuery(without_markup(text), search_type="websearch", config=CONFIG)

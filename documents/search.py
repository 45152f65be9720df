"""Index passages; find documents.

Words must meet in one passage, a negated word excludes the whole document, and a document
ranks as its best passage.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from uuid import UUID

from django.contrib.postgres.search import SearchHeadline, SearchQuery, SearchRank
from django.db import connection
from django.db.models import F, FloatField, IntegerField, Max, Min, Q, QuerySet, Value
from django.db.models.functions import Cast, Round

from documents.errors import Invalid
from documents.models import DocumentQuerySet, Job, Kind, Passage

CONFIG = "english"

# The documents' rows are locked first: a new title that arrives meanwhile waits, and then
# queues another job.
INDEX = """
    WITH marked AS (
        UPDATE documents
           SET indexed = true, updated_at = statement_timestamp()
         WHERE id = ANY(%(ids)s) AND state = 'ready'
     RETURNING id, title)
    UPDATE passages
       SET search = setweight(to_tsvector(%(config)s, marked.title), 'A')
                 || setweight(to_tsvector(%(config)s, passages.text), 'D')
      FROM marked
     WHERE passages.document_id = marked.id
"""

# Marks around a hit while the text is not yet escaped; taken out of the text before.
HIT, HIT_END = "\x02", "\x03"
RANK_UNIT = 1_000_000
EXCLUDED = re.compile(r'(?:^|(?<=\s))-("[^"]*"?|\S+)')


def index(ids: Sequence[UUID]) -> None:
    """Make the ready documents of these ids searchable."""
    with connection.cursor() as cursor:
        cursor.execute(INDEX, {"ids": list(ids), "config": CONFIG})


@dataclass(frozen=True)
class Query:
    """A search in two parts: what a passage must have, what a document must not."""

    wanted: str
    excluded: tuple[str, ...]

    @classmethod
    def read(cls, text: str) -> "Query":
        """Websearch syntax: words, "a phrase", or, -without. Raises Invalid."""
        excluded = tuple(match[1] for match in EXCLUDED.finditer(text))
        wanted = EXCLUDED.sub(" ", text).strip()
        if not wanted:
            raise Invalid(
                "The search names no word to look for. Write at least one word without a minus.",
                pointer="/q",
                code="empty_query",
            )
        return cls(wanted, excluded)


def _tsquery(text: str) -> SearchQuery:
    return SearchQuery(text, search_type="websearch", config=CONFIG)


def matches(documents: DocumentQuerySet, *, query: Query) -> QuerySet[Passage, Any]:
    """{document_id, rank} of the documents that match; rank in whole millionths.

    Whole, because a float4 does not equal its own printed value, and a cursor must.
    """
    found = Passage.objects.filter(
        search=_tsquery(query.wanted), document__in=documents.filter(indexed=True)
    )
    for text in query.excluded:
        without = Passage.objects.filter(search=_tsquery(text)).values("document_id")
        found = found.exclude(document_id__in=without)
    return found.values("document_id").annotate(rank=Max(_rank(query)))


def _rank(query: Query) -> Cast:
    rank = Cast(SearchRank(F("search"), _tsquery(query.wanted)), FloatField())
    return Cast(Round(rank * Value(RANK_UNIT)), IntegerField())


def highlights(ids: Sequence[UUID], *, query: Query) -> dict[UUID, str]:
    """A few words around the hits of each document's best passage, as safe HTML with <mark>."""
    best = (
        Passage.objects.filter(document_id__in=ids, search=_tsquery(query.wanted))
        .annotate(rank=_rank(query))
        .order_by("document_id", "-rank", "position")
        .distinct("document_id")
        .annotate(
            headline=SearchHeadline(
                "text",
                _tsquery(query.wanted),
                config=CONFIG,
                start_sel=HIT,
                stop_sel=HIT_END,
                max_words=35,
                min_words=15,
            )
        )
        .values_list("document_id", "headline")
    )
    return {document: _marked(text) for document, text in best}


def _marked(text: str) -> str:
    return escape(text).replace(HIT, "<mark>").replace(HIT_END, "</mark>")


def lag_seconds() -> float:
    """Age of the oldest document that waits to be indexed; 0 when search is up to date."""
    waiting = Job.objects.filter(Q(kind=Kind.INDEX) | Q(kind=Kind.EXTRACT))
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now = cursor.fetchone()[0]
    oldest = waiting.aggregate(oldest=Min("created_at"))["oldest"]
    return round(max(0.0, (now - oldest).total_seconds()), 3) if oldest else 0.0

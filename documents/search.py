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
from django.db.models import (
    F,
    FloatField,
    Func,
    IntegerField,
    Max,
    Min,
    Q,
    QuerySet,
    TextField,
    Value,
)
from django.db.models.functions import Cast, Round

from documents.errors import Invalid
from documents.models import DocumentQuerySet, Job, Kind, Passage

CONFIG = "english"
MAX_CHARACTERS = 2000

# PostgreSQL's parser takes text for HTML: it skips what stands between < and >, all that
# follows <script>, and &words;. Ours is plain text, so the parser never sees these three.
MARKUP = "<>&"

# The documents' rows are locked first: a new title that arrives meanwhile waits, and then
# queues another job.
INDEX = """
    WITH marked AS (
        UPDATE documents
           SET indexed = true, updated_at = statement_timestamp()
         WHERE id = ANY(%(ids)s) AND state = 'ready'
     RETURNING id, title, owner_id, created_at)
    UPDATE passages
       SET search = setweight(to_tsvector(%(config)s, translate(marked.title, '<>&', '   ')), 'A')
                 || setweight(to_tsvector(%(config)s, translate(passages.text, '<>&', '   ')), 'D'),
           owner_id = marked.owner_id,
           created_at = marked.created_at
      FROM marked
     WHERE passages.document_id = marked.id
"""

# Marks around a hit while the text is not yet escaped, and what stands for MARKUP; all of
# them are taken out of the text before.
HIT, HIT_END = "\x02", "\x03"
STANDINS = "\x04\x05\x06"
RANK_UNIT = 1_000_000
# A word or a "phrase", after whatever else stands there: a minus there excludes it.
TERM = re.compile(r'(?P<before>[^\w"]*)(?P<term>"[^"]*"?|\w[^\s"]*)')


def index(ids: Sequence[UUID]) -> None:
    """Make the ready documents of these ids searchable."""
    with connection.cursor() as cursor:
        cursor.execute(INDEX, {"ids": list(ids), "config": CONFIG})


@dataclass(frozen=True)
class Query:
    """A search in two parts: what a passage must have, what a document must not."""

    wanted: str
    excluded: str

    @classmethod
    def read(cls, text: str) -> "Query":
        """Websearch syntax: words, "a phrase", or, -without. Raises Invalid."""
        if len(text) > MAX_CHARACTERS:
            raise Invalid(
                f"The search is longer than {MAX_CHARACTERS:,} characters. Name fewer words.",
                pointer="/q",
                code="query_too_long",
            )
        terms = [match for match in TERM.finditer(text) if "-" in match["before"]]
        excluded = " or ".join('"' + match["term"].strip('"') + '"' for match in terms)
        wanted = TERM.sub(lambda match: " " if "-" in match["before"] else match[0], text)
        if not wanted.strip("- "):
            raise Invalid(
                "The search names no word to look for. Write at least one word without a minus.",
                pointer="/q",
                code="empty_query",
            )
        return cls(wanted, excluded)


def _tsquery(text: str) -> SearchQuery:
    plain = text.translate(str.maketrans(MARKUP, "   "))
    return SearchQuery(plain, search_type="websearch", config=CONFIG)


def matches(documents: DocumentQuerySet, *, query: Query) -> QuerySet[Passage, Any]:
    """{document_id, rank} of the documents that match; rank in whole millionths.

    Whole, because a float4 does not equal its own printed value, and a cursor must.
    """
    found = Passage.objects.filter(
        search=_tsquery(query.wanted), document__in=documents.filter(indexed=True)
    )
    if query.excluded:
        without = Passage.objects.filter(search=_tsquery(query.excluded)).values("document_id")
        found = found.exclude(document_id__in=without)
    return found.values("document_id").annotate(rank=Max(_rank(query)))


def _rank(query: Query) -> Cast:
    rank = Cast(SearchRank(F("search"), _tsquery(query.wanted)), FloatField())
    return Cast(Round(rank * Value(RANK_UNIT)), IntegerField())


def highlights(ids: Sequence[UUID], *, query: Query) -> dict[UUID, str]:
    """A few words around the hits of each document's best passage, as safe HTML with <mark>."""
    text = Func(
        F("text"),
        Value(MARKUP + HIT + HIT_END + STANDINS),
        Value(STANDINS),
        function="translate",
        output_field=TextField(),
    )
    best = (
        Passage.objects.filter(document_id__in=ids, search=_tsquery(query.wanted))
        .annotate(rank=_rank(query))
        .order_by("document_id", "-rank", "position")
        .distinct("document_id")
        .annotate(
            headline=SearchHeadline(
                text,
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
    text = escape(text.translate(str.maketrans(STANDINS, MARKUP)))
    return text.replace(HIT, "<mark>").replace(HIT_END, "</mark>")


def lag_seconds() -> float:
    """Age of the oldest document that waits to be indexed; 0 when search is up to date."""
    waiting = Job.objects.filter(Q(kind=Kind.INDEX) | Q(kind=Kind.EXTRACT))
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now = cursor.fetchone()[0]
    oldest = waiting.aggregate(oldest=Min("created_at"))["oldest"]
    return round(max(0.0, (now - oldest).total_seconds()), 3) if oldest else 0.0

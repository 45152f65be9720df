"""How many documents have which value, counted over a bounded number of them."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from documents.models import Document, DocumentQuerySet

FACETS = ("content_type", "state")
COUNT_CAP = 10_000

Facets = dict[str, list[dict[str, Any]]]


def of_documents(
    documents: DocumentQuerySet, *, names: Collection[str], cap: int = COUNT_CAP
) -> Facets:
    """Over the newest of these documents, `cap` of them at most."""
    newest = documents.order_by("-created_at", "-id").values_list(*FACETS)
    rows = list(newest[: cap + 1])
    return _counted(rows[:cap], names=names, is_exact=len(rows) <= cap)


def of_ids(ids: Sequence[str], *, names: Collection[str], are_all: bool) -> Facets:
    """Over the documents of these ids; `are_all` says that there are no others to count."""
    rows = Document.objects.filter(pk__in=ids[:COUNT_CAP]).values_list(*FACETS)
    return _counted(list(rows), names=names, is_exact=are_all and len(ids) <= COUNT_CAP)


def _counted(rows: Sequence[tuple[Any, ...]], *, names: Collection[str], is_exact: bool) -> Facets:
    """The most frequent values first; what is not exact is at least so many."""
    count_is = "exact" if is_exact else "at_least"
    return {
        name: [
            {"value": value, "count": count, "count_is": count_is}
            for value, count in _by_count(row[FACETS.index(name)] for row in rows)
        ]
        for name in FACETS
        if name in names
    }


def _by_count(values: Any) -> list[tuple[str, int]]:
    return sorted(Counter(values).items(), key=lambda pair: (-pair[1], pair[0]))

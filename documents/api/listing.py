"""`GET documents/`: a page of the list, newest first, or of a search."""

from typing import Any

from django.http import HttpResponse
from django.utils.dateparse import parse_datetime

from documents.api.asked import Asked
from documents.api.cursors import Page, Source, page
from documents.api.facets import listed_facets
from documents.api.filters import PAGING, filtered
from documents.api.newest import Chosen, Everything
from documents.api.rendering import rendered
from documents.api.searching import searched
from documents.models import Document, Sight

# Counting so many takes as long as reading a page of them.
COUNT_CAP = 1000


def listed(request: Asked) -> HttpResponse:
    documents = filtered(Document.objects.visible_to(request.user), request)
    if "q" in request.query_params:
        return searched(documents, request)
    source: Source = Chosen(documents)
    if set(request.query_params) <= PAGING:
        source = Everything(Sight.of(request.user))
    found = page(source, request=request, read=_moment, count_cap=COUNT_CAP)
    return rendered({**_enveloped(found), **listed_facets(documents, request)})


def _moment(text: str) -> Any:
    moment = parse_datetime(text)
    if moment is None:
        raise ValueError(text)
    return moment


def _enveloped(found: Page) -> dict[str, Any]:
    return {
        "results": found.rows,
        "next": found.next,
        "previous": found.previous,
        "count": found.count,
        "count_is": found.count_is,
    }

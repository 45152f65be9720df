"""`GET documents/?q=`: a page of a search, window by window."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.http import HttpResponse

from documents import facets, search
from documents.api import shapes
from documents.api.asked import Asked
from documents.api.cursors import COUNT_CAP, not_ours, opened, page_size, sealed
from documents.api.facets import facet_names
from documents.api.filters import FILTERS, PAGING
from documents.api.rendering import rendered
from documents.highlights import Shown, highlights
from documents.models import Document, DocumentQuerySet, Sight
from documents.query import Query, Terms
from documents.ranking import Key, Match, Scope, Stretch
from documents.search import Window


def searched(documents: DocumentQuerySet, request: Asked) -> HttpResponse:
    """The answer to a search among these documents, which the request's filters have chosen."""
    query, size, names = _query(request), page_size(request), facet_names(request)
    place = _Place.of(request)
    terms, scope = Terms.of(query), _scope(documents, request)
    window = _window(terms, scope, place, enough=size)
    page = _Page.of(window, place, size=size)
    answer = {
        "results": _results(page.matches, terms=terms, scope=scope),
        **_links(page, window, place, request),
        **_counted(window, place),
        "index_lag": terms.lag_seconds,
    }
    if names:
        ids = [match.id for match in window.matches]
        answer["facets"] = facets.of_ids(ids, names=names, are_all=window.is_everything)
    return rendered(answer)


def _query(request: Asked) -> Query:
    return Query.read(str(request.query_params["q"]))


def _scope(documents: DocumentQuerySet, request: Asked) -> Scope:
    sight = Sight.of(request.user)
    owner_id = None if sight.is_everything else sight.owner_id
    if set(request.query_params) <= PAGING:
        return Scope.of(documents, visible=documents, owner_id=owner_id)
    within = [
        FILTERS[name](name, text)
        for name in ("created_after", "created_before")
        if (text := request.query_params.get(name)) is not None
    ]
    visible = Document.objects.visible_to(request.user).filter(*within)
    return Scope.of(documents, visible=visible, owner_id=owner_id)


class _Place(NamedTuple):
    """Where a page begins: in which window, and below or above which match there."""

    is_backward: bool = False
    rank: int = 0
    id: str = ""
    """Empty: the page begins the window that comes next in the stretch."""
    stretch: Stretch = Stretch()
    walked: bool = False
    matches_before: int = 0
    """In the windows before this one."""

    @classmethod
    def of(cls, request: Asked) -> "_Place":
        place = opened(request)
        if place is None:
            return cls()
        try:
            backward, rank, pk, after, until, walked, before = place
            return cls(backward, rank, pk, Stretch(Key(*after), Key(*until)), walked, before)
        except (ValueError, TypeError) as error:  # of an older release
            raise not_ours() from error


def _window(terms: Terms, scope: Scope, place: _Place, *, enough: int) -> Window:
    if place.id:
        return search.again(terms, scope, place.stretch, walked=place.walked)
    return search.newest(terms, scope, after=place.stretch.after, enough=enough)


@dataclass(frozen=True, kw_only=True)
class _Page:
    matches: Sequence[Match]
    has_more_above: bool
    has_more_below: bool

    @classmethod
    def of(cls, window: Window, place: _Place, *, size: int) -> "_Page":
        found, at = window.matches, (place.rank, place.id)
        if not place.id:
            start, end = 0, size
        elif place.is_backward:
            end = sum(match[:2] > at for match in found)
            start = max(0, end - size)
        else:
            start = sum(match[:2] >= at for match in found)
            end = start + size
        return cls(
            matches=found[start:end],
            has_more_above=start > 0,
            has_more_below=end < len(found),
        )


def _links(page: _Page, window: Window, place: _Place, request: Asked) -> dict[str, str | None]:
    """Backwards only within the window."""
    before = place.matches_before

    def beyond(match: Match, *, is_backward: bool) -> str:
        stretch, walked = window.stretch, window.walked
        return sealed(request, [is_backward, *match[:2], *stretch, walked, before])

    following = previous = None
    if page.has_more_below:
        following = beyond(page.matches[-1], is_backward=False)
    elif not window.is_last:
        rest = Stretch(after=window.stretch.until)
        following = sealed(request, [False, 0, "", *rest, False, before + len(window.matches)])
    if page.has_more_above and page.matches:
        previous = beyond(page.matches[0], is_backward=True)
    return {"next": following, "previous": previous}


def _counted(window: Window, place: _Place) -> dict[str, Any]:
    count = place.matches_before + len(window.matches)
    is_exact = window.is_last and count <= COUNT_CAP
    since = None if window.is_last else window.stretch.until.at
    return {
        "count": min(count, COUNT_CAP),
        "count_is": "exact" if is_exact else "at_least",
        "ranking": "all" if window.is_everything else "window",
        "ranked": len(window.matches),
        "ranked_since": since and shapes.moment(datetime.fromisoformat(since)),
    }


def _results(matches: Sequence[Match], *, terms: Terms, scope: Scope) -> list[dict[str, Any]]:
    if not matches:
        return []
    rows = search.rows(matches, scope=scope, columns=shapes.COLUMNS)
    marked = highlights(matches, terms=terms)
    return [
        {
            **shapes.out_of_texts(rows[match.id]),
            "rank": match.rank,
            **_passages(marked.get(match.id, [])),
        }
        for match in matches
        if match.id in rows  # else deleted or changed since it was found
    ]


def _passages(shown: Sequence[Shown]) -> dict[str, Any]:
    return {
        "highlight": shown[0].highlight if shown else "",
        "passages": [passage._asdict() for passage in shown],
    }

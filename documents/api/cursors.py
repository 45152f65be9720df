"""Keyset pages: as quick at the end as at the start, and right while rows come and go.

A cursor is signed, and belongs to the filters it was made with.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from django.core import signing

from documents.api.asked import Asked
from documents.errors import Invalid

SALT = "documents.cursor"
DEFAULT_SIZE, MAX_SIZE = 50, 200
COUNT_CAP = 10_000
WHOLE_NUMBER = re.compile("[0-9]{1,9}")  # Python refuses to read one of 4,301 digits

Row = dict[str, Any]


@dataclass(frozen=True)
class Page:
    rows: list[Row]
    next: str | None
    previous: str | None
    count: int
    count_is: str


@dataclass(frozen=True)
class Cursor:
    """Where a page begins: below a key, or above it; `at` None: at the top."""

    backward: bool = False
    at: tuple[Any, Any] | None = None
    counted: int | None = None
    """What was counted for the first page."""

    @classmethod
    def of(cls, request: Asked, *, read: Callable[[Any], Any]) -> "Cursor":
        place = opened(request)
        if place is None:
            return cls()
        try:
            backward, value, tie, counted = place
            return cls(backward=bool(backward), at=(read(value), tie), counted=int(counted))
        except (ValueError, TypeError) as error:
            raise not_ours() from error


class Source(Protocol):
    """Rows in the order of a key of two columns, both downwards."""

    key: tuple[str, str]

    def rows(self, cursor: Cursor, *, most: int) -> list[Row]:
        """Those from the cursor on, in the direction of the cursor, ready to be sent."""
        ...

    def count(self, *, most: int) -> int:
        """How many there are, counted no further than this."""
        ...


def page(
    source: Source,
    *,
    request: Asked,
    read: Callable[[Any], Any],
    count_cap: int = COUNT_CAP,
) -> Page:
    """One page of the source.

    `read` turns the first column's value from the cursor's JSON back into what it was.
    Raises Invalid for a page size or a cursor that is none.
    """
    size = page_size(request)
    cursor = Cursor.of(request, read=read)
    found = source.rows(cursor, most=size + 1)
    more, found = len(found) > size, found[:size]
    if cursor.backward:
        found.reverse()
    ahead = bool(found) if cursor.backward else more
    behind = more if cursor.backward else bool(found) and cursor.at is not None
    # Counted once for a walk: it would cost more than each of its pages.
    counted = cursor.counted
    if counted is None:
        counted = source.count(most=count_cap + 1) if more else len(found)
    link = partial(_link, request, key=source.key, counted=counted)
    return Page(
        rows=found,
        next=link(found[-1], backward=False) if ahead else None,
        previous=link(found[0], backward=True) if behind else None,
        count=min(counted, count_cap),
        count_is="exact" if counted <= count_cap else "at_least",
    )


def page_size(request: Asked) -> int:
    text = request.query_params.get("page_size", str(DEFAULT_SIZE))
    if not (WHOLE_NUMBER.fullmatch(text) and 1 <= int(text) <= MAX_SIZE):
        raise Invalid(
            f"page_size is a whole number from 1 to {MAX_SIZE}.",
            pointer="/page_size",
            code="invalid_page_size",
        )
    return int(text)


def opened(request: Asked) -> list[Any] | None:
    """The place that the request's cursor names, or None where it has none. Raises Invalid."""
    text = request.query_params.get("cursor")
    if text is None:
        return None
    try:
        signed: list[Any] = signing.loads(text, salt=SALT)
        filters, *place = signed
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise not_ours() from error
    if filters != _fingerprint(request):
        raise _invalid("The cursor belongs to other filters.")
    return place


def sealed(request: Asked, place: Sequence[Any]) -> str:
    """The address of the same list from another place on."""
    params = request.query_params.copy()
    params["cursor"] = signing.dumps([_fingerprint(request), *place], salt=SALT)
    return request.build_absolute_uri(f"{request.path}?{params.urlencode()}")


def not_ours() -> Invalid:
    return _invalid("The cursor is not one that this service gave.")


def _invalid(what: str) -> Invalid:
    return Invalid(
        f"{what} Start without a cursor, then follow `next`.",
        pointer="/cursor",
        code="invalid_cursor",
    )


def _link(request: Asked, row: Row, *, key: tuple[str, str], counted: int, backward: bool) -> str:
    value, tie = (row[name] for name in key)
    return sealed(request, [backward, value, tie, counted])


def _fingerprint(request: Asked) -> str:
    params = sorted(
        (k, v) for k, v in request.query_params.items() if k not in {"cursor", "page_size"}
    )
    return hashlib.sha256(repr(params).encode()).hexdigest()[:16]

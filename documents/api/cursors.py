"""Keyset pages: as quick at the end as at the start, and right while rows come and go.

A cursor is signed, and belongs to the filters it was made with.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.db.models import Q, QuerySet
from rest_framework.request import Request

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


def page(
    rows: QuerySet[Any, Row],
    *,
    request: Request,
    key: tuple[str, str],
    read: Callable[[Any], Any],
    count_cap: int = COUNT_CAP,
) -> Page:
    """One page of `rows`, ordered by the two columns of `key`, both downwards.

    `read` turns the first column's value from the cursor's JSON back into what it was.
    Raises Invalid for a page size or a cursor that is none.
    """
    size = page_size(request)
    cursor = _Cursor.of(request, read=read)
    found = list(_after(rows, key=key, cursor=cursor)[: size + 1])
    more, found = len(found) > size, found[:size]
    if cursor.backward:
        found.reverse()
    ahead = bool(found) if cursor.backward else more
    behind = more if cursor.backward else bool(found) and cursor.at is not None
    count = rows.order_by()[: count_cap + 1].count()
    return Page(
        rows=found,
        next=_link(request, found[-1], key=key, backward=False) if ahead else None,
        previous=_link(request, found[0], key=key, backward=True) if behind else None,
        count=min(count, count_cap),
        count_is="exact" if count <= count_cap else "at_least",
    )


def page_size(request: Request) -> int:
    text = request.query_params.get("page_size", str(DEFAULT_SIZE))
    if not (WHOLE_NUMBER.fullmatch(text) and 1 <= int(text) <= MAX_SIZE):
        raise Invalid(
            f"page_size is a whole number from 1 to {MAX_SIZE}.",
            pointer="/page_size",
            code="invalid_page_size",
        )
    return int(text)


def _after(
    rows: QuerySet[Any, Row], *, key: tuple[str, str], cursor: "_Cursor"
) -> QuerySet[Any, Row]:
    first, second = key
    if cursor.at is not None:
        beyond, value, tie = ("gt" if cursor.backward else "lt"), *cursor.at
        # The first condition follows from the second, and is the one an index can start at.
        rows = rows.filter(
            Q(**{f"{first}__{beyond}e": value}),
            Q(**{f"{first}__{beyond}": value}) | Q(**{first: value, f"{second}__{beyond}": tie}),
        )
    sign = "" if cursor.backward else "-"
    return rows.order_by(f"{sign}{first}", f"{sign}{second}")


@dataclass(frozen=True)
class _Cursor:
    backward: bool
    at: Sequence[Any] | None

    @classmethod
    def of(cls, request: Request, *, read: Callable[[Any], Any]) -> "_Cursor":
        text = request.query_params.get("cursor")
        if text is None:
            return cls(backward=False, at=None)
        try:
            filters, backward, value, tie = signing.loads(text, salt=SALT)
            at = (read(value), tie)
        except (signing.BadSignature, ValueError, TypeError) as error:
            raise _invalid("The cursor is not one that this service gave.") from error
        if filters != _fingerprint(request):
            raise _invalid("The cursor belongs to other filters.")
        return cls(backward=bool(backward), at=at)


def _invalid(what: str) -> Invalid:
    return Invalid(
        f"{what} Start without a cursor, then follow `next`.",
        pointer="/cursor",
        code="invalid_cursor",
    )


def _link(request: Request, row: Row, *, key: tuple[str, str], backward: bool) -> str:
    value, tie = (row[name] for name in key)
    value = value.isoformat() if hasattr(value, "isoformat") else value
    cursor = signing.dumps([_fingerprint(request), backward, value, str(tie)], salt=SALT)
    params = request.query_params.copy()
    params["cursor"] = cursor
    return request.build_absolute_uri(f"{request.path}?{params.urlencode()}")


def _fingerprint(request: Request) -> str:
    params = sorted(
        (k, v) for k, v in request.query_params.items() if k not in {"cursor", "page_size"}
    )
    return hashlib.sha256(repr(params).encode()).hexdigest()[:16]

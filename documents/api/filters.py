"""Which documents a list is about: strict, so that a misspelt filter never shows too much."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime

from django.db.models import CharField, F, Func, Q, Value
from django.db.models.lookups import Exact
from django.utils.dateparse import parse_date, parse_datetime

from documents.api.asked import Asked
from documents.errors import Invalid
from documents.models import DocumentQuerySet, State
from documents.strict_json import pointer

PAGING = {"q", "cursor", "page_size", "facets"}
METADATA = "metadata."


def filtered(
    documents: DocumentQuerySet, request: Asked, *, also: Collection[str] = PAGING
) -> DocumentQuerySet:
    """The documents that the query parameters ask for. Raises Invalid, naming the parameter.

    `also` are parameters that say something else, and that others read.
    """
    for name, values in request.query_params.lists():
        text = only(name, values)
        if name.startswith(METADATA) and name != METADATA:
            documents = documents.filter(_metadata(name.removeprefix(METADATA), text))
        elif name in FILTERS:
            documents = documents.filter(FILTERS[name](name, text))
        elif name not in also:
            known = [*sorted(FILTERS), "metadata.KEY", *sorted(also)]
            raise unknown_parameter(name, known=known)
    return documents


def unknown_parameter(name: str, *, known: Sequence[str]) -> Invalid:
    return Invalid(
        f"There is no parameter {name[:100]}. There are: {', '.join(known)}.",
        pointer=pointer((name,)),
        code="unknown_parameter",
    )


def only(name: str, values: list[str]) -> str:
    """The one value of a parameter. Raises Invalid."""
    if len(values) > 1:
        raise Invalid(
            f"{name[:100]} stands more than once. Give it once.",
            pointer=pointer((name,)),
            code="repeated_parameter",
        )
    if "\x00" in name or "\x00" in values[0]:
        raise Invalid(
            "A parameter has a NUL character. Take it out.",
            pointer=pointer((name,)),
            code="nul_character",
        )
    return values[0]


def flag(name: str, values: list[str]) -> bool:
    """A parameter that is true or false. Raises Invalid."""
    text = only(name, values).lower()
    if text not in {"true", "false"}:
        raise Invalid(
            f"{name[:100]} is true or false.", pointer=pointer((name,)), code="invalid_choice"
        )
    return text == "true"


def _state(name: str, text: str) -> Q:
    if text not in State.values:
        raise Invalid(
            f"{text[:100]!r} is no state. The states are: {', '.join(State.values)}.",
            pointer=f"/{name}",
            code="invalid_state",
        )
    return Q(state=text)


def _exactly(name: str, text: str) -> Q:
    return Q(**{name: text})


def _after(_: str, text: str) -> Q:
    return Q(created_at__gt=_moment(text, at="/created_after"))


def _before(_: str, text: str) -> Q:
    return Q(created_at__lt=_moment(text, at="/created_before"))


def _moment(text: str, *, at: str) -> datetime:
    """ISO 8601; without a zone it is UTC, and a date is its first moment."""
    try:
        moment = parse_datetime(text)
        if moment is None and (date := parse_date(text)) is not None:
            moment = datetime(date.year, date.month, date.day)
        if moment is None:
            raise ValueError(text)
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return zoned.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid(
            f"{text[:100]!r} is no time. Write it as 2026-01-31 or 2026-01-31T12:00:00Z "
            "(a + in a URL is written %2B).",
            pointer=at,
            code="invalid_time",
        ) from error


def _metadata(key: str, text: str) -> Q:
    # Not a key transform of Django's: that takes a key of digits for a place in a list.
    said = Func(
        F("metadata"), Value(key), function="jsonb_extract_path_text", output_field=CharField()
    )
    return Q(Exact(said, Value(text)))


FILTERS: dict[str, Callable[[str, str], Q]] = {
    "state": _state,
    "content_type": _exactly,
    "source": _exactly,
    "error_code": _exactly,
    "created_after": _after,
    "created_before": _before,
}

"""What is asked for most, done directly: a text comes in, a document or a list is looked at.

That takes a third of the time without the way through the framework. Whatever is not exactly as
nearly all of them are - another header, a mistake, no token, trouble with the database - goes the
long way, which does it from the start and words what is wrong. A test holds both ways to the same
answers.
"""

import logging
import re
import string
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from io import BytesIO
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.request import split_domain_port, validate_host
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware

from accounts.models import User, digest, find_token
from documents import strict_json
from documents.api import shapes
from documents.api.etags import etag_of
from documents.api.listing import listed
from documents.intake import accept_of_token
from documents.lines import read_text
from documents.lookup import find_of_token
from documents.models import COLUMNS

log = logging.getLogger(__name__)

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
Application = Callable[[Environ, Any], Iterable[bytes]]

PATH = "/api/v1/documents/"
ONE = re.compile(rf"{PATH}([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})/")
JSON = {"application/json", "application/json; charset=utf-8"}
# A request with one of these asks for more than what is done here.
MORE = {
    "HTTP_CONTENT_DIGEST",
    "HTTP_CONTENT_ENCODING",
    "HTTP_TRANSFER_ENCODING",
    "HTTP_IF_NONE_MATCH",
    "HTTP_IF_MATCH",
    "HTTP_EXPECT",
}
ID, BLOB, UPDATED_AT = map(COLUMNS.index, ("id", "blob", "updated_at"))
ALLOWED_ON_LIST = "GET, POST, HEAD, OPTIONS"
ALLOWED_ON_ONE = "GET, PATCH, DELETE, HEAD, OPTIONS"


@dataclass(frozen=True, slots=True)
class Answer:
    status: str
    headers: Headers
    body: bytes


class Direct:
    """A WSGI application before another one, which does what is not done here."""

    def __init__(self, application: Application) -> None:
        self.application = application

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        answer = _answer(environ)
        if answer is None:
            return self.application(environ, start_response)
        length = ("Content-Length", str(len(answer.body)))
        start_response(answer.status, [*answer.headers, length, *_everywhere()])
        return [answer.body]


def _answer(environ: Environ) -> Answer | None:
    """None: let it go the long way."""
    does = _deed(environ)
    token = _token(environ)
    if does is None or token is None or not _is_usual(environ):
        return None
    try:
        close_old_connections()
        return does(environ, token)
    except Exception as error:  # noqa: BLE001  (the long way does it again, and says what is wrong)
        log.debug("%s goes the long way: %r", environ["PATH_INFO"], error)
        return None


def _deed(environ: Environ) -> Callable[[Environ, str], Answer | None] | None:
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    if method == "GET" and path == PATH:
        return _list
    if environ.get("QUERY_STRING"):
        return None
    if method == "POST" and path == PATH:
        return _take
    return _show if method == "GET" and ONE.fullmatch(path) else None


def _is_usual(environ: Environ) -> bool:
    return (
        not environ.get("SCRIPT_NAME")
        and MORE.isdisjoint(environ)
        and environ.get("HTTP_ACCEPT", "*/*") in {"*/*", "application/json"}
        and (not settings.HTTPS or environ.get("HTTP_X_FORWARDED_PROTO") == "https")
        and _is_allowed(environ.get("HTTP_HOST", ""))
    )


def _is_allowed(host: str) -> bool:
    name, _ = split_domain_port(host)
    return not settings.DEBUG and validate_host(name, settings.ALLOWED_HOSTS)


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whose token it was when it was last looked up. The statements below look again."""

    digest: str
    owner_id: int
    day: date


_bearers: dict[str, Bearer] = {}
MOST_BEARERS = 10_000


def _token(environ: Environ) -> str | None:
    scheme, _, text = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return text.strip(string.whitespace) if scheme.lower() == "bearer" else None


def _bearer(text: str) -> Bearer | None:
    name, today = digest(text), datetime.now(UTC).date()
    known = _bearers.get(name)
    if known is None or known.day != today:  # its first use of a day is written down
        token = find_token(text)
        if token is None:
            return None
        if len(_bearers) >= MOST_BEARERS:
            _bearers.clear()
        known = _bearers[name] = Bearer(name, int(token.user.pk), today)
    return known


def _take(environ: Environ, token: str) -> Answer | None:
    bearer, length = _bearer(token), environ.get("CONTENT_LENGTH", "")
    if bearer is None or environ.get("CONTENT_TYPE", "").lower() not in JSON:
        return None
    if not length.isdecimal() or int(length) > settings.MAX_JSON_BYTES:
        return None
    raw = _read(environ["wsgi.input"], int(length))
    environ["wsgi.input"] = BytesIO(raw)  # for the long way
    if len(raw) != int(length):
        return None
    label, content = read_text(strict_json.loads_flat(raw))
    kept = accept_of_token(content, digest=bearer.digest, owner_id=bearer.owner_id, label=label)
    if kept is None:
        return None
    if kept.row[BLOB]:
        return None  # it came as a file once, whose bytes may want to be put back
    said = _said(kept.row)
    place = f"{_origin(environ)}{PATH}{said['id']}/"
    return Answer(
        "201 Created" if kept.created else "200 OK",
        [("Location", place), ("ETag", _etag(kept.row)), ("Allow", ALLOWED_ON_LIST)],
        orjson.dumps({**said, "duplicate": not kept.created}),
    )


def _said(row: Sequence[Any]) -> dict[str, Any]:
    values = dict(zip(COLUMNS, row, strict=True))
    return shapes.out_of_texts({name: values[name] for name in shapes.COLUMNS})


def _etag(row: Sequence[Any]) -> str:
    return etag_of(row[ID], row[UPDATED_AT])


def _read(stream: Any, length: int) -> bytes:
    raw: bytes = stream.read(length)
    while len(raw) < length and (more := stream.read(length - len(raw))):
        raw += more
    return raw


def _show(environ: Environ, token: str) -> Answer | None:
    bearer, match = _bearer(token), ONE.fullmatch(environ["PATH_INFO"])
    if bearer is None or match is None:
        return None
    pk = UUID(match[1])
    found = find_of_token(pk, digest=bearer.digest)
    if found is None:
        return None
    excerpt, row = found
    return Answer(
        "200 OK",
        [("ETag", _etag(row)), ("Allow", ALLOWED_ON_ONE)],
        orjson.dumps({**_said(row), "excerpt": excerpt}),
    )


@dataclass(frozen=True, slots=True)
class Plain:
    """What there is to know of a request for a list: `Asked`."""

    query_params: QueryDict
    user: User
    path: str
    origin: str

    def build_absolute_uri(self, location: str | None = None) -> str:
        return f"{self.origin}{location or self.path}"


def _list(environ: Environ, token: str) -> Answer | None:
    found = find_token(token)
    if found is None:
        return None
    query = environ.get("QUERY_STRING", "").encode("latin-1")  # PEP 3333
    params = QueryDict(query, encoding="utf-8")
    answer = listed(Plain(params, found.user, PATH, _origin(environ)))
    return Answer("200 OK", [("Allow", ALLOWED_ON_LIST)], answer.content)


def _origin(environ: Environ) -> str:
    scheme = "https" if settings.HTTPS else environ["wsgi.url_scheme"]
    return f"{scheme}://{environ['HTTP_HOST']}"


@cache
def _everywhere() -> Headers:
    """What the middleware adds to every answer."""
    request = HttpRequest()
    request.META["SERVER_NAME"], request.META["SERVER_PORT"] = "localhost", "80"
    if settings.SECURE_PROXY_SSL_HEADER:
        name, value = settings.SECURE_PROXY_SSL_HEADER
        request.META[name] = value
    answer = HttpResponse(content_type="application/json")
    XFrameOptionsMiddleware(_nothing).process_response(request, answer)
    SecurityMiddleware(_nothing).process_response(request, answer)
    return list(answer.items())


def _nothing(request: HttpRequest) -> HttpResponse:
    raise NotImplementedError  # nothing is handed on

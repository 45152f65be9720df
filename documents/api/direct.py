"""The two requests that are made most - a text comes in, a document is looked at - done directly.

They take a third of the time without the way through the framework. Whatever is not exactly as
nearly all of them are - another header, a mistake, no token, trouble with the database - goes the
long way, which does it from the start and words what is wrong. A test holds both ways to the same
answers.
"""

import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port, validate_host
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware

from accounts.models import User, find_token
from documents import strict_json
from documents.api import shapes
from documents.api.etags import etag
from documents.intake import accept
from documents.lines import read_text
from documents.lookup import find

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
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    if method == "POST" and path == PATH:
        does = _take
    elif method == "GET" and ONE.fullmatch(path):
        does = _show
    else:
        return None
    if not _is_usual(environ):
        return None
    try:
        close_old_connections()
        user = _user(environ)
        return None if user is None else does(environ, user)
    except Exception as error:  # noqa: BLE001  (the long way does it again, and says what is wrong)
        log.debug("%s %s goes the long way: %r", method, path, error)
        return None


def _is_usual(environ: Environ) -> bool:
    return (
        not environ.get("QUERY_STRING")
        and not environ.get("SCRIPT_NAME")
        and MORE.isdisjoint(environ)
        and environ.get("HTTP_ACCEPT", "*/*") in {"*/*", "application/json"}
        and (not settings.HTTPS or environ.get("HTTP_X_FORWARDED_PROTO") == "https")
        and _is_allowed(environ.get("HTTP_HOST", ""))
    )


def _is_allowed(host: str) -> bool:
    name, _ = split_domain_port(host)
    return not settings.DEBUG and validate_host(name, settings.ALLOWED_HOSTS)


def _user(environ: Environ) -> User | None:
    scheme, _, text = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        return None
    token = find_token(text.strip())
    return None if token is None else token.user


def _take(environ: Environ, user: User) -> Answer | None:
    length = environ.get("CONTENT_LENGTH", "")
    if environ.get("CONTENT_TYPE", "").lower() not in JSON or not length.isdecimal():
        return None
    if int(length) > settings.MAX_JSON_BYTES:
        return None
    raw = _read(environ["wsgi.input"], int(length))
    environ["wsgi.input"] = BytesIO(raw)  # for the long way
    if len(raw) != int(length):
        return None
    label, content = read_text(strict_json.loads_flat(raw))
    kept = accept(content, owner_id=int(user.pk), label=label)
    place = f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}{PATH}{kept.document.pk}/"
    said = {**shapes.out(shapes.columns_of(kept.document)), "duplicate": not kept.created}
    return Answer(
        "201 Created" if kept.created else "200 OK",
        [("Location", place), ("ETag", etag(kept.document)), ("Allow", ALLOWED_ON_LIST)],
        orjson.dumps(said),
    )


def _read(stream: Any, length: int) -> bytes:
    raw: bytes = stream.read(length)
    while len(raw) < length and (more := stream.read(length - len(raw))):
        raw += more
    return raw


def _show(environ: Environ, user: User) -> Answer | None:
    match = ONE.fullmatch(environ["PATH_INFO"])
    found = find(UUID(match[1]), user=user) if match else None
    if found is None:
        return None
    document, excerpt = found
    said = {**shapes.out(shapes.columns_of(document)), "excerpt": excerpt}
    return Answer(
        "200 OK", [("ETag", etag(document)), ("Allow", ALLOWED_ON_ONE)], orjson.dumps(said)
    )


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

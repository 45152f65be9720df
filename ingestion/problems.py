"""Any failure → one application/problem+json answer (RFC 9457).

The only place that chooses error statuses, for exceptions of ours, of REST framework and of
Django, with DEBUG on or off.
"""

import json
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.core.exceptions import (
    ObjectDoesNotExist,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve
from rest_framework import exceptions as rest

from accounts import errors as accounts
from documents import errors as documents
from documents.strict_json import pointer as pointer_to
from ingestion.embedded.server import EmbeddedServerError

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
# Answers that tell a failure in full: a problem, or a line for each line that was sent.
SAY_IT_THEMSELVES = {MEDIA_TYPE, "application/x-ndjson"}
# Read whatever its length, also where it is not known beforehand.
CHUNKED = {"/api/v1/documents/bulk/"}
RETRY_SECONDS = 5
DEADLOCK = "40P01"  # SQLSTATE deadlock_detected

STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (documents.Duplicate, 409),
    (documents.NotFailed, 409),
    (documents.NotReady, 409),
    (documents.PreconditionFailed, 412),
    (documents.LengthRequired, 411),
    (documents.TooLarge, 413),
    (documents.UnsupportedMedia, 415),
    (documents.RangeNotSatisfiable, 416),
    (documents.NoneKept, 422),
    (documents.NotAllowed, 403),
    (documents.StorageUnavailable, 503),
    (documents.BytesMissing, 500),
    (documents.DocumentError, 400),
    (accounts.WrongCredentials, 401),
    (accounts.TooManyFailures, 429),
    (accounts.AccountError, 400),
    (RequestDataTooBig, 413),
    (TooManyFieldsSent, 400),
    (TooManyFilesSent, 400),
    (SuspiciousOperation, 400),
    (Http404, 404),
    (ObjectDoesNotExist, 404),  # deleted after it was found
    (PermissionDenied, 403),
    (OperationalError, 503),
    (InterfaceError, 503),
    (EmbeddedServerError, 503),
)

# What to say where the exception has no sentence for the caller.
SENTENCES = {
    400: "The request cannot be understood. Check its URL, headers and body.",
    403: "You may not do this.",
    404: "There is nothing here, or nothing that you may see.",
    405: "This method does not exist here.",
    413: "The request is larger than what is accepted.",
    500: "Something went wrong here, and was logged. Nothing is half done; try again.",
    503: "The database is away for the moment. Nothing was kept; try again soon.",
}
CODES = {
    400: "bad_request",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "too_large",
    415: "unsupported_media_type",
    429: "throttled",
    500: "internal_error",
    503: "unavailable",
}


def problem_handler(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """REST framework's EXCEPTION_HANDLER; what it does not know, the middleware answers.

    Not a Response of its own: that would be rendered as the view renders, which may be as HTML.
    """
    parsers = getattr(context["view"], "parser_classes", [])
    answer = _problem_of(error, [parser.media_type for parser in parsers])
    if answer is None:
        return None
    if answer["status"] >= 500:
        log.error("%s %s", context["request"].path, error)
    return _plain(answer, headers=_headers(error, answer))


def _problem_of(error: Exception, readable: list[str] | None = None) -> dict[str, Any] | None:
    if isinstance(error, rest.ValidationError):
        return _invalid(error)
    if isinstance(error, rest.APIException):
        return _of_rest_framework(error, readable or [])
    status = next((status for kind, status in STATUSES if isinstance(error, kind)), None)
    if type(error) is DatabaseError:  # not of the server: the connection broke in a statement
        status = 503
    if status is None:
        return None
    detail = getattr(error, "detail", None)
    if getattr(error.__cause__, "pgcode", None) == DEADLOCK:
        detail = "Another request had the same content in another order. Send this one again."
    more = {"pointer": pointer} if (pointer := getattr(error, "pointer", None)) is not None else {}
    more |= getattr(error, "members", {})
    return problem(status, detail=detail, code=getattr(error, "code", None), **more)


def problem(
    status: int, *, detail: str | None = None, code: str | None = None, **more: Any
) -> dict[str, Any]:
    """The members of RFC 9457, section 3.1, with a `code` to act on."""
    title = HTTPStatus(status).phrase
    return {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail or SENTENCES.get(status, title),
        "code": code or CODES.get(status, title.lower().replace(" ", "_")),
        **more,
    }


def _of_rest_framework(error: rest.APIException, readable: list[str]) -> dict[str, Any]:
    detail: Any = error.detail
    code = getattr(detail, "code", None)
    if isinstance(error, rest.NotAuthenticated):
        detail = "Send a token: Authorization: Bearer <token>. Get one at /api/v1/auth/token/."
    if isinstance(error, rest.UnsupportedMediaType):
        detail = f"{detail} Read here: {', '.join(readable) or 'no body'}."
    if isinstance(error, rest.NotAcceptable):
        detail = "This answers in application/json. Accept that, or leave Accept out."
    return problem(
        error.status_code,
        detail=str(detail),
        code=CODES.get(error.status_code, str(code) if code else None),
    ) | ({"code": str(code)} if error.status_code == 401 and code else {})


def _invalid(error: rest.ValidationError) -> dict[str, Any]:
    """The first mistake is the problem, and all are in `errors`."""
    mistakes = list(_mistakes(error.detail, pointer=""))
    return problem(400, **mistakes[0], errors=mistakes)


def _mistakes(detail: Any, *, pointer: str) -> list[dict[str, Any]]:
    if isinstance(detail, dict):
        named = ((_step(pointer, name), inner) for name, inner in detail.items())
        return [mistake for at, inner in named for mistake in _mistakes(inner, pointer=at)]
    if isinstance(detail, list):
        return [mistake for inner in detail for mistake in _mistakes(inner, pointer=pointer)]
    return [{"detail": str(detail), "code": str(detail.code), "pointer": pointer}]


def _step(pointer: str, name: Any) -> str:
    if name == "non_field_errors":
        return pointer
    return pointer + pointer_to((str(name),))


def _headers(error: Exception | None, answer: dict[str, Any]) -> dict[str, str]:
    status = answer["status"]
    if status == 401:
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, accounts.TooManyFailures):
        return {"Retry-After": str(error.wait_seconds)}
    if status in {429, 503}:
        return {"Retry-After": str(RETRY_SECONDS)}
    if isinstance(error, documents.RangeNotSatisfiable):
        return {"Content-Range": f"bytes */{error.size}"}
    return {}


class ProblemMiddleware:
    """The outermost layer: what would leave /api/ as HTML leaves it as a problem."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(("/api/", "/health/")):
            if "%00" in request.META.get("QUERY_STRING", ""):
                return HttpResponse("The URL has a NUL character.", status=400)
            return self.get_response(request)
        if _has_no_length(request):
            return _answer(documents.LengthRequired())
        response = self.get_response(request)
        if response.status_code < 400 or response.headers.get("Content-Type") in SAY_IT_THEMSELVES:
            return response
        kept = {name: response.headers[name] for name in ("Allow",) if name in response.headers}
        return _plain(problem(response.status_code, detail=_missing_slash(request)), headers=kept)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """What a view raised, before Django makes a page of it."""
        if not request.path_info.startswith(("/api/", "/health/")):
            return None
        if _problem_of(error) is None:
            log.exception("%s %s", request.method, request.path_info)
        return _answer(error)


def _has_no_length(request: HttpRequest) -> bool:
    """A body without a length: the server hands none of it on, so it would look empty."""
    says_body = request.META.get("HTTP_TRANSFER_ENCODING") or request.META.get("CONTENT_TYPE")
    return (
        request.method in {"POST", "PUT", "PATCH"}
        and request.path_info not in CHUNKED
        and not request.META.get("CONTENT_LENGTH")
        and bool(says_body)
    )


def _answer(error: Exception) -> HttpResponse:
    answer = _problem_of(error) or problem(500)
    return _plain(answer, headers=_headers(error, answer))


def _plain(answer: dict[str, Any], *, headers: dict[str, str]) -> HttpResponse:
    return HttpResponse(
        json.dumps(answer),
        status=answer["status"],
        content_type=MEDIA_TYPE,
        headers={**_headers(None, answer), **headers},
    )


def _missing_slash(request: HttpRequest) -> str | None:
    if request.path_info.endswith("/"):
        return None
    try:
        resolve(request.path_info + "/")
    except Resolver404:
        return None
    return f"URLs end with a slash here: {request.path_info}/"

"""Many documents in one request, and many in one answer, as NDJSON."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import IO, Any

import orjson
from django.conf import settings
from django.db import transaction
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from documents import blobs, export
from documents.api import describe_bulk as describe
from documents.api.body import CHUNK, Body
from documents.api.filters import filtered, flag, unknown_parameter
from documents.api.negotiation import LINES, AnyNegotiation, LinesRenderer
from documents.bulk import Result, load
from documents.errors import (
    DocumentError,
    EmptyContent,
    Invalid,
    LengthRequired,
    NoneKept,
    UnsupportedMedia,
)
from documents.lines import items
from documents.models import Document
from documents.ndjson import capped, gunzip, lines

READ = (LINES, "application/ndjson", "application/jsonl")
MOST_ERRORS = 1000
# Of a compressed body: lines of text stay far below that.
MOST_INFLATED, ALWAYS_INFLATED = 200, 64 * 1024 * 1024
ALSO_REFUSED = {
    "code": "not_kept",
    "detail": "Another line was refused, and the request asked for all or nothing.",
    "pointer": None,
}


@dataclass
class Summary:
    """What became of the lines; of the errors, the first ones."""

    created: int = 0
    duplicates: int = 0
    failed: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)
    errors_truncated: bool = False
    dry_run: bool = False
    """Nothing was kept; `created` would be."""

    def add(self, result: Result) -> None:
        if result.status == "created":
            self.created += 1
        elif result.status == "duplicate":
            self.duplicates += 1
        else:
            self.failed += 1
            self._name(result)

    def _name(self, result: Result) -> None:
        if len(self.errors) < MOST_ERRORS:
            self.errors.append({"line": result.line, **_reason(result)})
        else:
            self.errors_truncated = True

    def nothing_was_kept(self) -> None:
        self.failed += self.created + self.duplicates
        self.created = self.duplicates = 0

    @property
    def status(self) -> int:
        if not self.failed:
            return 200
        return 207 if self.created or self.duplicates else 422

    def as_dict(self) -> dict[str, Any]:
        return {
            "lines": self.created + self.duplicates + self.failed,
            "created": self.created,
            "duplicates": self.duplicates,
            "failed": self.failed,
            "errors": self.errors,
            "errors_truncated": self.errors_truncated,
            **({"dry_run": True} if self.dry_run else {}),
        }


def _reason(result: Result) -> dict[str, Any]:
    error = result.error or DocumentError("It was refused.")
    return {"code": error.code, "detail": error.detail, "pointer": error.pointer}


@dataclass(frozen=True)
class Options:
    atomic: bool = False
    dry_run: bool = False

    @classmethod
    def of(cls, request: Request) -> "Options":
        chosen = {}
        for name, values in request.query_params.lists():
            if name not in {"atomic", "dry_run"}:
                raise unknown_parameter(name, known=["atomic", "dry_run"])
            chosen[name] = flag(name, values)
        return cls(**chosen)


class DocumentBulk(APIView):
    renderer_classes = [JSONRenderer, LinesRenderer]

    @describe.bulk
    def post(self, request: Request) -> HttpResponseBase:
        options = Options.of(request)
        _demand_lines(request)
        blocks = _blocks(request, options=options)
        if request.accepted_renderer.media_type == LINES:
            return _line_by_line(blocks, request=request, options=options)
        summary = _load(blocks, request=request, options=options)
        if summary.status == 422:
            raise _none_kept(summary)
        return Response(summary.as_dict(), status=summary.status)


def _line_by_line(
    blocks: Iterable[bytes], *, request: Request, options: Options
) -> StreamingHttpResponse:
    # Not while the body is being read: a client that sends all of it before it reads would
    # wait for us, and we for it.
    with ExitStack() as stack:
        spool = stack.enter_context(blobs.scratch())
        summary = _load(blocks, request=request, options=options, spool=spool)
        stack.pop_all()  # from here on the answer closes it
    return _lines_answer(spool, summary)


def _demand_lines(request: Request) -> None:
    kind = request.content_type.partition(";")[0].strip().lower()
    if kind not in READ:
        raise UnsupportedMedia(f"This reads {', '.join(READ)}, and {kind or 'no type'} was sent.")


def _blocks(request: Request, *, options: Options) -> Iterator[bytes]:
    """The lines' bytes, inflated; checked against length and digest at their end.

    All of it is on the disk before the first line is kept where nothing may be kept otherwise.
    """
    # Not the request's own stream: that one is empty where no length was announced.
    stream = request.META["wsgi.input"]
    limit = settings.MAX_BULK_BYTES
    body = Body(
        stream,
        meta=request.META,
        limit=limit,
        what="request",
        may_be_chunked=True,
        encodings=("gzip", "x-gzip"),
    )
    if options.atomic and body.announced is None and not body.has_digest:
        raise LengthRequired(
            "All or nothing needs to know where the body ends: send Content-Length or "
            "Content-Digest, or leave atomic out."
        )
    all_first = options.atomic or body.has_digest
    blocks = _spooled(body) if all_first else _whole(body)
    if body.encoding:
        blocks = _modest(gunzip(blocks), body=body)
    return capped(blocks, limit=limit, what="body")


def _modest(blocks: Iterator[bytes], *, body: Body) -> Iterator[bytes]:
    """Raises Invalid for a small body that becomes a large one, as no text does."""
    inflated = 0
    for block in blocks:
        inflated += len(block)
        if inflated > max(ALWAYS_INFLATED, body.received * MOST_INFLATED):
            raise Invalid(
                f"The body inflates to more than {MOST_INFLATED} times its size. Send it without "
                "Content-Encoding.",
                code="bomb",
            )
        yield block


def _whole(body: Body) -> Iterator[bytes]:
    yield from iter(partial(body.read, CHUNK), b"")
    body.finish()


def _spooled(body: Body) -> Iterator[bytes]:
    with blobs.scratch() as spool:
        for block in _whole(body):
            spool.write(block)
        yield from _from_start(spool)


def _load(
    blocks: Iterable[bytes], *, request: Request, options: Options, spool: IO[bytes] | None = None
) -> Summary:
    summary = Summary(dry_run=options.dry_run)
    sent = items(lines(blocks, limit=settings.MAX_JSON_BYTES))
    try:
        with ExitStack() as stack:
            if options.atomic:
                stack.enter_context(transaction.atomic())
            owner_id = int(request.user.pk or 0)
            for result in load(sent, owner_id=owner_id, dry_run=options.dry_run):
                summary.add(result)
                if spool is not None:
                    spool.write(_line(result))
            if options.atomic and summary.failed:
                transaction.set_rollback(True)
                summary.nothing_was_kept()
                _withdraw(spool)
    except DocumentError as error:
        # What came before is kept, unless all or nothing was asked for.
        if not options.atomic:
            error.members = {**error.members, **summary.as_dict()}
            kept = f"{summary.created + summary.duplicates:,} lines before that are kept"
            error.detail = error.detail.replace("Nothing was kept", kept)
        raise
    if not summary.as_dict()["lines"]:
        raise EmptyContent
    return summary


def _line(result: Result) -> bytes:
    said: dict[str, Any] = {"line": result.line, "status": result.status}
    if result.id is not None:
        said["id"] = result.id
    if result.repeats_line is not None:
        said["repeats_line"] = result.repeats_line
    if result.error is not None:
        said |= _reason(result)
    return _dumped(said)


def _withdraw(spool: IO[bytes] | None) -> None:
    """Of all or nothing it became nothing: say so of the lines that were good, too."""
    if spool is None:
        return
    with blobs.scratch() as before:
        spool.seek(0)
        shutil.copyfileobj(spool, before)
        for file in (before, spool):
            file.seek(0)
        spool.truncate()
        for raw in before:
            said = orjson.loads(raw)
            if said["status"] == "failed":
                spool.write(raw)
            else:
                line = {"line": said["line"], "status": "failed", **ALSO_REFUSED}
                spool.write(_dumped(line))


def _dumped(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


def _none_kept(summary: Summary) -> NoneKept:
    error = NoneKept(summary.failed)
    error.members = summary.as_dict()
    return error


def _lines_answer(spool: IO[bytes], summary: Summary) -> StreamingHttpResponse:
    spool.write(_dumped({"complete": True, **summary.as_dict()}))
    length = spool.tell()
    return StreamingHttpResponse(
        _once(spool),
        status=summary.status,
        headers={"Content-Type": LINES, "Content-Length": str(length)},
    )


def _once(spool: IO[bytes]) -> Iterator[bytes]:
    with spool:
        yield from _from_start(spool)


def _from_start(spool: IO[bytes]) -> Iterator[bytes]:
    spool.seek(0)
    yield from iter(partial(spool.read, CHUNK), b"")


class DocumentExport(APIView):
    content_negotiation_class = AnyNegotiation

    @describe.export
    def get(self, request: Request) -> HttpResponseBase:
        documents = filtered(Document.objects.visible_to(request.user), request, also=())
        headers = {"Content-Type": LINES}
        return StreamingHttpResponse(export.lines(documents), headers=headers)

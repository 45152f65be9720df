"""HTTP for documents. Each view reads, calls, shapes and answers; failures are worded elsewhere."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import Sum
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.http import content_disposition_header
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from documents import blobs, content, edit, search
from documents.api import describe, shapes
from documents.api.cursors import Page, page
from documents.api.etags import etag, is_unchanged, unless_changed_since
from documents.api.filters import filtered, only, unknown_parameter
from documents.api.negotiation import AnyNegotiation
from documents.api.parsers import FormParser, StrictJSONParser
from documents.api.ranges import Part, part_of
from documents.api.submission import read_submission
from documents.errors import BytesMissing, Duplicate, Invalid, NotAllowed, NotReady
from documents.intake import accept
from documents.models import Document, Passage, State, octet_length

EXCERPT = 500


class DocumentList(APIView):
    parser_classes = [StrictJSONParser, FormParser]

    @describe.listing
    def get(self, request: Request) -> Response:
        documents = filtered(Document.objects.visible_to(request.user), request)
        if "q" in request.query_params:
            return _searched(documents, request)
        rows = documents.values(*shapes.COLUMNS)
        found = page(rows, request=request, key=("created_at", "id"), read=_moment)
        return Response(_enveloped(found, results=[shapes.out(row) for row in found.rows]))

    @describe.creation
    def post(self, request: Request) -> Response:
        on_duplicate = _on_duplicate(request)
        with read_submission(request) as wanted:
            kept = accept(wanted.content, owner_id=int(request.user.pk or 0), label=wanted.label)
        if on_duplicate == "reject" and not kept.created:
            raise Duplicate(kept.document.pk)
        answer = {**_shaped(kept.document), "duplicate": not kept.created}
        headers = {"Location": _url(request, kept.document), "ETag": etag(kept.document)}
        return Response(answer, status=201 if kept.created else 200, headers=headers)


def _moment(text: str) -> Any:
    moment = parse_datetime(text)
    if moment is None:
        raise ValueError(text)
    return moment


def _searched(documents: Any, request: Request) -> Response:
    query = search.Query.read(request.query_params["q"])
    matches = search.matches(documents, query=query)
    found = page(matches, request=request, key=("rank", "document_id"), read=int)
    ids = [row["document_id"] for row in found.rows]
    rows = {row["id"]: row for row in documents.filter(pk__in=ids).values(*shapes.COLUMNS)}
    marked = search.highlights(ids, query=query)
    results = [
        {**shapes.out(rows[pk]), "rank": match["rank"], "highlight": marked.get(pk, "")}
        for match in found.rows
        if (pk := match["document_id"]) in rows  # else deleted since it was found
    ]
    return Response({**_enveloped(found, results=results), "index_lag": search.lag_seconds()})


def _enveloped(found: Page, *, results: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "results": results,
        "next": found.next,
        "previous": found.previous,
        "count": found.count,
        "count_is": found.count_is,
    }


def _on_duplicate(request: Request) -> str:
    chosen = "return"
    for name, values in request.query_params.lists():
        if name != "on_duplicate":
            raise unknown_parameter(name, known=["on_duplicate"])
        chosen = only(name, values)
    if chosen not in {"return", "reject"}:
        raise Invalid(
            "on_duplicate is return or reject.", pointer="/on_duplicate", code="invalid_choice"
        )
    return chosen


def _shaped(document: Document) -> dict[str, Any]:
    return shapes.out(shapes.columns_of(document))


def _url(request: Request, document: Document) -> str:
    return request.build_absolute_uri(reverse("document", args=[document.pk]))


class OneDocument(APIView):
    """What the views about one document share: finding it, and who may touch it."""

    def found(self, request: Request, pk: UUID) -> Document:
        document: Document = get_object_or_404(Document.objects.visible_to(request.user), pk=pk)
        return document

    def touchable(self, request: Request, pk: UUID, *, permission: str) -> Document:
        document = self.found(request, pk)
        if document.owner_id != request.user.pk and not request.user.has_perm(permission):
            raise NotAllowed(
                "You may see this document and not change it. Ask its owner, or for the "
                f"permission {permission}."
            )
        return document


class DocumentDetail(OneDocument):
    @describe.detail
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        document = self.found(request, pk)
        tag = etag(document)
        if is_unchanged(request, tag):
            return HttpResponse(status=304, headers={"ETag": tag})
        return Response({**_shaped(document), "excerpt": _excerpt(pk)}, headers={"ETag": tag})

    @describe.change
    def patch(self, request: Request, pk: UUID) -> Response:
        document = self.touchable(request, pk, permission="documents.change_document")
        wanted = shapes.ChangeIn(data=request.data)
        wanted.is_valid(raise_exception=True)
        changed = edit.change(
            document,
            fields=wanted.validated_data,
            unless_changed_since=unless_changed_since(request, document),
        )
        answer = {**_shaped(changed), "excerpt": _excerpt(pk)}
        return Response(answer, headers={"ETag": etag(changed)})

    @describe.deletion
    def delete(self, request: Request, pk: UUID) -> Response:
        document = self.touchable(request, pk, permission="documents.delete_document")
        edit.delete(document, unless_changed_since=unless_changed_since(request, document))
        return Response(status=204)


def _excerpt(pk: UUID) -> str:
    first = Passage.objects.filter(document_id=pk, position=0).values_list("text", flat=True)
    return (first.first() or "")[:EXCERPT]


class DocumentText(OneDocument):
    content_negotiation_class = AnyNegotiation

    @describe.text
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        document = self.found(request, pk)
        if document.state not in {State.READY, State.EMPTY}:
            raise NotReady(document.state, document.error_detail)
        lengths = Passage.objects.filter(document_id=pk).aggregate(n=Sum(octet_length("text")))
        return _stream(
            (piece.encode() for piece in content.text(pk)),
            headers={
                "Content-Type": "text/plain; charset=utf-8",
                "Content-Length": str(lengths["n"] or 0),
            },
        )


class DocumentFile(OneDocument):
    content_negotiation_class = AnyNegotiation

    @describe.file
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        document = self.found(request, pk)
        if document.blob and not blobs.is_there(document.blob):
            raise BytesMissing
        tag = f'"{document.sha256}"'
        headers = _file_headers(document, tag)
        if is_unchanged(request, tag):
            return HttpResponse(status=304, headers={"ETag": tag})
        part = _wanted_part(request, document, tag)
        if part is None:
            part = Part(0, document.size)
        else:
            headers["Content-Range"] = part.content_range(document.size)
        status = 206 if "Content-Range" in headers else 200
        headers["Content-Length"] = str(part.length)
        pieces = content.original(document, start=part.start, length=part.length)
        return _stream(pieces, headers=headers, status=status)


def _wanted_part(request: Request, document: Document, tag: str) -> Part | None:
    header = request.headers.get("Range", "")
    if request.method != "GET" or not header or request.headers.get("If-Range", tag) != tag:
        return None
    return part_of(header, size=document.size)


def _file_headers(document: Document, tag: str) -> dict[str, str]:
    """Always a download: what people upload never runs as a page of this service."""
    name = document.extracted.get("filename") or document.title or f"{document.pk}.txt"
    plain = "".join(c if c.isprintable() and c not in '/\\"' else "_" for c in str(name))[:200]
    text = "; charset=utf-8" if not document.blob else ""
    return {
        "Content-Type": f"{document.content_type}{text}",
        "Content-Disposition": str(content_disposition_header(as_attachment=True, filename=plain)),
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Accept-Ranges": "bytes",
        "ETag": tag,
    }


def _stream(
    pieces: Iterator[bytes], *, headers: dict[str, str], status: int = 200
) -> StreamingHttpResponse:
    return StreamingHttpResponse(pieces, headers=headers, status=status)


class DocumentRetry(OneDocument):
    @describe.retry
    def post(self, request: Request, pk: UUID) -> Response:
        document = self.touchable(request, pk, permission="documents.change_document")
        edit.retry(document)
        return Response(_shaped(self.found(request, pk)), status=202)

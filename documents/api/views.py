"""HTTP for documents. Each view reads, calls, shapes and answers; failures are worded elsewhere."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import Sum
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from documents import blobs, content, edit
from documents.api import describe, shapes
from documents.api.etags import etag, is_unchanged, unless_changed_since
from documents.api.filters import only, unknown_parameter
from documents.api.listing import listed
from documents.api.negotiation import AnyNegotiation
from documents.api.parsers import FormParser, StrictJSONParser
from documents.api.ranges import Part, part_of
from documents.api.rendering import rendered
from documents.api.submission import read_submission
from documents.errors import BytesMissing, Duplicate, Invalid, NotAllowed, NotReady
from documents.intake import accept
from documents.lookup import find
from documents.models import Document, Passage, State, octet_length


class DocumentList(APIView):
    parser_classes = [StrictJSONParser, FormParser]

    @describe.listing
    def get(self, request: Request) -> HttpResponseBase:
        return listed(request)

    @describe.creation
    def post(self, request: Request) -> HttpResponseBase:
        on_duplicate = _on_duplicate(request)
        with read_submission(request) as wanted:
            kept = accept(wanted.content, owner_id=int(request.user.pk or 0), label=wanted.label)
        if on_duplicate == "reject" and not kept.created:
            raise Duplicate(kept.document.pk)
        answer = {**_shaped(kept.document), "duplicate": not kept.created}
        place = request.build_absolute_uri(f"{request.path}{kept.document.pk}/")
        headers = {"Location": place, "ETag": etag(kept.document)}
        return rendered(answer, status=201 if kept.created else 200, headers=headers)


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


class OneDocument(APIView):
    # What the views about one document share: finding it, and who may touch it. Not a docstring:
    # the API's description would show it to everybody.

    def found(self, request: Request, pk: UUID) -> Document:
        return self.excerpted(request, pk)[0]

    def excerpted(self, request: Request, pk: UUID) -> tuple[Document, str]:
        """With the beginning of its text."""
        found = find(pk, user=request.user)
        if found is None:
            raise Http404
        return found

    def touchable(self, request: Request, pk: UUID, *, permission: str) -> tuple[Document, str]:
        document, excerpt = self.excerpted(request, pk)
        if document.owner_id != request.user.pk and not request.user.has_perm(permission):
            raise NotAllowed(
                "You may see this document and not change it. Ask its owner, or for the "
                f"permission {permission}."
            )
        return document, excerpt


class DocumentDetail(OneDocument):
    @describe.detail
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        document, excerpt = self.excerpted(request, pk)
        tag = etag(document)
        if is_unchanged(request, tag):
            return HttpResponse(status=304, headers={"ETag": tag})
        return rendered({**_shaped(document), "excerpt": excerpt}, headers={"ETag": tag})

    @describe.change
    def patch(self, request: Request, pk: UUID) -> Response:
        document, excerpt = self.touchable(request, pk, permission="documents.change_document")
        wanted = shapes.ChangeIn(data=request.data)
        wanted.is_valid(raise_exception=True)
        changed = edit.change(
            document,
            fields=wanted.validated_data,
            unless_changed_since=unless_changed_since(request, document),
        )
        answer = {**_shaped(changed), "excerpt": excerpt}
        return Response(answer, headers={"ETag": etag(changed)})

    @describe.deletion
    def delete(self, request: Request, pk: UUID) -> Response:
        document, _ = self.touchable(request, pk, permission="documents.delete_document")
        edit.delete(document, unless_changed_since=unless_changed_since(request, document))
        return Response(status=204)


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
        document, _ = self.touchable(request, pk, permission="documents.change_document")
        edit.retry(document)
        return Response(_shaped(self.found(request, pk)), status=202)

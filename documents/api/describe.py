"""The operations as OpenAPI shows them, each with an example."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
)

from documents.api import shapes
from documents.models import State

ID = "5f0c7a52-9d1e-8b43-a1c2-3d4e5f607182"
DOCUMENT: dict[str, Any] = {
    "id": ID,
    "owner_id": 1,
    "title": "minutes.txt",
    "source": "",
    "content_type": "text/plain",
    "metadata": {"project": "apollo"},
    "extracted": {"encoding": "utf-8", "encoding_basis": "utf-8", "encoding_confidence": 1.0},
    "size": 5120,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "state": "ready",
    "indexed": True,
    "error_code": "",
    "error_detail": "",
    "created_at": "2026-01-31T12:00:00.000000Z",
    "updated_at": "2026-01-31T12:00:01.000000Z",
}
FOUND = {
    **DOCUMENT,
    "rank": 607927,
    "highlight": "the <mark>meeting</mark> of 31",
    "passages": [{"position": 0, "page": 1, "highlight": "the <mark>meeting</mark> of 31"}],
}
DETAIL = {**DOCUMENT, "excerpt": "Minutes of the meeting of 31 January …"}
TAGS = ["Documents"]
SEARCHING = (
    "All words of a search must stand in one passage of a document (up to 64 KiB of its text; the "
    "title belongs to each), a word with a minus nowhere in it. A document ranks as its best "
    "passage; `passages` are up to three of the best. While few documents match, all are ranked "
    '(`"ranking": "all"`). Of many, those in a window of the newest documents are, back to '
    '`ranked_since` (`"ranking": "window"`); `next` leads through the window, the best first, and '
    "from its end into the next one, so that a walk shows each match once. A window ends when it "
    "has a thousand matches or some more, or took too long, so a page may be short, or even "
    "empty, while there is a `next`. `previous` leads back to the start of its window. `count` "
    "is what was found up to the end of the window."
)

IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="Only if this is still its ETag"
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="304 if this is still its ETag"
)


def query(name: str, description: str, **more: Any) -> OpenApiParameter:
    return OpenApiParameter(name, description=description, **{"type": str, **more})


FILTERS = [
    query("state", "Only this state", enum=State.values),
    query("content_type", "Only this media type"),
    query("source", "Only this source"),
    query("error_code", "Only what failed with this code"),
    query("created_after", "A date or time, ISO 8601"),
    query("created_before", "A date or time, ISO 8601"),
    query(
        "metadata",
        "`metadata.KEY=TEXT`: only where this entry of the metadata has this text",
        type={"type": "object", "additionalProperties": {"type": "string"}},
        style="deepObject",
        explode=True,
    ),
]

listing = extend_schema(
    tags=TAGS,
    operation_id="documents_list",
    summary="List or search documents",
    description="Newest first; with `q` the best match first. Never the text itself.\n\n"
    + SEARCHING,
    parameters=[
        query("q", 'Words, `"a phrase"`, `or`, `-without`; up to 2,000 characters'),
        *FILTERS,
        query(
            "facets",
            "`content_type`, `state` or both, with a comma: how many of the documents have which "
            "value; of a search, those that were ranked. Counts up to 10,000 documents",
        ),
        query("page_size", "1 to 200", type=int, default=50),
        query("cursor", "From `next` or `previous`"),
    ],
    responses=shapes.PageOut,
    examples=[
        OpenApiExample(
            "A page",
            {
                "results": [DOCUMENT],
                "next": None,
                "previous": None,
                "count": 1,
                "count_is": "exact",
            },
        ),
        OpenApiExample(
            "A search",
            {
                "results": [FOUND],
                "next": None,
                "previous": None,
                "count": 1,
                "count_is": "exact",
                "ranking": "all",
                "ranked": 1,
                "ranked_since": None,
                "index_lag": 0.0,
            },
        ),
        OpenApiExample(
            "A search that finds very many, with a facet",
            {
                "results": [FOUND],
                "next": "https://example.com/api/v1/documents/?q=meeting&page_size=1&cursor=WyI…",
                "previous": None,
                "count": 1031,
                "count_is": "at_least",
                "ranking": "window",
                "ranked": 1031,
                "ranked_since": "2026-01-28T09:30:00.000000Z",
                "index_lag": 0.4,
                "facets": {
                    "content_type": [
                        {"value": "text/plain", "count": 900, "count_is": "at_least"},
                        {"value": "application/pdf", "count": 131, "count_is": "at_least"},
                    ]
                },
            },
        ),
    ],
)
creation = extend_schema(
    tags=TAGS,
    operation_id="documents_create",
    summary="Take a document in",
    description="201: it is kept. 200: it was there already. Both mean that its bytes are on disk.",
    parameters=[
        query(
            "on_duplicate",
            "`reject` answers 409 where the content is there already",
            enum=["return", "reject"],
            default="return",
        ),
        OpenApiParameter(
            "Content-Digest",
            str,
            OpenApiParameter.HEADER,
            description="Digest of the body (RFC 9530), verified when sent",
        ),
    ],
    request={"application/json": shapes.NewTextIn, "multipart/form-data": shapes.NewFileIn},
    responses={201: shapes.KeptOut, 200: shapes.KeptOut},
    examples=[
        OpenApiExample(
            "A text",
            {
                "title": "Minutes",
                "content": "We met and agreed.",
                "metadata": {"project": "apollo"},
            },
            request_only=True,
            media_type="application/json",
        ),
        OpenApiExample(
            "Kept", {**DOCUMENT, "duplicate": False}, response_only=True, status_codes=["201"]
        ),
        OpenApiExample(
            "There already",
            {**DOCUMENT, "duplicate": True},
            response_only=True,
            status_codes=["200"],
        ),
    ],
)
detail = extend_schema(
    tags=TAGS,
    operation_id="documents_retrieve",
    summary="Get a document",
    parameters=[IF_NONE_MATCH],
    responses={200: shapes.DetailOut, 304: OpenApiResponse(description="Unchanged")},
    examples=[OpenApiExample("A document", DETAIL, status_codes=["200"])],
)
change = extend_schema(
    tags=TAGS,
    operation_id="documents_update",
    summary="Change title, source or metadata",
    parameters=[IF_MATCH],
    request=shapes.ChangeIn,
    responses=shapes.DetailOut,
    examples=[
        OpenApiExample("A new title", {"title": "Minutes of January"}, request_only=True),
        OpenApiExample("Changed", DETAIL, response_only=True),
    ],
)
deletion = extend_schema(
    tags=TAGS,
    operation_id="documents_destroy",
    summary="Delete a document",
    parameters=[IF_MATCH],
    request=None,
    responses={204: OpenApiResponse(description="Gone")},
)
text = extend_schema(
    tags=TAGS,
    operation_id="documents_text",
    summary="Read the text",
    responses={(200, "text/plain"): OpenApiTypes.STR},
    examples=[OpenApiExample("The text", "We met and agreed.", media_type="text/plain")],
)
file = extend_schema(
    tags=TAGS,
    operation_id="documents_file",
    summary="Download the original",
    parameters=[
        OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="bytes=0-1023"),
        IF_NONE_MATCH,
    ],
    responses={
        (200, "application/octet-stream"): OpenApiTypes.BINARY,
        (206, "application/octet-stream"): OpenApiTypes.BINARY,
        304: OpenApiResponse(description="Unchanged"),
    },
)
retry = extend_schema(
    tags=TAGS,
    operation_id="documents_retry",
    summary="Try a failed document again",
    request=None,
    responses={202: shapes.DocumentOut},
    examples=[
        OpenApiExample(
            "Queued again",
            {**DOCUMENT, "state": "received", "indexed": False},
            status_codes=["202"],
        )
    ],
)

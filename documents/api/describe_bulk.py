"""The operations on many documents as OpenAPI shows them."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from documents.api import shapes
from documents.api.describe import FILTERS, TAGS, query
from documents.api.negotiation import LINES

SUMMARY: dict[str, Any] = {
    "lines": 3,
    "created": 1,
    "duplicates": 1,
    "failed": 1,
    "errors": [
        {
            "line": 3,
            "code": "empty_content",
            "detail": "The content has 0 bytes; there is nothing to keep.",
            "pointer": "/content",
        }
    ],
    "errors_truncated": False,
}
bulk = extend_schema(
    tags=TAGS,
    operation_id="documents_bulk",
    summary="Take many documents in",
    description="A JSON object on each line: `content`, or `content_base64` with `content_type` "
    "and `filename`; with `title`, `source` and `metadata` where you like. Of any length: the "
    "body may be chunked, and compressed with gzip. Each line is kept or refused by itself. "
    "Sending all of it again keeps nothing twice.\n\n200: all are kept. 207: some were refused, "
    "and `errors` names them. 422: none was kept.\n\nWith `Accept: application/x-ndjson` the "
    "answer is a result for each line, in order, and the summary as the last line; a line that "
    "repeats another one of the request names it in `repeats_line`.",
    parameters=[
        query("atomic", "`true`: all or nothing; needs the length or the digest", type=bool),
        query("dry_run", "`true`: check everything and keep nothing", type=bool),
        OpenApiParameter(
            "Content-Encoding", str, OpenApiParameter.HEADER, enum=["gzip"], description="gzip"
        ),
        OpenApiParameter(
            "Content-Digest",
            str,
            OpenApiParameter.HEADER,
            description="Digest of the body (RFC 9530), verified before anything is kept",
        ),
    ],
    request={(LINES): OpenApiTypes.STR},
    responses={
        200: shapes.BulkOut,
        207: shapes.BulkOut,
        (422, "application/problem+json"): OpenApiResponse(
            shapes.BulkOut, description="A problem with the same members"
        ),
        (422, LINES): OpenApiTypes.STR,
    },
    examples=[
        OpenApiExample(
            "Three lines",
            '{"content": "One", "title": "First"}\n{"content": "One"}\n{"content": ""}\n',
            request_only=True,
            media_type=LINES,
        ),
        OpenApiExample(
            "All kept",
            {**SUMMARY, "lines": 2, "failed": 0, "errors": []},
            response_only=True,
            status_codes=["200"],
        ),
        OpenApiExample("Some refused", SUMMARY, response_only=True, status_codes=["207"]),
    ],
)
export = extend_schema(
    tags=TAGS,
    operation_id="documents_export",
    summary="Get many documents, with their content",
    description="Oldest first, a line each, as `bulk/` takes them back; the filters are those of "
    'the list. The last line is `{"complete": true, …}`; without it something is missing. What '
    "does not fit into a line is named there under `omitted`, with the URL of its file.",
    parameters=FILTERS,
    responses={(200, LINES): OpenApiTypes.STR},
    examples=[
        OpenApiExample(
            "One document",
            '{"title":"First","content":"One","source":"","metadata":{}}\n'
            '{"complete":true,"documents":1,"omitted":[],"omitted_count":0,'
            '"omitted_truncated":false}\n',
            media_type=LINES,
        )
    ],
)

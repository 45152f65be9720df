"""What may be asked for in Accept: JSON for data, anything for a file."""

from typing import Any

import orjson
from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

LINES = "application/x-ndjson"


class LinesRenderer(BaseRenderer):
    """For who asks for NDJSON: a view streams it; what it does not stream is one line."""

    media_type = LINES
    format = "ndjson"
    charset = None  # JSON is UTF-8 always (RFC 8259, section 8.1)

    def render(self, data: Any, accepted_media_type: Any = None, context: Any = None) -> bytes:
        return orjson.dumps(data, option=orjson.OPT_APPEND_NEWLINE)


class JSONNegotiation(DefaultContentNegotiation):
    """Who accepts only problem+json still gets the data, and gets its failures as asked."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        accepted = request.META.get("HTTP_ACCEPT", "*/*")
        if accepted in {"*/*", renderers[0].media_type}:  # nearly everybody
            return renderers[0], renderers[0].media_type
        return super().select_renderer(request, renderers, format_suffix)

    def get_accept_list(self, request: Request) -> list[str]:
        wanted = super().get_accept_list(request)
        return [
            "application/json" if w.startswith("application/problem+json") else w for w in wanted
        ]


class AnyNegotiation(BaseContentNegotiation):
    """A file is what it is."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type

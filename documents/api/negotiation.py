"""What may be asked for in Accept: JSON for data, anything for a file."""

from typing import Any

from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.request import Request


class JSONNegotiation(DefaultContentNegotiation):
    """Who accepts only problem+json still gets the data, and gets its failures as asked."""

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

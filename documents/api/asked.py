"""What a list wants to know of a request, whichever way it came."""

from typing import Any, Protocol

from django.http import QueryDict


class Asked(Protocol):
    """REST framework's Request is one."""

    @property
    def query_params(self) -> QueryDict: ...

    @property
    def user(self) -> Any: ...

    @property
    def path(self) -> str: ...

    def build_absolute_uri(self, location: str | None = None) -> str: ...

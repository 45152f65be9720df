"""Plain data → JSON in UTF-8, for the answers that are asked for most."""

from collections.abc import Mapping
from typing import Any

import orjson
from django.http import HttpResponse


def rendered(
    data: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """What REST framework's renderer would send, made in a tenth of the time."""
    return HttpResponse(
        orjson.dumps(data), status=status, content_type="application/json", headers=headers
    )

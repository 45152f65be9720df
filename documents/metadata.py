"""What a caller may say about a document beside its title: a JSON object, within limits."""

import json
from typing import Any

from documents import strict_json
from documents.errors import Invalid

MAX_BYTES = 64 * 1000
MAX_DEPTH = 32


def checked(metadata: Any) -> dict[str, Any]:
    """The metadata, or Invalid."""
    if not isinstance(metadata, dict):
        raise Invalid("Metadata is a JSON object.", code="not_an_object")
    compact = json.dumps(metadata, ensure_ascii=False, separators=(",", ":"))
    if len(compact.encode()) > MAX_BYTES:
        raise Invalid(f"Metadata has more than {MAX_BYTES:,} bytes.", code="metadata_too_large")
    if strict_json.depth_of(metadata) > MAX_DEPTH:
        raise Invalid(f"Metadata is nested deeper than {MAX_DEPTH} levels.", code="too_deep")
    return metadata


def read(text: str) -> dict[str, Any]:
    """Metadata that comes as a JSON text, or Invalid."""
    return checked(strict_json.loads(text.encode(errors="surrogatepass")))

"""What a caller may say about a document beside its title: a JSON object, within limits."""

import json
from typing import Any

from documents import strict_json
from documents.errors import Invalid

MAX_BYTES = 64 * 1000
MAX_DEPTH = 32
# In JSON: a control character is \u0001.
MOST_BYTES_OF_A_CHARACTER = 6


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


def is_surely_small(metadata: dict[str, Any]) -> bool:
    """Whether it keeps the limits by far: one level, and few characters."""
    characters = 0
    for name, value in metadata.items():
        if isinstance(value, dict | list):
            return False
        characters += len(name) + (len(value) if isinstance(value, str) else 30)
    return characters * MOST_BYTES_OF_A_CHARACTER < MAX_BYTES

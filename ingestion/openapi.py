"""The description of the API: what every operation has in common."""

from typing import Any

PROBLEM = {
    "type": "object",
    "description": "A failure (RFC 9457)",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened and what to do next"},
        "code": {"type": "string", "description": "Stable; decide by this"},
        "pointer": {"type": "string", "description": "Where in the input (RFC 6901)"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}
EXAMPLE = {
    "type": "about:blank",
    "title": "Bad Request",
    "status": 400,
    "detail": "There is no field titel. There are: title, source, metadata, content.",
    "code": "unknown_field",
    "pointer": "/titel",
}


def describe_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook of drf-spectacular: any operation may answer with a problem."""
    schemas = result["components"].setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    for name, schema in schemas.items():
        if name.endswith("Request"):
            schema["additionalProperties"] = False  # what is not known is refused
    answer = {
        "description": "What went wrong, and what to do next",
        "content": {
            "application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "example": EXAMPLE,
            }
        },
    }
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["responses"].setdefault("default", answer)
    return result

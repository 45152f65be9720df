"""`?facets=content_type,state`: how many documents have which value."""

from typing import Any

from documents import facets
from documents.api.asked import Asked
from documents.errors import Invalid
from documents.models import DocumentQuerySet


def listed_facets(documents: DocumentQuerySet, request: Asked) -> dict[str, Any]:
    """What a list adds to its answer, if it is asked to."""
    names = facet_names(request)
    return {"facets": facets.of_documents(documents, names=names)} if names else {}


def facet_names(request: Asked) -> list[str]:
    """Which facets the request asks for. Raises Invalid."""
    text = request.query_params.get("facets")
    names = [] if text is None else text.split(",")
    for name in names:
        if name not in facets.FACETS:
            raise Invalid(
                f"{name[:100]!r} is no facet. There are: {', '.join(facets.FACETS)}.",
                pointer="/facets",
                code="invalid_choice",
            )
    return names

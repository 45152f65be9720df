"""Is the process there, and can it serve."""

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from ingestion.embedded.server import EmbeddedServerError
from ingestion.pending import pending_migrations, sentence
from ingestion.problems import MEDIA_TYPE, RETRY_SECONDS, problem


@csrf_exempt
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers at all."""
    return JsonResponse({"status": "ok"})


@csrf_exempt
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """503 only while the database is away or migrations are pending."""
    try:
        pending = pending_migrations()
    except (DatabaseError, InterfaceError, EmbeddedServerError):
        return _not_ready("database_away", "The database cannot be reached.")
    if pending:
        return _not_ready("migrations_pending", sentence(pending))
    return JsonResponse({"status": "ok"})


def _not_ready(code: str, detail: str) -> HttpResponse:
    return JsonResponse(
        problem(503, code=code, detail=detail),
        status=503,
        content_type=MEDIA_TYPE,
        headers={"Retry-After": str(RETRY_SECONDS)},
    )

"""Is the process there, and can it serve."""

from functools import cache

from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse

from ingestion.embedded.server import EmbeddedServerError
from ingestion.problems import MEDIA_TYPE, RETRY_SECONDS, problem


def live(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers at all."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> HttpResponse:
    """503 only while the database is away or migrations are pending."""
    try:
        pending = _expected() - set(MigrationRecorder(connection).applied_migrations())
    except (DatabaseError, InterfaceError, EmbeddedServerError):
        return _not_ready("database_away", "The database cannot be reached.")
    if pending:
        app, name = min(pending)
        sentence = f"{len(pending)} migration(s) are pending, {app}.{name} first. Run: migrate"
        return _not_ready("migrations_pending", sentence)
    return JsonResponse({"status": "ok"})


@cache
def _expected() -> frozenset[tuple[str, str]]:
    """The migrations of this release; its files do not change while it runs."""
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).graph.nodes)


def _not_ready(code: str, sentence: str) -> HttpResponse:
    return JsonResponse(
        problem(503, code=code, detail=sentence),
        status=503,
        content_type=MEDIA_TYPE,
        headers={"Retry-After": str(RETRY_SECONDS)},
    )

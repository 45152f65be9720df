"""The files that migrations come from: where they lie, what they were, and whose they are."""

import hashlib
import sys
from pathlib import Path

from django.apps import apps
from django.db.migrations import Migration


def file_of(migration: Migration) -> Path | None:
    """None where there is only compiled code."""
    name = getattr(sys.modules.get(type(migration).__module__), "__file__", None)
    path = Path(name) if name else None
    return path if path and path.suffix == ".py" and path.exists() else None


def file_hash(migration: Migration) -> str | None:
    """SHA-256 of the file in hex. Line ends do not count: git changes them on its way."""
    path = file_of(migration)
    if path is None:
        return None
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def own_apps() -> frozenset[str]:
    """Labels of the apps that belong to the project, and are not installed libraries."""
    installed = {"site-packages", "dist-packages"}
    return frozenset(
        app.label for app in apps.get_app_configs() if not installed & set(Path(app.path).parts)
    )

"""The files that migrations come from: where they lie, what they were, and whose they are."""

import hashlib
import sys
from pathlib import Path

from django.apps import apps
from django.db.migrations import Migration

INSTALLED = frozenset({"site-packages", "dist-packages"})


def file_of(migration: Migration) -> Path | None:
    """None where there is only compiled code."""
    return file_of_module(type(migration).__module__)


def file_of_module(name: str) -> Path | None:
    """Of one that has been imported."""
    file = getattr(sys.modules.get(name), "__file__", None)
    path = Path(file) if file else None
    return path if path and path.suffix == ".py" and path.exists() else None


def file_hash(migration: Migration) -> str | None:
    """SHA-256 of the file in hex. Line ends do not count: git changes them on its way."""
    path = file_of(migration)
    return None if path is None else hash_of(path)


def hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def own_apps() -> frozenset[str]:
    """Labels of the apps that belong to the project, and are not installed libraries."""
    return frozenset(app.label for app in apps.get_app_configs() if is_own(Path(app.path)))


def is_own(path: Path) -> bool:
    return not INSTALLED & set(path.parts)

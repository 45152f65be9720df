"""Who is at work, from where, with which version: what the journal notes beside each entry."""

import getpass
import os
import socket
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings


@dataclass(frozen=True, kw_only=True)
class Origin:
    run: uuid.UUID
    """The same for all entries of one command."""
    os_user: str | None
    host: str | None
    process: int | None
    version: str | None
    git_commit: str | None


def origin() -> Origin:
    """Of this process; a new run each time."""
    known: dict[str, Any] = getattr(settings, "SCHEMA", {})
    return Origin(
        run=uuid.uuid4(),
        os_user=_os_user(),
        host=socket.gethostname(),
        process=os.getpid(),
        version=known.get("VERSION"),
        git_commit=known.get("COMMIT") or _commit(known.get("PROJECT")),
    )


def _os_user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # in a container the number may have no name
        return str(os.geteuid())


def _commit(project: Path | None) -> str | None:
    """Of the checkout that the code lies in; "+" after it where something is not committed."""
    if project is None or not (project / ".git").exists():
        return None
    commit = _git(project, "rev-parse", "HEAD")
    changed = commit and _git(project, "status", "--porcelain", "--untracked-files=no")
    return f"{commit}+" if commit and changed else commit or None


def _git(project: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(project), *words],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):  # no git: then the commit is not known
        return ""
    return done.stdout.strip()

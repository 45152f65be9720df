"""Commands as a person runs them: what they say, and how they end."""

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.management import call_command
from django.db import connection

PROJECT = Path(__file__).resolve().parents[2]
ALICE = "alice@example.com"


def run(name: str, *words: object) -> tuple[str, str, int]:
    """What it writes to standard output and error, and the exit code."""
    out, err, code = StringIO(), StringIO(), 0
    try:
        call_command(name, *map(str, words), stdout=out, stderr=err)
    except SystemExit as end:
        code = int(end.code or 0)
    return out.getvalue(), err.getvalue(), code


def ingest(*words: object, owner: str = ALICE) -> tuple[dict[str, Any], int]:
    """The summary, and the exit code."""
    out, _, code = run("ingest", *words, "--owner", owner, "--json")
    return json.loads(out), code


def start(*words: object, **more: Any) -> "subprocess.Popen[bytes]":
    """The same as a process of its own, on the database of the tests."""
    return subprocess.Popen(
        [sys.executable, "manage.py", *map(str, words)],
        cwd=PROJECT,
        env={
            "PATH": os.environ["PATH"],
            "DATABASE_URL": database_url(),
            "STORAGE_DIR": str(settings.STORAGE_DIR),
            "SECRET_KEY": settings.SECRET_KEY,
        },
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
    )


def database_url() -> str:
    place = connection.settings_dict
    said = {
        "host": place["HOST"],
        "port": place["PORT"],
        "user": place["USER"],
        "password": place["PASSWORD"],
    }
    options = "&".join(
        f"{name}={quote(str(value), safe='')}" for name, value in said.items() if value
    )
    return f"postgres:///{place['NAME']}?{options}"

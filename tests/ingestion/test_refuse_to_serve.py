"""A web server that is started by itself refuses what a command refuses."""

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def test_a_weak_key_stops_the_server() -> None:
    started = subprocess.run(
        [sys.executable, "-c", "import ingestion.wsgi"],
        cwd=PROJECT,
        env={
            "DATABASE_URL": "postgres://ann:8Zk-2pQwXv@127.0.0.1:1/library",
            "SECRET_KEY": "short",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert started.returncode == 1
    assert "ImproperlyConfigured" in started.stderr
    assert "ingestion.E002" in started.stderr

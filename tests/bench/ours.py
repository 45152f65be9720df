"""The service as `manage.py serve` runs it: its web server and its worker, in production."""

import json
import os
import subprocess
from pathlib import Path

from tests.bench.errors import BenchError
from tests.bench.postgres import Postgres
from tests.bench.programs import PROJECT, Program, free_port
from tests.bench.system import PYTHON, System

DATABASE, TWIN = "bench_service", "bench_service_twin"
MOST_WORKERS = 8
TABLES = ("documents", "passages", "jobs")
# By the service's own code: a user, a token of theirs, and how `serve` starts the web server.
OWNER = """
import json
from accounts.models import User, new_token
from django.conf import settings
from ingestion.management.commands import serve
user = User.objects.create_user("bench@example.com")
token = new_token(user, days=30)[1]
print(json.dumps({"owner": user.pk, "token": token, "web": serve._web(settings.PORT)}))
"""


def start(postgres: Postgres, folder: Path) -> System:
    """Migrate, make the owner, and a twin of the empty database for the yardsticks; then start."""
    folder.mkdir()
    postgres.create(DATABASE)
    port = free_port()
    env = _environment(postgres, folder, port=port)
    _manage(env, "migrate")
    made = json.loads(_manage(env, "shell", "--verbosity=0", "-c", OWNER))
    postgres.create(TWIN, template=DATABASE)
    web = Program("web server", made["web"], env=env, folder=folder)
    worker = Program("worker", _worker(), env=env, folder=folder)
    web.wait_for_port(port)
    return System(
        name="service",
        database=DATABASE,
        tables=TABLES,
        port=port,
        token=made["token"],
        owner=made["owner"],
        web=web,
        worker=worker,
    )


def _environment(postgres: Postgres, folder: Path, *, port: int) -> dict[str, str]:
    return postgres.environment(DATABASE) | {
        "DJANGO_SETTINGS_MODULE": "ingestion.settings",
        "DATABASE_URL": postgres.url(DATABASE),
        "SECRET_KEY": "of-the-benchmarks-only-0123456789-abcdefghijklmnopqrstuvwxyz",
        "STORAGE_DIR": str(folder / "storage"),
        "ALLOWED_HOSTS": "127.0.0.1",
        "PORT": str(port),
        "DEBUG": "false",
        "LAPTOP": "false",
        "HTTPS": "false",
    }


def _manage(env: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [PYTHON, "manage.py", *words],
        cwd=PROJECT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchError(f"manage.py {words[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def worker_processes() -> int:
    """As many as the worker starts by itself on most machines; here they must be known."""
    has_affinity = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    return min(cores, MOST_WORKERS)


def _worker() -> list[str]:
    return [PYTHON, "manage.py", "worker", "--processes", str(worker_processes())]

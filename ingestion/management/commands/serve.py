"""Everything on this machine: database, migrations, worker, web."""

import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from documents import blobs
from documents.errors import StorageUnavailable
from ingestion.children import Children
from ingestion.first_steps import first_administrator, known_administrator, migrate
from ingestion.panel import Panel

HOST = "127.0.0.1"
READY_SECONDS = 60
TICK = 0.2


class Command(BaseCommand):
    help = (
        "Run everything on this machine: start the database (unless DATABASE_URL names one), "
        "migrate, make a first administrator, start a worker and the web server. Ctrl-C stops all."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        port = settings.PORT
        _demand_free(port)
        _demand_storage()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, _interrupt)
        children = Children()
        try:
            panel = self._start(children, port)
            self._say(str(panel))
            self._keep_up(children)
        except KeyboardInterrupt:
            # A second Ctrl-C must not leave anything behind.
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            self._say("\nStopping …")
        finally:
            children.stop()
        self._say("Stopped.")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()  # at once, into a pipe or a log too

    def _start(self, children: Children, port: int) -> Panel:
        self._say("Preparing the database …")
        applied = migrate()
        administrator = first_administrator()
        email = known_administrator()
        database = _database()
        connection.close()
        self._say("Starting worker and web server …")
        here = settings.BASE_DIR
        children.start("worker", [sys.executable, "manage.py", "worker"], folder=here)
        children.start("web server", _web(port), folder=here)
        url = f"http://{HOST}:{port}"
        _wait_until_ready(children, url)
        return Panel(url, database, applied, administrator, email)

    def _keep_up(self, children: Children) -> None:
        """Until Ctrl-C, or until one of them ends again and again."""
        while True:
            for child in children.ended():
                self.stderr.write(f"The {child.name} ended by itself; starting it again.")
                if not child.start_again():
                    raise CommandError(
                        f"The {child.name} does not stay up; see above why.", returncode=2
                    )
            time.sleep(TICK)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _demand_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} on {HOST} cannot be used: {error.strerror}. Choose another one with "
                f"PORT=, for example: PORT={port + 1 if port < 65535 else 8001} make run",
                returncode=2,
            ) from error


def _demand_storage() -> None:
    try:
        blobs.scratch().close()
    except StorageUnavailable as error:
        raise CommandError(
            f"STORAGE_DIR ({settings.STORAGE_DIR}) cannot be written: {error.__cause__}. Make it "
            "writable, or name another folder.",
            returncode=2,
        ) from error


def _web(port: int) -> list[str]:
    # Its default number of threads costs a second at the 99th percentile. Of eight, as many as
    # share a commit well, it says that they are many, at each start: so only errors are shown.
    options = f"--interface wsgi --host {HOST} --port {port} --workers 2 --blocking-threads 8"
    quiet = "--log-level error --respawn-failed-workers --workers-kill-timeout 5"
    return [
        sys.executable,
        *["-m", "granian"],
        *options.split(),
        *quiet.split(),
        "ingestion.wsgi:application",
    ]


def _database() -> str:
    connection.ensure_connection()
    version = connection.connection.server_version
    number = f"PostgreSQL {version // 10000}.{version % 10000}"
    if settings.EMBEDDED:
        return f"{number}, embedded, in {connection.settings_dict['EMBEDDED_FOLDER']}"
    where = connection.settings_dict
    return f"{number} at {where['HOST'] or 'localhost'}:{where['PORT'] or 5432}, {where['NAME']}"


def _wait_until_ready(children: Children, url: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        for child in children.ended():
            raise CommandError(f"The {child.name} did not start; see above why.", returncode=2)
        try:
            with urllib.request.urlopen(f"{url}/health/ready", timeout=5):  # noqa: S310
                return
        except (urllib.error.URLError, OSError):
            time.sleep(TICK)
    raise CommandError(f"The web server did not answer in {READY_SECONDS} s.", returncode=2)

"""A cluster in its folder: made whole or not at all, settled after a crash, reached by a socket."""

import logging
import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from ingestion.embedded.programs import EmbeddedServerError, Programs, environment, fingerprint

logger = logging.getLogger(__name__)

USER = DATABASE = "ingestion"
SOCKET = ".s.PGSQL.5432"
LONGEST_ADDRESS = 100  # bytes, with the name of the socket; macOS has room for 103
PATIENCE_S = 60

# The socket's folder is relative to the cluster: a server whose folder was removed would take
# the socket of the next one with it as it ends.
# Statements that fail would be logged with the whole document in them.
SETTINGS = (
    "-c listen_addresses= -c port=5432 -c unix_socket_directories=../socket "
    "-c jit=off -c log_min_error_statement=panic"
)


def socket_dir(folder: Path) -> Path:
    """Where to connect to: the socket's folder, or a short name for it."""
    real = folder.absolute() / "socket"
    # libpq takes a comma for the end of the first of several hosts.
    if len(os.fsencode(real / SOCKET)) < LONGEST_ADDRESS and "," not in str(real):
        return real
    private = f"{USER}-{os.geteuid()}-{fingerprint(folder.absolute())}"
    return Path(tempfile.gettempdir()) / private / "socket"


def is_listening(folder: Path) -> bool:
    """Whether there is a server, be it ready or not. Far quicker than asking it a question."""
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(str(socket_dir(folder) / SOCKET)) == 0


@dataclass(frozen=True)
class Cluster:
    folder: Path
    data: Path
    programs: Programs

    @property
    def log(self) -> Path:
        return self.data / "server.log"

    def has_started(self) -> bool:
        """And was not stopped since. Asked because another major has the same socket."""
        return (self.data / "postmaster.pid").exists()

    def is_accepting(self) -> bool:
        """Also true when all connections are taken: then there is nothing to start, either."""
        if not self.has_started():
            return False
        address = ("-h", str(socket_dir(self.folder)), "-p", "5432")
        command = self.programs.command("pg_isready", "--quiet", *address)
        return subprocess.run(command, check=False, env=environment()).returncode == 0

    def settle(self) -> bool:
        """Wait out a start, a stop or a crash: true if a server accepts connections in the end,
        false if no process of it is left."""
        deadline = time.monotonic() + PATIENCE_S
        while not self.is_accepting():
            left = self.processes()
            if not left:
                return False
            if self._postmaster() not in {process.pid for process in left}:
                _terminate(left)
            if time.monotonic() > deadline:
                numbers = " ".join(str(process.pid) for process in left)
                raise EmbeddedServerError(
                    f"PostgreSQL in {self.data} neither answers nor ends.",
                    hint=f"See {self.log}; to end it: kill -QUIT {numbers}",
                )
            time.sleep(0.05)
        return True

    def processes(self) -> list[psutil.Process]:
        """Found by where they work: the postmaster's file may be gone, or name a stranger."""
        return [process for process in psutil.process_iter() if _works_in(process, self.data)]

    def _postmaster(self) -> int | None:
        with suppress(OSError, ValueError, IndexError):
            return int((self.data / "postmaster.pid").read_text().split()[0])
        return None

    def prepare(self) -> None:
        """For a start, when no process is left."""
        # A lock file that names any live process, or is empty, would keep PostgreSQL from starting.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        self.programs.account.own(self.folder / "socket")
        for stale in (SOCKET, f"{SOCKET}.lock"):
            (self.folder / "socket" / stale).unlink(missing_ok=True)
        if self.log.exists():
            self.log.replace(self.log.with_name("server.log.1"))
        if self.programs.account.uid is not None:
            self._remove_old_copies()
            self._keep_from_cleaners()

    def _remove_old_copies(self) -> None:
        """Of the programs. Nobody runs them: the server was the last to."""
        for copy in self.folder.glob("binaries-*"):
            if copy not in self.programs.installation.parents:
                shutil.rmtree(copy)

    def _keep_from_cleaners(self) -> None:
        """They remove from /var/tmp, file by file, what nobody has touched for a month."""
        with suppress(FileNotFoundError):  # an interrupted initdb may be tidying up
            for path in self.folder.rglob("*"):
                os.utime(path, follow_symlinks=False)

    def start_command(self, *, options: str) -> list[str]:
        wait = ("--wait", f"--timeout={PATIENCE_S}", "--silent")
        say = ("--log", str(self.log), "--options", f"{SETTINGS} {options}")
        return self.programs.command("pg_ctl", "start", "-D", self.data, *wait, *say)

    def stop_command(self) -> list[str]:
        wait = ("--wait", f"--timeout={PATIENCE_S}", "--silent")
        return self.programs.command("pg_ctl", "stop", "-D", self.data, "--mode=fast", *wait)

    def last_words(self) -> str:
        """Why the server did not start, as its log has it."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        grave = [line for line in lines if "FATAL:" in line or "PANIC:" in line]
        return " | ".join((grave or lines)[-2:])


def find(folder: Path, programs: Programs) -> Cluster | None:
    """The cluster for these programs. Each major version of PostgreSQL has one of its own."""
    found = sorted(folder.glob(f"{programs.major}-*/global/pg_control"))
    return Cluster(folder, found[0].parents[1], programs) if found else None


def create(folder: Path, programs: Programs, *, durable: bool) -> Cluster:
    """Under another name first, so that only a finished cluster is ever found."""
    for unfinished in folder.glob("initdb-*"):
        shutil.rmtree(unfinished, ignore_errors=True)  # its initdb may still be running
    for other in folder.glob("*/global/pg_control"):
        logger.warning(
            "PostgreSQL %s starts with an empty database; that of another version is in %s.",
            programs.major,
            other.parents[1],
        )
    draft = Path(tempfile.mkdtemp(prefix="initdb-", dir=folder))
    programs.account.own(draft)
    try:
        _fill(draft, programs, durable=durable)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    # No two clusters ever have the same path: a server whose folder was removed goes on for up to
    # a minute, and would write its pg_control into a new cluster of the same name.
    data = draft.rename(folder / draft.name.replace("initdb", str(programs.major)))
    return Cluster(folder, data, programs)


def _fill(draft: Path, programs: Programs, *, durable: bool) -> None:
    run, command = programs.run, programs.command
    # Builtin rather than libc or ICU: the same order of texts on every platform.
    locale = ("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8")
    access = (f"--username={USER}", "--auth-local=trust", "--auth-host=reject")
    run(command("initdb", "-D", draft, *locale, *access, "--no-sync"))
    alone = ("--single", "-F", "-D", draft, "-cexit_on_error=on", "postgres")
    run(command("postgres", *alone), said=f"CREATE DATABASE {DATABASE} STRATEGY file_copy\n")
    if durable:
        run(command("initdb", "-D", draft, "--sync-only"))


def _works_in(process: psutil.Process, data: Path) -> bool:
    with suppress(psutil.Error, OSError):
        return process.name().startswith("postgres") and Path(process.cwd()) == data.resolve()
    return False


def _terminate(orphans: list[psutil.Process]) -> None:
    """Backends without a postmaster finish their statement first, however long it takes."""
    for process in orphans:
        with suppress(psutil.Error):
            process.terminate()

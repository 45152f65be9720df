"""A PostgreSQL server for a checkout, up as long as somebody uses it.

Every process that uses the server holds a lease: a shared lock, which ends with the process.
A watchdog beside the server waits for the exclusive one, and then stops the server. So a
`kill -9` leaks nothing, and processes that come and go need not know of each other.

The folder contains
    lease, watchdog, starting   locks: who uses it, who watches it, who is starting it
    18-…/                       the cluster of PostgreSQL 18, and its server.log
    socket/                     the only way in
"""

import json
import os
import pwd
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ingestion.embedded import locks, watchdog
from ingestion.embedded.cluster import (
    DATABASE,
    USER,
    Cluster,
    create,
    find,
    is_listening,
    socket_dir,
)
from ingestion.embedded.programs import (
    OWN_SERVER,
    EmbeddedServerError,
    binaries,
    closed_parent,
    environment,
    fingerprint,
    programs,
)

__all__ = [
    "DATABASE",
    "USER",
    "EmbeddedServerError",
    "binaries",
    "ensure",
    "home",
    "socket_dir",
    "stop",
]


def home(project: Path) -> Path:
    """The folder of a project's server. Root's lies where `nobody` can reach it."""
    project = project.absolute()
    if os.geteuid() != 0:
        return project / ".postgres"
    return Path("/var/tmp") / f"{project.name}-{fingerprint(project)}"  # noqa: S108


@dataclass(frozen=True)
class _Lease:
    descriptor: int
    holder: int
    """A process id. A forked child shares the lease, and takes one of its own as it connects."""

    def is_good(self, folder: Path) -> bool:
        return (
            self.holder == os.getpid()
            and locks.is_at(folder / "lease", descriptor=self.descriptor)
            and locks.is_taken(folder / "watchdog")
            and is_listening(folder)
        )


_leases: dict[Path, _Lease] = {}
_one_thread = threading.Lock()
# A fork waits for the thread that is in here, lest the child inherits what is half done.
os.register_at_fork(
    before=_one_thread.acquire,
    after_in_parent=_one_thread.release,
    after_in_child=_one_thread.release,
)


def ensure(folder: Path, *, options: str = "", link: Path | None = None) -> None:
    """Return when the server accepts connections; it will as long as this process lives.

    `options` count if this process is the one that starts the server. `link` is where people
    look for the folder: a symbolic link is put there if the folder is elsewhere.
    """
    folder = folder.absolute()
    with _one_thread:
        held = _leases.get(folder)
        try:
            if held is not None and held.is_good(folder):
                return
            _leases[folder] = _Lease(_acquire(folder, options=options, link=link), os.getpid())
        except (OSError, subprocess.SubprocessError) as error:
            raise EmbeddedServerError(
                f"The embedded PostgreSQL in {folder} cannot be used: {error}."
            ) from error
        if held is not None:
            os.close(held.descriptor)


def stop(folder: Path) -> None:
    """Stop the server now, whoever else uses it, and give back our lease."""
    folder = folder.absolute()
    with _one_thread:
        if folder.exists():
            _check_owner(folder)
            # A lease, so that a watchdog does not do the same at the same time.
            with locks.held(folder / "lease", mode=locks.SHARED):
                _bring_down(folder)
        if held := _leases.pop(folder, None):
            os.close(held.descriptor)


def _acquire(folder: Path, *, options: str, link: Path | None) -> int:
    _claim(folder, mode=0o711 if os.geteuid() == 0 else 0o700)
    if link is not None:
        with suppress(OSError):  # a read-only checkout, say
            _point(link, at=folder)
    lease = locks.take(folder / "lease", mode=locks.SHARED)
    try:
        with locks.held(folder / "starting", mode=locks.EXCLUSIVE) as starting:
            _bring_up(folder, options=options, starting=starting)
    except BaseException:
        os.close(lease)
        raise
    return lease


def _claim(folder: Path, *, mode: int) -> None:
    """Make the folder, or see that it is ours: it may lie where others can make one, too."""
    folder.mkdir(parents=True, exist_ok=True)
    _check_owner(folder)
    folder.chmod(mode)


def _check_owner(folder: Path) -> None:
    for owner in (folder.lstat().st_uid, folder.stat().st_uid):
        if owner != os.geteuid():
            raise EmbeddedServerError(
                f"{folder} belongs to {_name(owner)}, and this is {_name(os.geteuid())}.",
                hint=f"Remove it if nobody needs what is in it. {OWN_SERVER}",
            )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _point(link: Path, *, at: Path) -> None:
    """Make or mend a symbolic link; anything else of that name stays as it is."""
    if link == at or (link.is_symlink() and link.readlink() == at):
        return
    if link.is_symlink():
        link.unlink()
    if not link.exists():
        link.symlink_to(at)


def _bring_up(folder: Path, *, options: str, starting: int) -> None:
    _check_reach(folder)
    _name_shortly(folder)
    build = programs(folder)
    cluster = find(folder, build)
    if cluster and cluster.settle():
        if not locks.is_taken(folder / "watchdog"):
            _watch(cluster, starting=starting, start=[])
        return
    if is_listening(folder):
        raise EmbeddedServerError(
            f"Another major version of PostgreSQL than {build.major} serves from {folder}.",
            hint="End the processes that use it, or choose its programs by EMBEDDED_POSTGRES_HOME.",
        )
    cluster = cluster or create(folder, build, durable="fsync=off" not in options)
    cluster.prepare()
    _watch(cluster, starting=starting, start=cluster.start_command(options=options))


def _bring_down(folder: Path) -> None:
    with locks.held(folder / "starting", mode=locks.EXCLUSIVE):
        if is_listening(folder):
            cluster = find(folder, programs(folder))
            if cluster and cluster.has_started():
                cluster.programs.run(cluster.stop_command())


def _check_reach(folder: Path) -> None:
    closed = closed_parent(folder)
    if closed and os.geteuid() == 0:
        raise EmbeddedServerError(
            f"`nobody`, who runs PostgreSQL for root, cannot enter {closed}.",
            hint=f"Choose a folder that everybody can reach, below /var/tmp, say. {OWN_SERVER}",
        )


def _name_shortly(folder: Path) -> None:
    short, real = socket_dir(folder), folder / "socket"
    if short != real:
        _claim(short.parent, mode=0o700)
        _point(short, at=real)


def _watch(cluster: Cluster, *, starting: int, start: list[str]) -> None:
    """Send a watchdog, which starts the server first if there is a command for it."""
    with locks.held(cluster.folder / "watchdog", mode=locks.SHARED) as watching:
        orders = watchdog.Orders(
            folder=str(cluster.folder),
            start=start,
            stop=cluster.stop_command(),
            uid=cluster.programs.account.uid,
            gid=cluster.programs.account.gid,
            watching=watching,
            starting=starting,
        )
        sent = subprocess.Popen(
            # Isolated: it depends on no package, and on no variable.
            [sys.executable, "-I", "-S", watchdog.__file__, str(cluster.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
            umask=0o077,
            env=environment(),
            pass_fds=(watching, starting),
            start_new_session=True,  # the Ctrl-C that ends us must not reach the server
        )
        # Not subprocess.run(), which would kill it when we are interrupted.
        with sent:
            said, _ = sent.communicate(json.dumps(orders))
    if sent.returncode:
        raise EmbeddedServerError(
            f"PostgreSQL did not start: {cluster.last_words() or said.strip()} (see {cluster.log})."
        )

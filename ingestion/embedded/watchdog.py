"""Stands beside one server: starts it, waits for its last user to go, stops it.

A program of its own, which needs nothing but the standard library, so that it outlives a
`kill -9` of whoever started it. It takes its orders as JSON from its standard input, and
returns as soon as the server accepts connections; a child of it then stays behind.
"""

import fcntl
import json
import os
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TypedDict


class Orders(TypedDict):
    folder: str
    """Contains `lease`, which every user of the server has locked, and `socket/`."""
    start: list[str]
    """The command; empty if the server runs already."""
    stop: list[str]
    uid: int | None
    gid: int | None
    """Who runs these commands; None: whoever we are."""
    watching: int
    """An inherited lock: whoever finds it free knows that nobody watches."""
    starting: int
    """Another one: the next to come waits until the server has been started."""


def main() -> int:
    orders: Orders = json.load(sys.stdin)
    if orders["start"]:
        started = _run(orders["start"], orders=orders)
        if started.returncode:
            _run(orders["stop"], orders=orders)  # it may only have been too slow
            sys.stdout.write(started.stdout)
            return 1
    if os.fork() == 0:
        _let_go(orders["starting"])
        _stop_after_the_last_user(orders)
    return 0


def _let_go(starting: int) -> None:
    os.close(starting)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)


def _stop_after_the_last_user(orders: Orders) -> None:
    folder = Path(orders["folder"])
    with suppress(OSError):  # whoever cleans /var/tmp by age passes by a locked folder
        fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_SH)
    with (folder / "lease").open() as lease:
        fcntl.flock(lease, fcntl.LOCK_EX)
        if _is_still_there(folder, lease=lease.fileno()) and _is_listening(folder):
            _run(orders["stop"], orders=orders)
        # First this, then the lease: the next user must not take us for a watchdog.
        os.close(orders["watching"])


def _is_still_there(folder: Path, *, lease: int) -> bool:
    """Or was the folder removed, and maybe made again, with another server in it?

    A server that lost its folder notices within a minute, and stops by itself.
    """
    try:
        return os.path.samestat(os.fstat(lease), (folder / "lease").stat())
    except FileNotFoundError:
        return False


def _is_listening(folder: Path) -> bool:
    """Asked before a stop: after a crash, pg_ctl would signal whoever has the old pid now."""
    try:
        os.chdir(folder / "socket")  # the whole path may be too long to connect to
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(".s.PGSQL.5432")
    except OSError:
        return False
    return True


def _run(command: list[str], *, orders: Orders) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        cwd="/",
        user=orders["uid"],
        group=orders["gid"],
        extra_groups=None if orders["uid"] is None else [],
    )


if __name__ == "__main__":
    sys.exit(main())

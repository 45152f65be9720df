"""Extract and index what was taken in."""

import math
import os
import signal
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, connections

from documents import jobs
from documents.extraction.launch import TEMPLATE
from documents.extraction.shared import SHARED
from documents.fleet import Beats, Fleet, Line
from documents.jobs import Share
from documents.wake import Doorbell
from documents.worker import GRACE_SECONDS, Worker

# Each worker holds a connection or two, of the hundred that PostgreSQL grants by default.
MOST_BY_DEFAULT = 8
MOST = 128
# In a flood of single uploads one worker indexes, and rests, so that requests have the machine;
# what has waited so long is taken by the others as well.
PATIENCE_SECONDS = 5.0
QUOTA = Path("/sys/fs/cgroup/cpu.max")


class Command(BaseCommand):
    help = (
        "Work on the queue until stopped: extract the text of new documents, and index it. "
        "Any number of workers may run, on any number of machines."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--processes",
            type=_between(1, MOST),
            metavar="N",
            default=min(usable_cores(), MOST_BY_DEFAULT),
            help="so many workers, and one more for small single uploads only, which therefore "
            "never wait for a long document (default: one per processor, %(default)s here)",
        )
        parser.add_argument(
            "--alone",
            action="store_true",
            help="be one worker for everything, in this process, instead of starting several",
        )
        parser.add_argument(
            "--drain",
            action="store_true",
            help="end as soon as nothing is due or under way any more",
        )
        parser.add_argument(
            "--heartbeat",
            type=Path,
            metavar="FILE",
            help="touch FILE while all workers are alive, for a probe",
        )
        parser.add_argument(
            "--lease-seconds",
            type=_between(0.2, 3600.0),
            metavar="S",
            default=float(jobs.LEASE_SECONDS),
            help="after so long others take over the jobs of a worker that died or froze "
            "(default: %(default)g)",
        )
        parser.add_argument(
            "--grace-seconds",
            type=_between(0.0, 3600.0),
            metavar="S",
            default=GRACE_SECONDS,
            help="how long a job in hand may go on after the order to stop; then it is given "
            "back (default: %(default)g)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["drain"] and self.stdout.isatty():
            self.stdout.write("Waiting for documents. Ctrl-C stops.")
        done = _alone(**options) if options["alone"] else _together(**options)
        if options["drain"]:
            self.stdout.write(f"{done} job(s) done")


def _alone(*, drain: bool, heartbeat: Path | None, **options: Any) -> int:
    def touch() -> None:
        if heartbeat:
            heartbeat.touch()

    doorbell = Doorbell(listens=not drain)
    worker = _worker(doorbell, share=jobs.ALL, heartbeat=touch, **options)
    try:
        _work(worker, doorbell, drain=drain, waits_for_others=False)
    finally:
        doorbell.close()
    return worker.done


def _worker(
    doorbell: Doorbell,
    *,
    share: Share,
    heartbeat: Callable[[], None],
    lease_seconds: float,
    grace_seconds: float,
    **_: Any,
) -> Worker:
    return Worker(
        lease_seconds=lease_seconds,
        grace_seconds=grace_seconds,
        share=share,
        doorbell=doorbell,
        heartbeat=heartbeat,
    )


def _work(worker: Worker, doorbell: Doorbell, *, drain: bool, waits_for_others: bool) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    # At once, also while the database keeps Python from running the handler.
    signal.set_wakeup_fd(doorbell.write_end)
    try:
        if drain:
            worker.drain(waits_for_others=waits_for_others)
        else:
            worker.run()
    finally:
        signal.set_wakeup_fd(-1)
        # A child of the fleet ends without the interpreter's farewell, which would do this.
        SHARED.clear()
        TEMPLATE.stop()


def _together(*, processes: int, drain: bool, heartbeat: Path | None, **options: Any) -> int:
    if drain:
        connection.ensure_connection()  # what is wrong is said once, by this process
    connections.close_all()  # a fork must not share them
    fleet = Fleet(heartbeat=heartbeat, grace_seconds=options["grace_seconds"], ends=drain)
    share = jobs.ALL if drain else Share(patience_seconds=PATIENCE_SECONDS)
    for number in range(processes):
        fleet.add(f"worker {number + 1}", _child(share=share, drain=drain, **options))
    if not drain:
        fleet.add("express worker", _child(share=jobs.ONLY_SMALL_SINGLE, drain=False, **options))
    done = fleet.run()
    if fleet.failed:
        raise CommandError("A worker ended with an error; see above which.", returncode=2)
    return done


def _child(*, share: Share, drain: bool, **options: Any) -> Callable[[Line], None]:
    def work(line: Line) -> None:
        listens = not drain and not share.patience_seconds
        doorbell = Doorbell(listens=listens, parent=line.parent)
        beat = Beats(line, lambda: worker.done)
        worker = _worker(doorbell, share=share, heartbeat=beat, **options)
        _work(worker, doorbell, drain=drain, waits_for_others=True)
        line.beat(worker.done)
        connections.close_all()

    return work


def usable_cores(*, quota: Path = QUOTA) -> int:
    """Those that the system grants this process, also within a container."""
    cores = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    with suppress(OSError, ValueError):  # no such file, or "max": no quota
        microseconds, period = map(int, quota.read_text().split())
        cores = min(cores, math.ceil(microseconds / period))
    return max(cores, 1)


def _between(least: float, most: float) -> Callable[[str], float]:
    kind = type(least)

    def read(text: str) -> float:
        try:
            number = kind(text)
        except ValueError:
            number = math.nan
        if not least <= number <= most:
            raise ArgumentTypeError(f"{text} is not a number from {least:g} to {most:g}")
        return number

    return read

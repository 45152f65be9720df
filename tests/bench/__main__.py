"""`make bench`: the service beside a peer and beside PostgreSQL alone, on one server with fsync on.

    python -m tests.bench                 everything
    python -m tests.bench post bulk       these parts; `up` starts both systems and waits
    ROUNDS=3 SECONDS=10 CLIENTS=8 BULK=20000 BIG=100000 LARGE=1 SMALL=1
    BENCH_DATABASE_URL=…                  another PostgreSQL; BENCH_DIR=… another disk

Seconds say something about the machine; what is to be read are the ratios. The systems take turns,
another one goes first in each round, a ratio is taken within a round, and the median of the rounds
is printed.
"""

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import psycopg2

from tests.bench import (
    bulk,
    fresh,
    machine,
    memory,
    migrations,
    pdf,
    post,
    postgres,
    reads,
    scale,
    search,
    up,
)
from tests.bench.corpus import CACHE
from tests.bench.errors import BenchError
from tests.bench.stage import Stage
from tests.bench.table import HEAD, Row

Part = Callable[[Stage], Iterator[Row]]

# In this order: the big tables come last, since they are filled once.
PARTS: dict[str, Part] = {
    "migrations": migrations.rows,
    "post": post.rows,
    "known": post.known_rows,
    "bulk": bulk.rows,
    "memory": memory.rows,
    "fresh": fresh.rows,
    "pdf": pdf.rows,
    "get": reads.get_rows,
    "list": reads.list_rows,
    "search": search.rows,
}
FAILURES = (BenchError, psycopg2.Error, OSError)
ON_DEMAND: dict[str, Part] = {"up": up.rows}


def main(*names: str) -> int:
    known = PARTS | ON_DEMAND
    if unknown := set(names) - known.keys():
        _say(f"There is no {', '.join(sorted(unknown))}. There are: {' '.join(known)}")
        return 2
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        # Run by root, the server is another user, who must be able to reach the folder.
        place = os.environ.get("BENCH_DIR") or ("/var/tmp" if os.geteuid() == 0 else None)
        with tempfile.TemporaryDirectory(prefix="ingestion-bench-", dir=place) as folder:
            Path(folder).chmod(0o755)
            _run(Path(folder), {name: known[name] for name in names or PARTS})
    except FAILURES as error:
        _say(f"\n{error}")
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _run(folder: Path, parts: dict[str, Part]) -> None:
    chosen = scale.read()
    with (
        postgres.running(folder / "postgres", is_small=chosen.is_small) as server,
        Stage(folder, scale=chosen, postgres=server) as stage,
    ):
        facts = machine.facts(stage)
        _say(f"{machine.described(facts)}\n\n{HEAD}")
        rows: list[Row] = []
        took: dict[str, float] = {}
        try:
            for name, part in parts.items():
                started = time.monotonic()
                for row in part(stage):
                    _say(str(row))
                    rows.append(row)
                took[name] = time.monotonic() - started
        except FAILURES as error:
            raise BenchError(f"{error}\n{stage.last_words()}") from error
        finally:
            if rows:  # those before a Ctrl-C, too
                _say(f"\n{_keep(facts, rows, took)}")


def _keep(facts: dict[str, Any], rows: list[Row], took: dict[str, float]) -> str:
    """What was measured, as a file for programs."""
    CACHE.mkdir(parents=True, exist_ok=True)
    moment = datetime.now(UTC)
    path = CACHE / f"{moment:%Y%m%d-%H%M%S}-{facts['commit'].partition(' ')[0]}.json"
    about = {**facts, "finished": moment.isoformat(), "seconds": took}
    path.write_text(json.dumps({**about, "rows": [row.as_dict() for row in rows]}, indent=1))
    missed = sum(row.is_met is False for row in rows)
    times = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in took.items())
    summary = f"{len(rows)} rows, {missed} targets missed; kept in {os.path.relpath(path)}"
    return f"{summary}\n{times}"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

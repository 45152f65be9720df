"""POST of one document: fresh content with 1, 8 and 32 clients, and content that is known."""

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from io import StringIO
from itertools import cycle
from pathlib import Path
from typing import Any

from tests.bench import clients, theirs
from tests.bench.clients import Window
from tests.bench.copying import row
from tests.bench.postgres import Bursts
from tests.bench.rounds import in_turn
from tests.bench.stage import Stage
from tests.bench.system import System
from tests.bench.table import Row, ratios

TARGETS = {1: 1.4, 8: 1.6, 32: 1.6}
PER_SECOND = 4_000
"""No system takes more in."""
KNOWN = 2_000
TEXTS = 10_000

# One row, one commit, the vector inside: the peer's table and indexes, without HTTP.
MAKE_TEXTS = """
    CREATE TABLE texts (
        n int PRIMARY KEY, title text, metadata jsonb, content text STORAGE EXTERNAL
    )
"""
ONE_ROW = """
\\set n random(1, {texts})
INSERT INTO documents (id, owner_id, title, source, content_type, metadata, content, size, sha256)
SELECT gen_random_uuid(), {owner}, title, '', 'text/plain', metadata, content,
       octet_length(content), gen_random_uuid()::text || gen_random_uuid()::text
  FROM texts WHERE n = :n;
"""


@dataclass(frozen=True)
class Post:
    """A window, and what it cost."""

    window: Window
    cpu: dict[str, float]

    @property
    def rate(self) -> float:
        return self.window.per_second

    @property
    def p99(self) -> float:
        return self.window.percentile(99)


def rows(stage: Stage) -> Iterator[Row]:
    stage.clear()
    script = _ready_pgbench(stage)
    for number in stage.scale.clients:
        posts = in_turn(
            {each.name: partial(_fresh, stage, each, number) for each in stage.systems}
            | {"pgbench": partial(_pgbench, stage, script, number)},
            rounds=stage.scale.rounds,
        )
        yield from _compared(number, posts)


def _compared(number: int, posts: dict[str, list[Any]]) -> Iterator[Row]:
    what = f"POST, {number} client{'s' if number > 1 else ''}"
    ours: list[Post] = posts["service"]
    theirs: list[Post] = posts["peer"]
    bursts: list[Bursts] = posts["pgbench"]
    yield Row(
        what=f"{what}: documents a second",
        against="peer",
        figures=ratios([p.rate for p in ours], [p.rate for p in theirs]),
        at_least=TARGETS.get(number),
        note=f"{_rates(ours, theirs)}; {_costs(ours, theirs)}",
        details={"cpu": {"service": [p.cpu for p in ours], "peer": [p.cpu for p in theirs]}},
    )
    yield Row(
        what=f"{what}: documents a second",
        against="pgbench, a row a commit",
        figures=ratios([p.rate for p in ours], [b.per_second for b in bursts]),
        at_least=0.8,
        note=f"pgbench {statistics.median(b.per_second for b in bursts):.0f} a second",
    )
    yield Row(
        what=f"{what}: p99",
        against="peer",
        figures=ratios([p.p99 for p in ours], [p.p99 for p in theirs]),
        at_most=1.0,
        note="{:.1f} : {:.1f} ms".format(
            *(statistics.median(p.p99 for p in posts) * 1e3 for posts in (ours, theirs))
        ),
    )


def known_rows(stage: Stage) -> Iterator[Row]:
    samples = [each.line() for each in stage.fresh(min(KNOWN, stage.scale.bulk))]
    for system in stage.systems:
        requests = [system.post(body) for body in samples]
        clients.load(system.port, requests, clients=8, expect=201)
    stage.settle()
    posts = in_turn(
        {each.name: partial(_known, stage, each, samples) for each in stage.systems},
        rounds=stage.scale.rounds,
    )
    ours, theirs = posts["service"], posts["peer"]
    yield Row(
        what="POST of known content, 8 clients",
        against="peer",
        figures=ratios([p.rate for p in ours], [p.rate for p in theirs]),
        at_least=1.8,
        note=f"{_rates(ours, theirs)}; {_costs(ours, theirs)}",
        details={"cpu": {"service": [p.cpu for p in ours], "peer": [p.cpu for p in theirs]}},
    )


def _fresh(stage: Stage, system: System, number: int) -> Post:
    samples = stage.fresh(PER_SECOND * stage.scale.seconds)
    requests = iter([system.post(each.line()) for each in samples])
    stage.settle()
    load = partial(clients.load, system.port, requests, clients=number, expect=201)
    return _measured(stage, system, load)


def _known(stage: Stage, system: System, samples: list[bytes]) -> Post:
    requests = cycle([system.post(body) for body in samples])
    return _measured(stage, system, partial(clients.load, system.port, requests, clients=8))


def _measured(stage: Stage, system: System, load: Callable[..., Window]) -> Post:
    before = stage.cpu(system)
    window = load(seconds=stage.scale.seconds)
    return Post(window, stage.cpu(system).since(before, each=len(window.latencies)))


def _ready_pgbench(stage: Stage) -> Path:
    texts = min(TEXTS, stage.scale.bulk)
    lines = [
        row(n, each.title, each.metadata, each.content)
        for n, each in enumerate(stage.fresh(texts), start=1)
    ]
    with stage.postgres.cursor(theirs.TWIN) as cursor:
        cursor.execute(MAKE_TEXTS)
        cursor.copy_expert("COPY texts FROM STDIN", StringIO("".join(lines)))
    script = stage.folder / "one-row.sql"
    script.write_text(ONE_ROW.format(texts=texts, owner=theirs.OWNER))
    return script


def _pgbench(stage: Stage, script: Path, number: int) -> Bursts:
    stage.settle()
    return stage.postgres.pgbench(theirs.TWIN, script, clients=number, seconds=stage.scale.seconds)


def _rates(ours: list[Post], theirs: list[Post]) -> str:
    rates = (statistics.median(p.rate for p in posts) for posts in (ours, theirs))
    return "{:.0f} : {:.0f} a second".format(*rates)


def _costs(ours: list[Post], theirs: list[Post]) -> str:
    """Processor time of one request, which moves less than time itself."""
    sums = (statistics.median(sum(p.cpu.values()) for p in posts) for posts in (ours, theirs))
    return "CPU {:.2f} : {:.2f} ms each".format(*sums)

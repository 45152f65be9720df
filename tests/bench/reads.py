"""GET by id, and the pages of the list, on the big tables."""

import statistics
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench import big, clients, ours
from tests.bench.clients import Window
from tests.bench.errors import BenchError
from tests.bench.rounds import in_turn
from tests.bench.stage import Stage
from tests.bench.system import DOCUMENTS, System
from tests.bench.table import Row, ratios

GET_TARGETS = {1: 1.0, 8: 0.9}
IDS = 5_000
PAGE_SIZE, WALK_SIZE = 50, 200
PAGES = 200
"""Asked for in one round, one after the other."""

ID_SAMPLE = "SELECT id::text FROM documents ORDER BY sha256 LIMIT %s"
KEYSET = """
SELECT id, owner_id, title, source, content_type, metadata, extracted, size, sha256, state,
       indexed, error_code, error_detail, created_at, updated_at
  FROM documents WHERE owner_id = {owner} ORDER BY created_at DESC, id DESC LIMIT 51;
"""


def get_rows(stage: Stage) -> Iterator[Row]:
    big.fill(stage)
    for number, target in GET_TARGETS.items():
        windows = in_turn(
            {each.name: partial(_gets, stage, each, number) for each in stage.systems},
            rounds=stage.scale.rounds,
        )
        service, peer = ([w.per_second for w in windows[each.name]] for each in stage.systems)
        yield Row(
            what=f"GET by id, {number} client{'s' if number > 1 else ''}: answers a second",
            against="peer",
            figures=ratios(service, peer),
            at_least=target,
            note=f"{statistics.median(service):.0f} : {statistics.median(peer):.0f} a second",
        )


def _gets(stage: Stage, system: System, number: int) -> Window:
    with stage.postgres.cursor(system.database) as cursor:
        cursor.execute(ID_SAMPLE, [IDS])
        requests = cycle([system.get(f"{DOCUMENTS}{pk}/") for (pk,) in cursor.fetchall()])
    return clients.load(system.port, requests, clients=number, seconds=stage.scale.seconds)


def list_rows(stage: Stage) -> Iterator[Row]:
    big.fill(stage)
    page = stage.scale.big // PAGE_SIZE
    deep = _cursor_of_page(stage, page)
    first = f"{DOCUMENTS}?page_size={PAGE_SIZE}"
    contestants: dict[str, Callable[[], float]] = {
        "first": partial(_pages, stage.service, first),
        "peer": partial(_pages, stage.peer, first),
        "deep": partial(_pages, stage.service, f"{first}&cursor={deep}"),
        "pgbench": _pgbench(stage),
    }
    took = in_turn(contestants, rounds=stage.scale.rounds)
    ms = {name: f"{statistics.median(times) * 1e3:.2f}" for name, times in took.items()}
    yield Row(
        what=f"list of {stage.scale.big:,}, first page: p50",
        against="peer",
        figures=ratios(took["peer"], took["first"]),
        at_least=1.0,
        note=f"{ms['first']} : {ms['peer']} ms",
    )
    yield Row(
        what=f"list of {stage.scale.big:,}, page {page:,}: p50",
        against="our first page",
        figures=ratios(took["deep"], took["first"]),
        at_most=1.2,
        note=f"{ms['deep']} : {ms['first']} ms",
    )
    yield Row(
        what=f"list of {stage.scale.big:,}, first page: p50",
        against="the SELECT alone, by pgbench",
        figures=ratios(took["pgbench"], took["first"]),
        note=f"{ms['first']} : {ms['pgbench']} ms",
    )


def _pages(system: System, path: str) -> float:
    window = clients.load(system.port, [system.get(path)] * PAGES)
    return window.percentile(50)


def _pgbench(stage: Stage) -> Callable[[], float]:
    script: Path = stage.folder / "keyset.sql"
    script.write_text(KEYSET.format(owner=stage.service.owner))
    return lambda: stage.postgres.pgbench(ours.DATABASE, script, clients=1, seconds=1).latency


def _cursor_of_page(stage: Stage, page: int) -> str:
    """Found as a client finds it, page by page; larger ones, for a cursor fits any size."""
    steps = (page - 1) * PAGE_SIZE // WALK_SIZE
    cursor = ""
    for answer in islice(_walk(stage.service), steps):
        cursor = answer
    if not cursor:
        raise BenchError(f"There is no page {page} in a list of {stage.scale.big:,}.")
    return cursor


def _walk(service: System) -> Iterator[str]:
    """The cursor behind each page."""
    line = clients.Line(service.port)
    path = f"{DOCUMENTS}?page_size={WALK_SIZE}"
    try:
        while path:
            line.send(service.get(path))
            answer = line.receive().json()
            if len(answer["results"]) != WALK_SIZE:
                return
            target = urlsplit(answer["next"] or "")
            path = f"{target.path}?{target.query}" if target.query else ""
            yield _cursor_in(target.query)
    finally:
        line.close()


def _cursor_in(query: str) -> str:
    return next((part[7:] for part in query.split("&") if part.startswith("cursor=")), "")

"""How long after its POST a search finds a document, on a service that has nothing else to do."""

import json
import random
import time
from collections.abc import Iterator

from tests.bench import clients
from tests.bench.errors import BenchError
from tests.bench.stage import Stage
from tests.bench.table import Row

MOST_SECONDS = 1.0
PATIENCE_SECONDS = 30
LETTERS = "bcdfghjklmnpqrstvwxz"


def rows(stage: Stage) -> Iterator[Row]:
    stage.settle()
    _seconds_until_found(stage, -1)  # a worker that was just started imports its modules
    took = [_seconds_until_found(stage, number) for number in range(stage.scale.tries)]
    what = "a POST on an idle service is found"
    yield Row(
        what=f"{what}: after (median)",
        against=f"{len(took)} tries",
        figures=took,
        at_most=MOST_SECONDS,
        unit="s",
    )
    yield Row(
        what=f"{what}: after (longest)",
        against=f"{len(took)} tries",
        figures=[max(took)],
        at_most=MOST_SECONDS,
        unit="s",
    )


def _seconds_until_found(stage: Stage, number: int) -> float:
    chance = random.Random(number)
    time.sleep(chance.uniform(0.3, 1.3))  # at any moment of the worker's sleep
    word = "".join(chance.choices(LETTERS, k=16))
    (sample,) = stage.fresh(1)
    body = json.dumps({"title": sample.title, "content": f"{sample.content} {word}"}).encode()
    service = stage.service
    clients.ask(service.port, service.post(body), expect=201)
    kept = time.perf_counter()
    ask = service.search(word)
    while not clients.ask(service.port, ask).json()["results"]:
        if time.perf_counter() - kept > PATIENCE_SECONDS:
            raise BenchError(f"No search finds {word!r} {PATIENCE_SECONDS} s after its POST.")
        time.sleep(0.01)
    return time.perf_counter() - kept

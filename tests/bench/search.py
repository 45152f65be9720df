"""Search on the big tables: words that are rare, that one document in a hundred has, and common."""

import random
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from tests.bench import big, clients, theirs
from tests.bench.clients import Window
from tests.bench.errors import BenchError
from tests.bench.rounds import in_turn
from tests.bench.stage import Stage
from tests.bench.system import System
from tests.bench.table import Row, ratios

SAMPLE = 10_000
# How often each lexeme is in a sample; short ones and those that are no words are left out.
COUNTED = """
    SELECT word, ndoc
      FROM ts_stat(format('SELECT search FROM documents TABLESAMPLE BERNOULLI (%%s) REPEATABLE (1)',
                          %s::text))
     WHERE word ~ '^[a-z]{4,20}$'
"""
FOUND_BY = """
    SELECT count(*) FROM documents WHERE search @@ websearch_to_tsquery('english', %s)
"""


@dataclass(frozen=True)
class Frequency:
    name: str
    least: float
    most: float
    """In how many of all documents, as a share of them."""
    words: int
    target: float


@dataclass(frozen=True)
class Words:
    frequency: Frequency
    words: list[str]


def frequencies(documents: int) -> list[Frequency]:
    return [
        Frequency("rare word", 20 / documents, 300 / documents, 20, 0.8),
        Frequency("word in 1 %", 0.005, 0.02, 20, 2),
        Frequency("word in 40 %", 0.30, 0.55, 5, 100),
    ]


def rows(stage: Stage) -> Iterator[Row]:
    big.fill(stage)
    slowest: dict[str, list[float]] = {each.name: [] for each in stage.systems}
    for each in _chosen(stage):
        windows = in_turn(
            {system.name: partial(_searches, system, each.words) for system in stage.systems},
            rounds=stage.scale.rounds,
        )
        for name, found in windows.items():
            slowest[name].append(max(window.latencies[-1] for window in found))
        yield _row(stage, each, windows)
    yield Row(
        what=f"search in {stage.scale.big:,}: the slowest of all",
        against="peer",
        figures=[max(slowest["peer"]) / max(slowest["service"])],
        note=f"{max(slowest['service']) * 1e3:.1f} : {max(slowest['peer']) * 1e3:.1f} ms",
    )


def _row(stage: Stage, each: Words, windows: dict[str, list[Window]]) -> Row:
    service, peer = ([w.percentile(50) for w in windows[s.name]] for s in stage.systems)
    longest = [max(w.latencies[-1] for w in windows[s.name]) for s in stage.systems]
    return Row(
        what=f"search in {stage.scale.big:,}, {each.frequency.name}: p50",
        against="peer",
        figures=ratios(peer, service),
        at_least=each.frequency.target,
        note=f"{statistics.median(service) * 1e3:.1f} : {statistics.median(peer) * 1e3:.1f} ms; "
        f"longest {longest[0] * 1e3:.1f} : {longest[1] * 1e3:.1f} ms",
        details={"words": each.words},
    )


def _searches(system: System, words: list[str]) -> Window:
    return clients.load(system.port, [system.search(word) for word in words])


def _chosen(stage: Stage) -> list[Words]:
    """Words of each frequency, by a sample first and then by what a search really finds."""
    documents = stage.scale.big
    share = min(100.0, SAMPLE / documents * 100)
    with stage.postgres.cursor(theirs.DATABASE) as cursor:
        cursor.execute(COUNTED, [share])
        counted = dict(cursor.fetchall())
    sampled = documents * share / 100
    return [
        _words(stage, each, {word: n / sampled for word, n in sorted(counted.items())})
        for each in frequencies(documents)
    ]


def _words(stage: Stage, frequency: Frequency, shares: dict[str, float]) -> Words:
    candidates = [
        word for word, share in shares.items() if frequency.least / 2 <= share <= frequency.most
    ]
    chosen: list[str] = []
    for word in _some(candidates, count=frequency.words * 4):
        found = stage.postgres.value(theirs.DATABASE, FOUND_BY, word) / stage.scale.big
        if frequency.least <= found <= frequency.most:
            _demand_found(stage.service, word)
            chosen.append(word)
        if len(chosen) == frequency.words:
            return Words(frequency, chosen)
    if not chosen:
        raise BenchError(f"No {frequency.name} among the {len(candidates)} that could be one.")
    return Words(frequency, chosen)


def _some(words: list[str], *, count: int) -> list[str]:
    """From all over the alphabet, and in every run the same."""
    return random.Random(count).sample(words, min(count, len(words)))


def _demand_found(system: System, word: str) -> None:
    """Also warms up: both have read the rows of this word once."""
    request = system.search(word)
    if not clients.ask(system.port, request).json()["results"]:
        raise BenchError(f"The service finds no document with the word {word!r}.")

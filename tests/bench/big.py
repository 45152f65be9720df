"""The big tables: the same documents for both systems, written straight into PostgreSQL.

The indexes of the vectors are made when all rows are there, so neither system has a pending list
or a bloated index. All documents belong to one owner, each a second younger than the one before.
"""

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from io import StringIO
from multiprocessing import get_context
from uuid import UUID

from tests.bench import ours, theirs
from tests.bench.copying import row
from tests.bench.corpus import Corpus, Sample
from tests.bench.errors import BenchError
from tests.bench.postgres import Postgres
from tests.bench.stage import Stage

CHUNK = 2_000
BYTES_EACH = 16_000
"""On the disk, both systems and their write-ahead log together."""
START = datetime(2025, 1, 1, tzinfo=UTC)
STAGED = """
    CREATE TEMP TABLE staged (
        id uuid, owner_id bigint, title text, metadata jsonb, content text, size bigint,
        sha256 text, created_at timestamptz
    )
"""
SERVICE = (
    """
    INSERT INTO documents (id, owner_id, title, content_type, metadata, extracted, size, sha256,
                           state, indexed, created_at, updated_at)
    SELECT id, owner_id, title, 'text/plain', metadata, '{}', size, sha256, 'ready', true,
           created_at, created_at
      FROM staged
    """,
    """
    INSERT INTO passages (document_id, position, text, search, owner_id, created_at)
    SELECT id, 0, content,
           setweight(to_tsvector('english', translate(title, '<>&', '   ')), 'A')
        || setweight(to_tsvector('english', translate(content, '<>&', '   ')), 'D'),
           owner_id, created_at
      FROM staged
    """,
)
PEER = (
    """
    INSERT INTO documents (id, owner_id, title, source, content_type, metadata, content, size,
                           sha256, created_at)
    SELECT id, owner_id, title, '', 'text/plain', metadata, content, size, sha256, created_at
      FROM staged
    """,
)
# Those that cost most to keep up row by row.
LATE_INDEXES = """
    SELECT index.relname, pg_get_indexdef(index.oid)
      FROM pg_class AS index
      JOIN pg_index ON pg_index.indexrelid = index.oid
      JOIN pg_am ON pg_am.oid = index.relam
     WHERE index.relnamespace = 'public'::regnamespace AND pg_am.amname = 'gin'
"""


@dataclass(frozen=True)
class Place:
    """Into which database, for whom, by which statements."""

    database: str
    owner: int
    statements: Sequence[str]


def fill(stage: Stage) -> None:
    """Once a run: later callers find the tables full."""
    if _is_full(stage):
        return
    _demand_room(stage)
    places = (
        Place(ours.DATABASE, stage.service.owner, SERVICE),
        Place(theirs.DATABASE, stage.peer.owner, PEER),
    )
    stage.clear()
    with _later(stage, ours.DATABASE), _later(stage, theirs.DATABASE):
        _fill_all(stage, places)
    for system in stage.systems:
        stage.postgres.tidy(system.database, system.tables)


def _is_full(stage: Stage) -> bool:
    count = "SELECT count(*) FROM documents"
    return all(
        stage.postgres.value(each.database, count) == stage.scale.big for each in stage.systems
    )


def _demand_room(stage: Stage) -> None:
    needed, free = stage.scale.big * BYTES_EACH, shutil.disk_usage(stage.folder).free
    if "BENCH_DATABASE_URL" not in os.environ and free < needed:
        raise BenchError(
            f"{stage.scale.big:,} documents need about {needed / 1e9:.0f} GB, and there are "
            f"{free / 1e9:.0f} GB left in {stage.folder.parent}. Measure fewer of them "
            "(BIG=100000) or elsewhere (BENCH_DIR=/somewhere)."
        )


@contextmanager
def _later(stage: Stage, database: str) -> Iterator[None]:
    """Without the indexes, which are made again as they were."""
    with stage.postgres.cursor(database) as cursor:
        cursor.execute(LATE_INDEXES)
        found = cursor.fetchall()
        for name, _ in found:
            cursor.execute(f"DROP INDEX {name}")
        yield
        cursor.execute("SET maintenance_work_mem = '1GB'")
        for _, definition in found:
            cursor.execute(definition)


def _fill_all(stage: Stage, places: Sequence[Place]) -> None:
    work = partial(_fill_chunk, stage.corpus, stage.postgres, places)
    size = stage.scale.big
    numbers = stage.fresh_numbers(size)
    chunks = [numbers[at : at + CHUNK] for at in range(0, size, CHUNK)]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("fork")) as pool:
        for number, _ in enumerate(pool.map(work, chunks), start=1):
            if number % 50 == 0 and sys.stderr.isatty():
                sys.stderr.write(f"\r{number * CHUNK:,} of {size:,} documents …")
                sys.stderr.flush()
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")


def _fill_chunk(
    corpus: Corpus, postgres: Postgres, places: Sequence[Place], numbers: range
) -> None:
    samples = list(corpus.samples(numbers))
    for place in places:
        with postgres.cursor(place.database) as cursor:
            cursor.execute("BEGIN")
            cursor.execute(STAGED)
            cursor.copy_expert("COPY staged FROM STDIN", StringIO(_rows(samples, place.owner)))
            for statement in place.statements:
                cursor.execute(statement)
            cursor.execute("COMMIT")


def _rows(samples: Sequence[Sample], owner: int) -> str:
    return "".join(_row(each, owner) for each in samples)


def _row(sample: Sample, owner: int) -> str:
    raw = sample.content.encode()
    digest = sha256(raw)
    number = UUID(bytes=digest.digest()[:16])
    moment = START + timedelta(seconds=sample.number)
    return row(
        number,
        owner,
        sample.title,
        sample.metadata,
        sample.content,
        len(raw),
        digest.hexdigest(),
        moment.isoformat(),
    )

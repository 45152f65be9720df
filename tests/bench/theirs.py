"""Start the peer: its tables, its owner with a token, and uvicorn as its documentation advises."""

import hashlib
import os
import secrets
from pathlib import Path

from tests.bench.postgres import Postgres
from tests.bench.programs import Program, free_port
from tests.bench.system import PYTHON, System

DATABASE, TWIN = "bench_peer", "bench_peer_twin"
OWNER = 1
TABLES = Path(__file__).with_name("peer.sql")
SERVER = (
    "-m uvicorn tests.bench.peer:app --host 127.0.0.1 --workers 2 --loop uvloop --http httptools "
    "--no-access-log --log-level warning --lifespan on"
)


def start(postgres: Postgres, folder: Path) -> System:
    folder.mkdir()
    postgres.create(DATABASE)
    token = secrets.token_urlsafe(32)
    with postgres.cursor(DATABASE) as cursor:
        cursor.execute(TABLES.read_text())
        cursor.execute("INSERT INTO users (id, email) VALUES (%s, 'bench@example.com')", [OWNER])
        cursor.execute(
            "INSERT INTO tokens (user_id, digest) VALUES (%s, %s)",
            [OWNER, hashlib.sha256(token.encode()).hexdigest()],
        )
    postgres.create(TWIN, template=DATABASE)
    port = free_port()
    env = {**os.environ, "PEER_DATABASE_URL": postgres.url(DATABASE)}
    command = [PYTHON, *SERVER.split(), "--port", str(port)]
    web = Program("peer", command, env=env, folder=folder)
    web.wait_for_port(port)
    return System(
        name="peer",
        database=DATABASE,
        tables=("documents",),
        port=port,
        token=token,
        owner=OWNER,
        web=web,
    )

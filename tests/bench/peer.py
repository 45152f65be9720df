"""The peer: what a careful expert writes with FastAPI and asyncpg, and no more than is asked for.

The vector is made inside the INSERT, so a document is found as soon as it is kept. Statements are
prepared once for each connection (asyncpg does), a request takes one connection and sends two
statements: who is it, and the work. Run by uvicorn with uvloop and httptools.
"""

import asyncio
import base64
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import asyncpg  # type: ignore[import-untyped]
import orjson
from fastapi import FastAPI, HTTPException, Query, Request, Response
from pydantic import BaseModel, Field, ValidationError

PAGE_SIZE, FOUND = 50, 20
BATCH = 1_000
CONNECTIONS = 10  # of each of the two processes

COLUMNS = (
    "id, owner_id, title, source, content_type, metadata::text AS metadata, size, sha256, "
    "created_at"
)
OWNER = """
    SELECT users.id
      FROM tokens JOIN users ON users.id = tokens.user_id
     WHERE tokens.digest = $1
       AND (tokens.expires_at IS NULL OR tokens.expires_at > now())
       AND users.is_active
"""
KEEP = f"""
    WITH kept AS (
        INSERT INTO documents (id, owner_id, title, source, content_type, metadata, content,
                               size, sha256)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (owner_id, sha256) DO NOTHING
     RETURNING *)
    SELECT {COLUMNS}, false AS duplicate FROM kept
     UNION ALL
    SELECT {COLUMNS}, true FROM documents
     WHERE owner_id = $2 AND sha256 = $9 AND NOT EXISTS (SELECT FROM kept)
"""
STAGE = """
    CREATE TEMP TABLE IF NOT EXISTS staged (
        id uuid, owner_id bigint, title text, source text, content_type text, metadata jsonb,
        content text, size bigint, sha256 text
    ) ON COMMIT DELETE ROWS
"""
MERGE = """
    INSERT INTO documents (id, owner_id, title, source, content_type, metadata, content, size,
                           sha256)
    SELECT * FROM staged
    ON CONFLICT (owner_id, sha256) DO NOTHING
"""
ONE = f"""
    SELECT {COLUMNS}, left(content, 500) AS excerpt FROM documents
     WHERE id = $1 AND owner_id = $2
"""
NEWEST = f"""
    SELECT {COLUMNS} FROM documents
     WHERE owner_id = $1
     ORDER BY created_at DESC, id DESC LIMIT $2
"""
NEXT = f"""
    SELECT {COLUMNS} FROM documents
     WHERE owner_id = $1 AND (created_at, id) < ($3, $4)
     ORDER BY created_at DESC, id DESC LIMIT $2
"""
SEARCH = f"""
    SELECT {COLUMNS}, ts_rank(search, websearch_to_tsquery('english', $2)) AS rank
      FROM documents
     WHERE owner_id = $1 AND search @@ websearch_to_tsquery('english', $2)
     ORDER BY rank DESC, id LIMIT $3
"""


class NewDocument(BaseModel):
    title: str = Field(default="", max_length=500)
    source: str = Field(default="", max_length=1000)
    metadata: dict[str, Any] = {}
    content: str = Field(min_length=1)


class Row(NamedTuple):
    """As `staged` has it."""

    id: UUID
    owner_id: int
    title: str
    source: str
    content_type: str
    metadata: str
    content: str
    size: int
    sha256: str

    @classmethod
    def of(cls, document: NewDocument, *, owner_id: int) -> "Row":
        raw = document.content.encode()
        return cls(
            uuid4(),
            owner_id,
            document.title,
            document.source,
            "text/plain",
            orjson.dumps(document.metadata).decode(),
            document.content,
            len(raw),
            hashlib.sha256(raw).hexdigest(),
        )


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(
        os.environ["PEER_DATABASE_URL"],
        min_size=CONNECTIONS,
        max_size=CONNECTIONS,
        reset=_leave,
    ) as pool:
        app.state.pool = pool
        yield


async def _leave(connection: Any) -> None:
    """No request changes its connection: asyncpg's reset would be one more round trip."""


app = FastAPI(lifespan=lifespan, openapi_url=None)


def answer(body: object, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    raw = orjson.dumps(body, default=str)  # asyncpg's UUID is a class of its own
    return Response(raw, status_code=status, headers=headers, media_type="application/json")


def shaped(record: Any) -> dict[str, Any]:
    """Metadata goes out as it lies there, without being parsed."""
    return {**record, "metadata": orjson.Fragment(record["metadata"])}


@asynccontextmanager
async def owned(request: Request) -> AsyncIterator[tuple[Any, int]]:
    """A connection, and whose request it is."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    digest = hashlib.sha256(token.encode()).hexdigest()
    async with request.app.state.pool.acquire() as connection:
        owner_id = await connection.fetchval(OWNER, digest) if scheme == "Bearer" else None
        if owner_id is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
        yield connection, owner_id


@app.get("/health/ready")
async def ready() -> Response:
    return Response()


@app.post("/api/v1/documents/")
async def create(request: Request) -> Response:
    try:
        document = NewDocument.model_validate_json(await request.body())
    except ValidationError as error:
        raise HTTPException(400, detail=error.errors(include_url=False)) from error
    async with owned(request) as (connection, owner_id):
        row = Row.of(document, owner_id=owner_id)
        # Nothing comes back when another request keeps the same content at this moment.
        while (kept := await connection.fetchrow(KEEP, *row)) is None:
            pass
    status = 200 if kept["duplicate"] else 201
    location = f"/api/v1/documents/{kept['id']}/"
    return answer(shaped(kept), status=status, headers={"Location": location})


@app.post("/api/v1/documents/bulk/")
async def create_many(request: Request) -> Response:
    lines = created = 0
    errors: list[dict[str, Any]] = []
    async with owned(request) as (connection, owner_id), asyncio.TaskGroup() as tasks:
        await connection.execute(STAGE)
        merging: asyncio.Task[int] | None = None
        async for batch in batches(request.stream()):
            rows = checked(batch, after=lines, owner_id=owner_id, errors=errors)
            lines += len(batch)
            # The next batch is read and parsed while PostgreSQL works on this one.
            created += await merging if merging else 0
            merging = tasks.create_task(merge(connection, rows))
        created += await merging if merging else 0
    summary = {
        "lines": lines,
        "created": created,
        "duplicates": lines - created - len(errors),
        "failed": len(errors),
        "errors": errors[:1000],
    }
    return answer(summary, status=207 if errors else 200)


async def batches(stream: AsyncIterator[bytes]) -> AsyncIterator[list[bytes]]:
    rest = b""
    lines: list[bytes] = []
    async for chunk in stream:
        *whole, rest = (rest + chunk).split(b"\n")
        lines += whole
        while len(lines) >= BATCH:
            yield lines[:BATCH]
            lines = lines[BATCH:]
    if rest:
        lines.append(rest)
    if lines:
        yield lines


def checked(
    batch: list[bytes], *, after: int, owner_id: int, errors: list[dict[str, Any]]
) -> list[Row]:
    rows = []
    for number, line in enumerate(batch, start=after + 1):
        try:
            rows.append(Row.of(NewDocument.model_validate_json(line), owner_id=owner_id))
        except ValidationError as error:
            errors.append({"line": number, "detail": str(error)})
    return rows


async def merge(connection: Any, rows: list[Row]) -> int:
    """How many of them are new."""
    async with connection.transaction():
        await connection.copy_records_to_table("staged", records=rows)
        done: str = await connection.execute(MERGE)
    return int(done.rpartition(" ")[2])


@app.get("/api/v1/documents/")
async def listed(
    request: Request, q: str = "", cursor: str = "", page_size: int = Query(0, ge=0, le=200)
) -> Response:
    async with owned(request) as (connection, owner_id):
        if q:
            found = await connection.fetch(SEARCH, owner_id, q, page_size or FOUND)
            return answer({"results": [shaped(row) for row in found]})
        size = page_size or PAGE_SIZE
        if cursor:
            rows = await connection.fetch(NEXT, owner_id, size + 1, *read_cursor(cursor))
        else:
            rows = await connection.fetch(NEWEST, owner_id, size + 1)
    after = cursor_after(rows[size - 1]) if len(rows) > size else None
    link = after and str(request.url.include_query_params(cursor=after))
    return answer({"results": [shaped(row) for row in rows[:size]], "next": link})


def cursor_after(row: Any) -> str:
    text = f"{row['created_at'].isoformat()} {row['id']}"
    return base64.urlsafe_b64encode(text.encode()).decode()


def read_cursor(cursor: str) -> tuple[datetime, UUID]:
    try:
        moment, number = base64.urlsafe_b64decode(cursor).decode().split()
        return datetime.fromisoformat(moment), UUID(number)
    except ValueError as error:
        raise HTTPException(400, detail="The cursor is not one of ours.") from error


@app.get("/api/v1/documents/{number}/")
async def one(request: Request, number: UUID) -> Response:
    async with owned(request) as (connection, owner_id):
        found = await connection.fetchrow(ONE, number, owner_id)
    if found is None:
        raise HTTPException(404)
    return answer(shaped(found))

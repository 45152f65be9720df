"""What the README shows, works: its `sh` blocks run in order, against a service.

Waits for the service to start, and for each command.
"""

import re
import subprocess
import textwrap
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from ingestion.embedded import server
from tests.e2e.conftest import PROJECT, Service

README = (PROJECT / "README.md").read_text()
BLOCK = re.compile(r"^( *)```(\w+)([^\n]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
OURS = ("A tour on one machine", "Change the schema")
LEGACY = "Coming from the Flask service"


@dataclass(frozen=True)
class Block:
    language: str
    place: str
    text: str


def blocks(title: str) -> list[Block]:
    """The blocks of the section with this title, and of the sections inside it."""
    heading = re.search(rf"^(#+) {re.escape(title)}$", README, re.MULTILINE)
    assert heading, title
    level = len(heading[1])
    rest = README[heading.end() :]
    end = re.search(rf"^#{{1,{level}}} ", rest, re.MULTILINE)
    section = rest[: end.start()] if end else rest
    return [Block(m[2], m[3].strip(), textwrap.dedent(m[4])) for m in BLOCK.finditer(section)]


def run(service: Service, script: str) -> str:
    """Run one block as it stands, but for the port; what is elided by … is left out."""
    lines = [line for line in script.splitlines() if "…" not in line]
    text = "\n".join(lines).replace("http://127.0.0.1:8000", service.url)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=service.folder,
        env={**service.env, "PAGER": "cat"},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def insert(folder: Path, block: Block) -> None:
    """Put a block of Python where its place says: after the last field of a class."""
    file, model = block.place.split()
    path = folder / file
    text = path.read_text()
    start = text.index(f"class {model}(")
    at = text.index("\n    objects = ", start)
    path.write_text(text[:at] + "\n" + textwrap.indent(block.text, "    ") + text[at:])


def test_the_first_command_stands_in_the_first_lines() -> None:
    assert "make run" in "\n".join(README.splitlines()[:15])


def test_the_tour_and_the_schema_example_work(service: Service) -> None:
    outputs = []
    for title in OURS:
        for block in blocks(title):
            if block.language == "sh":
                outputs.append(run(service, block.text))
            elif block.language == "python" and block.place:
                insert(service.folder, block)
    said = "\n".join(outputs)
    for expected in (
        '"duplicate":false',
        '"count_is":"exact"',
        "1 kept, 1 there already, 0 refused",
        'ADD COLUMN "email_verified" boolean DEFAULT false NOT NULL',
        'ADD COLUMN "language" varchar(10) DEFAULT',
        "Applying documents.0007_document_language... OK",
        "Unapplying documents.0007_document_language... OK",
    ):
        assert expected in said, said


def test_the_documents_of_the_flask_service_come_along(stopped_service: Service) -> None:
    service = stopped_service
    service.stop()
    old = "legacy_service"
    make_legacy_database(service, old)
    service.env["PGHOST"] = str(server.socket_dir(service.database))
    service.env["DATABASE_URL"] = f"postgres://{server.USER}@/{old}"
    service.env["SECRET_KEY"] = "for-this-test-only-0123456789-abcdefghijklmnopqrstuvwxyz"
    keep_server_up = hold_open(service)
    first, last = (block.text for block in blocks(LEGACY) if block.language == "sh")
    run(service, first)
    service.token = ""
    service.start()
    service.env["TOKEN"] = token_for(service)
    assert "2 kept, 0 there already, 0 refused" in run(service, last)
    keep_server_up.close()
    service.stop()


def make_legacy_database(service: Service, name: str) -> None:
    connection = hold_open(service)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    connection.close()
    with hold_open(service, name) as inside, inside.cursor() as cursor:
        cursor.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        cursor.execute("CREATE TABLE users (id serial PRIMARY KEY, email text)")
        cursor.execute("CREATE TABLE documents (id serial PRIMARY KEY, title text, content text)")
        cursor.execute(
            "INSERT INTO documents (title, content) VALUES"
            " ('One', E'Two lines,\\nand a \"quote\" \\\\'), ('Two', 'Zwölf Äpfel'), ('None', '')"
        )


def hold_open(service: Service, name: str = server.DATABASE) -> "psycopg2.extensions.connection":
    server.ensure(service.database)
    host = str(server.socket_dir(service.database))
    return psycopg2.connect(host=host, user=server.USER, dbname=name)


def token_for(service: Service) -> str:
    made = service.manage(
        "shell",
        "-v0",
        "-c",
        "from accounts.models import *\n"
        "print(new_token(User.objects.get(email='admin@example.com'), days=1)[1])",
    )
    assert made.returncode == 0, made.stderr
    return made.stdout.split()[-1]

"""What stands around the steps of a script: words for its reader, settings, the guard."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from textwrap import wrap

import django
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

from ingestion.schema.journal import CREATE, TABLE
from ingestion.schema.locks import KEY
from ingestion.schema.losses import Candidate, Narrowed, told
from ingestion.schema.plan import Key, Step
from ingestion.schema.psql import INDENT, comment, echo, ended
from ingestion.schema.sql import RUN, Script, counted, verb

GUARD = Path(__file__).with_name("guard.sql").read_text(encoding="utf-8")
NO_SCHEMA = "''"
KEPT = (
    "lock_timeout",
    "statement_timeout",
    "client_encoding",
    "standard_conforming_strings",
    "search_path",
    "timezone",
)
"""Settings of the session that the script changes, and puts back."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """Where a script begins."""

    words: str
    applied: Sequence[Key]
    hashes: Sequence[tuple[Key, str | None]]
    """Of the files of what is applied."""
    has_journal: bool


def head(script: Script, start: Start, *, command: str) -> list[str]:
    """What comes before the first step: words for the reader, settings, the guard."""
    return [
        *_words(script, start, command=command),
        "",
        "\\set ON_ERROR_STOP on",
        "\\set ON_ERROR_ROLLBACK off",
        "\\set AUTOCOMMIT on",
        *_default("lock_timeout", f"{script.limits.lock_timeout_ms}ms"),
        *(_default("leave_out_python", "no") if script.gaps else []),
        *(_default("accept_data_loss", "no") if _looks_for_losses(script) else []),
        *_settings(script),
        "",
        comment("Go on only from the state that this was made for, and alone."),
        GUARD.format(expected=_array(script, start.applied), key=KEY),
        *([] if start.applied else _first_record(script)),
        *([] if start.has_journal else _first_journal(script, start.hashes)),
        "",
        comment("The beginning of the run"),
    ]


def tail(script: Script) -> list[str]:
    back = ",\n       ".join(f"set_config('{name}', :'old_{name}', false)" for name in KEPT)
    return [
        f"DO $end$ BEGIN PERFORM pg_advisory_unlock({KEY}); END $end$;",
        f"SELECT {back} \\gset",
        echo(f"Done: {counted(script.steps)}."),
    ]


def _words(script: Script, start: Start, *, command: str) -> list[str]:
    version = f"service {script.origin.version}, " if script.origin.version else ""
    role, server = _role_and_server(script.connection)
    limit = f"{script.limits.lock_timeout_ms} ms"
    paragraphs = [
        *_paragraph(f"manage.py {command}: {counted(script.steps)}"),
        *_listed(f"{verb(step)} {step}" for step in script.steps),
        *_paragraph(
            f"Starts from {start.words}, with {len(start.applied)} migration(s) applied. "
            "It refuses a database in any other state, and one on which a migration is running "
            "or half done."
        ),
        f"-- Made {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        *_paragraph(f"by {version}Django {django.get_version()}, PostgreSQL {server}."),
        "-- Run it with: psql -v ON_ERROR_STOP=1 -f FILE",
        *_paragraph(
            f"as the role that migrations are run with (here {role}), which will own what is made. "
            "Connect straight to the server, not through a pooler that shares sessions."
        ),
        *_on_transactions(script),
        *_paragraph(
            f"A statement that others would have to wait for waits {limit} for its lock; then the "
            "script stops. To wait longer: psql\xa0-v\xa0lock_timeout=2s"
        ),
        *_on_gaps(script),
        *_on_losses(script),
        *_on_content_types(script.steps),
    ]
    return paragraphs[:-1]  # the last one separates nothing


def _on_transactions(script: Script) -> list[str]:
    return [
        *_paragraph(
            "Each migration is one transaction, which ends with its row in django_migrations and "
            "its entry in schema_journal; the entry repeats the statements. If the script stops, "
            "what is committed stays: go on with manage.py\xa0migrate, or with a new script."
        ),
        *_on_pieces(script.piecewise),
    ]


def _on_pieces(steps: Sequence[Step]) -> list[str]:
    if not steps:
        return []
    return [
        comment("Not so where a migration says atomic = False: each piece commits with an entry,"),
        comment("and from between two pieces only manage.py migrate goes on."),
        *_listed(f"{step}" for step in steps),
    ]


def _on_gaps(script: Script) -> list[str]:
    if not script.gaps:
        return []
    return [
        comment("GAPS. A migration runs Python here, which a script cannot:"),
        *_listed(f"{step}: {name}" for step, name in script.gaps),
        *_paragraph(
            "The script stops there: what came before is done, and manage.py\xa0migrate goes on. "
            "Where the Python is not needed, or its work is done by hand, it is left out with: "
            "psql\xa0-v\xa0leave_out_python=yes"
        ),
    ]


def _looks_for_losses(script: Script) -> bool:
    return bool(script.at_stake) and not script.is_loss_accepted


def _on_losses(script: Script) -> list[str]:
    if not script.at_stake:
        return []
    found = told(script.at_stake)
    narrowed = [each for each in found if isinstance(each.field, Narrowed)]
    removed = [each for each in found if each not in narrowed]
    what = [
        f"{word}: {_places(some)}"
        for word, some in (("removes", removed), ("narrows", narrowed))
        if some
    ]
    how = (
        "A migration that would lose rows or values with that stops before it does anything. "
        "If it is meant: psql\xa0-v\xa0accept_data_loss=yes"
        if _looks_for_losses(script)
        else "What is lost with that was accepted: --accept-data-loss."
    )
    return _paragraph(f"Undoing this {'; '.join(what)}. {how}")


def _places(found: Sequence[Candidate]) -> str:
    return ", ".join(f"{'column' if each.now.column else 'table'} {each.now}" for each in found)


def _on_content_types(steps: Sequence[Step]) -> list[str]:
    if all(step.backwards for step in steps):
        return []
    return _paragraph("Content types and permissions come with the next manage.py migrate.")


def _paragraph(text: str) -> list[str]:
    """Filled lines; a no-break space keeps words together."""
    return [comment(line) for line in wrap(text, 92, break_on_hyphens=False)] + ["--"]


def _listed(lines: Iterable[str]) -> list[str]:
    found = [f"--{INDENT}{comment(line)[2:].strip()}" for line in lines]
    return [*found, "--"] if found else []


def _settings(script: Script) -> list[str]:
    """Those that decide what statements mean are as they were when the script was made."""
    with script.connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(quote_ident(name), ', '), current_setting('timezone')"
            "  FROM unnest(current_schemas(false)) AS name"
        )
        path, timezone = cursor.fetchone()
    path = path or NO_SCHEMA
    kept = ",\n       ".join(f"current_setting('{name}') AS old_{name}" for name in KEPT)
    return [
        f"SELECT {kept} \\gset",
        "SET lock_timeout = :'lock_timeout';",
        "SET client_encoding = 'UTF8';",
        "SET standard_conforming_strings = on;",
        f"SET search_path = {path};",
        f"SET timezone = {script.literals(timezone)};",
    ]


def _first_record(script: Script) -> list[str]:
    with script.connection.schema_editor(collect_sql=True, atomic=False) as editor:
        editor.create_model(MigrationRecorder.Migration)
    return [
        "",
        comment("What is applied is recorded here."),
        "SELECT to_regclass('django_migrations') IS NULL AS is_missing \\gset",
        "\\if :is_missing",
        *(ended(str(line)) for line in editor.collected_sql),
        "\\endif",
    ]


def _first_journal(script: Script, hashes: Sequence[tuple[Key, str | None]]) -> list[str]:
    """With an entry for all that is applied already; left alone where there is one."""
    return [
        "",
        "SELECT to_regclass('schema_journal') IS NULL AS is_missing \\gset",
        "\\if :is_missing",
        "BEGIN;",
        CREATE.strip(),
        *([_adoption(script, hashes)] if hashes else []),
        "COMMIT;",
        "\\endif",
    ]


def _adoption(script: Script, hashes: Sequence[tuple[Key, str | None]]) -> str:
    rows = ",\n           ".join(f"({script.literals(*key, digest)})" for key, digest in hashes)
    return (
        f"INSERT INTO {TABLE} (run, action, app, migration, hash)\n"
        f"SELECT {RUN}, 'adopt', m.app, m.name, file.hash\n"
        "  FROM django_migrations AS m\n"
        "  LEFT JOIN (VALUES\n"
        f"           {rows}\n"
        "       ) AS file (app, name, hash) ON (file.app, file.name) = (m.app, m.name)\n"
        " ORDER BY m.id;"
    )


def _default(name: str, value: str) -> list[str]:
    """Of a variable that may be given with -v."""
    return [f"\\if :{{?{name}}}", "\\else", f"{INDENT}\\set {name} {value}", "\\endif"]


def _array(script: Script, keys: Sequence[Key]) -> str:
    names = sorted(".".join(key) for key in keys)
    lines = "".join(f"\n{INDENT * 2}{script.literals(name)}," for name in names).rstrip(",")
    return f"ARRAY[{lines}]::text[]"


def _role_and_server(connection: BaseDatabaseWrapper) -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_setting('server_version')")
        role, version = cursor.fetchone()
    return role, version.split()[0]

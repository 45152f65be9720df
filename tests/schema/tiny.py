"""A project as small as can be, for processes that a test starts, kills and starts again.

    python -m tests.schema.tiny CONFIGURATION migrate …     as manage.py does
    python -m tests.schema.tiny CONFIGURATION               the same for each line of its input,
                                                            in a fork: all is loaded once

The configuration is JSON: the `database`, the `apps`, a `folder` of more apps, and the `schema`
of the settings. A line is JSON too: the words, what is other in `schema`, and when to die:
["before", 3], the third statement that changes something, or ["after", 3], the third one that
ends what is done as one.
"""

import json
import os
import re
import signal
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import django
from django.conf import settings
from django.core.management import execute_from_command_line, load_command_class
from django.db.backends.signals import connection_created

READS = re.compile("SELECT|SHOW|SAVEPOINT|RELEASE|ROLLBACK")
ENDS = re.compile("INSERT INTO schema_journal|VACUUM|[A-Z ]* CONCURRENTLY")
"""The last of a transaction, or one of its own."""


def configure(
    database: dict[str, Any], apps: list[str], schema: dict[str, Any], folder: str
) -> None:
    sys.path.insert(0, folder)
    settings.configure(
        DATABASES={"default": database},
        INSTALLED_APPS=["ingestion.schema.apps.SchemaConfig", *apps],
        SCHEMA=schema,
        USE_TZ=True,
    )


def die_at(number: int, *, after: bool) -> None:
    seen = 0

    def wrapper(execute: Callable[..., Any], sql: Any, *rest: Any) -> Any:
        nonlocal seen
        counts = bool(ENDS.match(str(sql)) if after else not READS.match(str(sql)))
        seen += counts
        if counts and seen == number and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = execute(sql, *rest)
        if counts and seen == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    def watch(connection: Any, **_: Any) -> None:
        if wrapper not in connection.execute_wrappers:
            connection.execute_wrappers.append(wrapper)

    connection_created.connect(watch, weak=False)


def in_a_fork(words: list[str], schema: dict[str, Any], dies: list[Any]) -> tuple[int, str]:
    """The exit code, negative after a signal, and what it said."""
    with tempfile.TemporaryFile("w+") as said:
        sys.stdout.flush()
        if (pid := os.fork()) == 0:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            settings.SCHEMA = {**settings.SCHEMA, **schema}
            if dies:
                die_at(dies[1], after=dies[0] == "after")
            execute_from_command_line(["manage.py", *words])
            sys.stdout.flush()
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        said.seek(0)
        return os.waitstatus_to_exitcode(status), said.read()


def main() -> None:
    text, *words = sys.argv[1:]
    configure(**json.loads(text))
    if words:
        execute_from_command_line(["manage.py", *words])
        return
    django.setup()
    load_command_class("ingestion.schema", "migrate")
    for line in sys.stdin:
        sys.stdout.write(f"{json.dumps(in_a_fork(*json.loads(line)))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

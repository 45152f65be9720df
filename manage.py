#!/usr/bin/env python3
"""The command line: `python manage.py help`."""

import os
import sys
import traceback
from pathlib import Path

ALEMBIC = {
    "revision": "makemigrations -n NAME",
    "upgrade": "migrate",
    "downgrade": "migrate -1",
    "current": "schema status",
    "heads": "schema status",
    "history": "schema history",
    "branches": "schema history",
    "show": "schema show APP NAME",
    "merge": "makemigrations --merge",
    "stamp": "migrate APP NAME --fake",
}


def main() -> int:
    try:
        return run()
    except KeyboardInterrupt:
        return 130


def run() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ingestion.settings")
    try:
        from django.core.management import execute_from_command_line
    except ModuleNotFoundError:
        python = Path(__file__).resolve().parent / ".venv/bin/python"
        print(
            f"Django is not installed for {sys.executable}. `make run` installs everything into "
            f".venv; then run: {python} manage.py {' '.join(sys.argv[1:])}",
            file=sys.stderr,
        )
        return 2
    from ingestion.refusals import in_one_line

    if sys.argv[1:2] and sys.argv[1] in ALEMBIC:
        here = f"manage.py {ALEMBIC[sys.argv[1]]}"
        print(f"Alembic's {sys.argv[1]} is here: {here} (README: From Alembic)", file=sys.stderr)
        return 2
    try:
        execute_from_command_line(sys.argv)
    except BrokenPipeError:  # `… | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        sentence = in_one_line(error)
        # Python would end with 1, which here means that there is something to see.
        print(sentence or traceback.format_exc(), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

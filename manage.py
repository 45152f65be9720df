#!/usr/bin/env python3
"""The command line: `python manage.py help`."""

import os
import sys
from pathlib import Path


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

    try:
        execute_from_command_line(sys.argv)
    except Exception as error:
        sentence = in_one_line(error)
        if sentence is None:
            raise
        print(sentence, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`schema diagram`: tables, columns and keys of a state of the migrations, or of two."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema.diagram.drawing import Diagram, Wish, diagram
from ingestion.schema.diagram.mermaid import mermaid
from ingestion.schema.diagram.svg import svg
from ingestion.schema.errors import CannotWrite, UnknownFormat
from ingestion.schema.units import counted

HELP = "Draws the tables that the migrations make, or how two states differ. Asks no database."
FORMATS: dict[str, Callable[..., str]] = {"svg": svg, "mermaid": mermaid}
ENDINGS = {".svg": "svg"} | dict.fromkeys(["", ".mmd", ".mermaid", ".md", ".txt"], "mermaid")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "apps", nargs="*", metavar="APP", help="Only of these apps (default: the project's own)."
    )
    state = parser.add_mutually_exclusive_group()
    state.add_argument(
        "--at",
        metavar="STATE",
        help="Which state: zero, head (the default), or APP:NAME with commas between.",
    )
    state.add_argument(
        "--between", nargs=2, metavar="STATE", help="How the second state differs from the first."
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help='"mermaid" is text for Markdown (the default), "svg" a drawing (for a FILE.svg).',
    )
    parser.add_argument("--output", metavar="FILE", help="Write it there.")
    parser.add_argument("--libraries", action="store_true", help="Those of all libraries as well.")
    parser.add_argument(
        "--whole", action="store_true", help="With --between: also tables that stay as they are."
    )


def answer(connection: BaseDatabaseWrapper, options: dict[str, Any]) -> tuple[str, int]:
    found = diagram(connection, _wish(options))
    output = options["output"]
    kind = options["format"] or _format_of(output)
    text = FORMATS[kind](found.picture, title=found.title)
    if output is None:
        return text, 0
    _write(output, text)
    return f"{output}: {_told(found)}", 0


def _format_of(output: str | None) -> str:
    ending = Path(output or "").suffix
    if ending not in ENDINGS:
        raise UnknownFormat(f"{output}")
    return ENDINGS[ending]


def _wish(options: dict[str, Any]) -> Wish:
    before, at = options["between"] or (None, options["at"] or "head")
    return Wish(
        at,
        before,
        apps=options["apps"],
        with_libraries=options["libraries"],
        is_whole=options["whole"],
    )


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CannotWrite(path, error.strerror or str(error)) from error
    except ValueError as error:  # a name that no file can have
        raise CannotWrite(path, str(error)) from error


def _told(found: Diagram) -> str:
    count = counted(len(found.picture.tables), "table")
    return f"{found.title}; {count}" if found.picture.tables else found.title

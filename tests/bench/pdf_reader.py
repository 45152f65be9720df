"""Read PDF files one way or the other, and print the seconds that took."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pypdfium2

from documents.extraction.sandbox import sandboxed

LEAST = 1_000
"""Characters of a page, or it was not read."""


def as_the_worker_does(path: Path) -> str:
    size = path.stat().st_size
    with (
        path.open("rb") as source,
        sandboxed(
            source, content_type="application/pdf", filename=path.name, size=size
        ) as extraction,
    ):
        return "".join(piece for piece in extraction.pieces if isinstance(piece, str))


def alone(path: Path) -> str:
    document = pypdfium2.PdfDocument(path)
    texts = []
    for page in document:
        words = page.get_textpage()
        texts.append(words.get_text_range())
        words.close()
        page.close()
    document.close()
    return "\n".join(texts)


WAYS: dict[str, Callable[[Path], str]] = {"worker": as_the_worker_does, "alone": alone}


def main(way: str, *names: str) -> None:
    read, paths = WAYS[way], [Path(name) for name in names]
    read(paths[0])  # warm: a worker has been up for a while
    started = time.perf_counter()
    for path in paths:
        text = read(path)
        if len(text) < LEAST:
            raise SystemExit(f"{path} gave {len(text)} characters only.")
    sys.stdout.write(f"{time.perf_counter() - started}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

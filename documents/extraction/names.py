"""Names of files that others chose: without paths, tricks and what no file system would keep."""

import unicodedata
from pathlib import PurePosixPath

from documents.extraction.facts import readable

MAX_NAME = 200
MAX_PATH = 1_000
UNNAMED = "unnamed"


def clean_path(path: str) -> str:
    """To be shown: the folders it names inside, and never a way out of them."""
    pieces = [piece for piece in map(_printable, path.replace("\\", "/").split("/")) if piece]
    return "/".join(piece for piece in pieces if piece not in {".", ".."})[-MAX_PATH:]


def file_name(path: str) -> str:
    """The last piece; a long one keeps its ending, which tells what it is."""
    name = clean_path(path).rpartition("/")[2] or UNNAMED
    ending = PurePosixPath(name).suffix
    if len(name) > MAX_NAME and len(ending) <= 20:
        return name[: MAX_NAME - len(ending)] + ending
    return name[:MAX_NAME]


def _printable(piece: str) -> str:
    """Controls go, and so do marks that turn the direction of writing and hide an ending."""
    kept = (char for char in readable(piece) if unicodedata.category(char) not in {"Cc", "Cf"})
    return "".join(kept).strip()

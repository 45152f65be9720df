"""Which migrations came, or were edited, since a branch left another one, as git says.

Files that git does not know yet count as new. Compared is with the commit at which the two
branches parted, so that what the other one got meanwhile is nobody's news.
"""

import re
import subprocess
from importlib import import_module
from pathlib import Path

from django.db.migrations.loader import MigrationLoader

from ingestion.schema.errors import NoGitCheckout, UnknownRef
from ingestion.schema.plan import Key
from ingestion.schema.sources import own_apps


def new_since(ref: str) -> set[Key]:
    """Migrations of the project's own apps whose files were not there at this commit."""
    return {
        (app, name)
        for app, folder in _folders().items()
        for name in [
            *_changed(folder, ref, kind="A"),
            *_names(_git(folder, "ls-files", "--others", "--exclude-standard")),
        ]
    }


def edited_since(ref: str) -> set[Key]:
    """Those that were there, and whose text has changed."""
    return {
        (app, name)
        for app, folder in _folders().items()
        for name in _changed(folder, ref, kind="MT")
    }


def gone_since(ref: str) -> set[Key]:
    """Those that were there, and have no file now, but for what a squashed one replaced then."""
    return {
        (app, name)
        for app, folder in _folders().items()
        for name in _changed(folder, ref, kind="D")
        if not _was_replaced(folder, ref, name)
    }


def _was_replaced(folder: Path, ref: str, name: str) -> bool:
    """Some file named it beside `replaces`; the file itself does not name itself."""
    quoted = rf"[\"']{re.escape(name)}[\"']"
    where = _parting(folder, ref).strip()
    words = (
        "grep",
        "-l",
        "-E",
        "--all-match",
        "-e",
        r"\breplaces\b",
        "-e",
        quoted,
        where,
        "--",
        ".",
    )
    return bool(_git(folder, *words, found_nothing=1))


def _folders() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for app in sorted(own_apps()):
        module, _ = MigrationLoader.migrations_module(app)
        folder = _folder(module) if module else None
        if folder:
            found[app] = folder
    return found


def _folder(module: str) -> Path | None:
    try:
        places = import_module(module).__path__
    except ImportError:  # an app without migrations
        return None
    return Path(next(iter(places)))


def _changed(folder: Path, ref: str, *, kind: str) -> list[str]:
    said = _git(
        folder,
        *("diff", "--name-only", "--relative", "--no-renames", f"--diff-filter={kind}"),
        *(_parting(folder, ref), "--", "."),
    )
    return _names(said)


def _parting(folder: Path, ref: str) -> str:
    _git(folder, "rev-parse", "--is-inside-work-tree")
    try:
        return _git(folder, "merge-base", "--end-of-options", ref, "HEAD").strip()
    except NoGitCheckout as error:
        raise UnknownRef(ref) from error


def _names(said: str) -> list[str]:
    """Of migrations, without what else lies in the folder."""
    paths = [Path(line) for line in said.splitlines()]
    return [
        path.stem
        for path in paths
        if path.suffix == ".py" and len(path.parts) == 1 and path.name[0] not in "_~"
    ]


def _git(folder: Path, *words: str, found_nothing: int = 0) -> str:
    try:
        done = subprocess.run(
            ["git", "-c", "core.quotePath=off", *words],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise NoGitCheckout(f"{folder}", "there is no program git") from error
    if done.returncode not in {0, found_nothing}:
        why = done.stderr.strip().partition("\n")[0].removeprefix("fatal: ")
        raise NoGitCheckout(f"{folder}", why or f"git {words[0]} failed")
    return done.stdout

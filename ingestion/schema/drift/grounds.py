"""All that decides which tables a set of migrations makes, as plain data with one hash.

the files that are applied, in their order, and the modules that they import
the versions of Django, of the server, and of this tool
the settings and environment variables that those files name, and the settings that Django reads
the files besides them that they name: scripts in SQL, lists of values
what the database is like: its encoding and locale, its schemas, its extensions
"""

import ast
import glob
import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib.util import decode_source, resolve_name
from pathlib import Path
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from django.db import router
from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema.project import Project
from ingestion.schema.replay import steps_of
from ingestion.schema.scratch import LIKE_THIS_ONE
from ingestion.schema.sources import file_of, file_of_module, hash_of, is_own

Grounds = dict[str, Any]

SETTINGS = frozenset(
    {
        "AUTH_USER_MODEL",
        "DATABASE_ROUTERS",
        "DEFAULT_AUTO_FIELD",
        "DEFAULT_INDEX_TABLESPACE",
        "DEFAULT_TABLESPACE",
        "LANGUAGE_CODE",
        "MIGRATION_MODULES",
        "TIME_ZONE",
        "USE_TZ",
    }
)
NAMED = re.compile(r"""\bsettings(?:\.|,\s*["'])([A-Z][A-Z0-9_]*)""")
ENVIRONMENT = re.compile(r"""\b(?:environ(?:\.get\(|\[|\.pop\()|getenv\()\s*["'](\w+)["']""")
READ = re.compile(
    r"""["'](?:[^"'\n]*/)?([^"'/\n]+\.(?:sql|psql|json|csv|tsv|txt|ya?ml|toml|xml))["']"""
)
IMPORT = re.compile(r"^\s*(?:from|import)\s+(\.|\w+)(.*,)?", re.MULTILINE)
WITHOUT_SOURCES = frozenset({*sys.stdlib_module_names, "django"})
"""Django's version says it all; Python's decides nothing."""
HERE = Path(__file__).parents[1]
ADDRESS = re.compile(r" at 0x[0-9a-f]+")
SERVER = """
    SELECT current_setting('server_version_num'), to_json(current_schemas(false)),
           current_setting('default_tablespace'), current_setting('default_table_access_method'),
           current_setting('default_toast_compression'),
           (SELECT json_object_agg(name, default_version ORDER BY name)
              FROM pg_available_extensions WHERE installed_version IS NOT NULL)
"""


def grounds(project: Project, *, django_version: str = django.get_version()) -> Grounds | None:
    """Of what is applied. None where it cannot be known: of a file there is only compiled code."""
    steps = steps_of(project)
    files = {f"{step}": file_of(project.migration(step.key)) for step in steps}
    migrations = {name: path for name, path in files.items() if path is not None}
    if len(migrations) < len(files):
        return None
    names = {type(project.migration(step.key)).__module__ for step in steps}
    modules = _imported_by(names, deciders=_deciders(project))
    paths = [*migrations.values(), *modules.values()]
    named = {name for path in paths for name in NAMED.findall(_text(path))}
    environment = {name for path in paths for name in ENVIRONMENT.findall(_text(path))}
    return {
        "steps": [[f"{step}", step.fake] for step in steps],
        "files": {name: hash_of(path) for name, path in migrations.items()},
        "modules": {name: hash_of(path) for name, path in modules.items()},
        "settings": {
            name: repr(getattr(settings, name, None)) for name in sorted(SETTINGS | named)
        },
        "environment": {name: os.environ.get(name) for name in sorted(environment)},
        "read": sorted({hash_of(each) for path in paths for each in _read_by(path)}),
        "apps": sorted(apps.app_configs),
        "alias": project.connection.alias,
        "engine": project.connection.settings_dict["ENGINE"],
        "django": django_version,
        "tool": _tool(),
        "database": _database(project.connection),
    }


def key_of(grounds: Grounds) -> str:
    text = json.dumps(grounds, sort_keys=True)
    return hashlib.sha256(ADDRESS.sub("", text).encode()).hexdigest()


def _database(connection: BaseDatabaseWrapper) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(LIKE_THIS_ONE)
        options = sorted(cursor.fetchall())
        cursor.execute(SERVER)
        return [options, cursor.fetchone()]


@cache
def _tool() -> str:
    """One hash for all files of this tool: any of them may change what is made or read."""
    files = sorted(path for path in HERE.rglob("*") if path.suffix in {".py", ".sql"})
    return hashlib.sha256(" ".join(map(hash_of, files)).encode()).hexdigest()


# --- What is imported ----------------------------------------------------------------------


def _deciders(project: Project) -> set[str]:
    """What has a say besides the migrations: routers, and models of apps that have none."""
    without = project.loader.unmigrated_apps
    models = {each.__module__ for each in apps.get_models() if each._meta.app_label in without}
    return models | {type(each).__module__ for each in router.routers}


def _imported_by(names: set[str], *, deciders: set[str]) -> dict[str, Path]:
    """Modules, and what those of the project import in turn; of libraries just what is named."""
    found: dict[str, Path] = {}
    ahead = [*deciders, *(each for name in names for each in _imports(name))]
    while ahead:
        name = ahead.pop()
        path = file_of_module(name)
        if name in found or name in names or path is None or _is_known_by_version(name, path):
            continue
        found[name] = path
        if is_own(path):
            ahead += _imports(name)
    return found


def _is_known_by_version(name: str, path: Path) -> bool:
    return name.partition(".")[0] in WITHOUT_SOURCES or path.is_relative_to(HERE)


def _imports(module: str) -> Iterator[str]:
    """Names that may be those of modules: `from a import b` says a and a.b."""
    path = file_of_module(module)
    text = _text(path) if path else ""
    if path is None or not _may_import_more(text):
        return
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            with suppress(ImportError):  # it leads out of the package, and has not been run
                source = resolve_name(f"{'.' * node.level}{node.module or ''}", package)
                yield source
                yield from (f"{source}.{alias.name}" for alias in node.names)


def _may_import_more(text: str) -> bool:
    """Than what its version tells all about. To read the syntax takes ten times as long."""
    return any(
        first not in WITHOUT_SOURCES or (others and "import" not in others)
        for first, others in IMPORT.findall(text)
    )


def _read_by(path: Path) -> Iterator[Path]:
    """Files that are called so, beside it or in the app: which of them it reads nobody can say."""
    folder = path.parent
    app = folder.parent if folder.name == "migrations" else folder
    for name in set(READ.findall(_text(path))):
        below = app.rglob if app != folder else app.glob
        yield from filter(Path.is_file, [folder / name, *below(glob.escape(name))])


def _text(path: Path) -> str:
    """In the encoding that it names."""
    return decode_source(path.read_bytes())

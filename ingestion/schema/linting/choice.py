"""Which migrations are to be judged: those that are named, new, pending, or all of the project."""

from collections.abc import Collection
from dataclasses import dataclass

from ingestion.schema.errors import NoSuchMigration, UnknownApp
from ingestion.schema.plan import Key, full_order, named
from ingestion.schema.project import Project
from ingestion.schema.since import new_since


@dataclass(frozen=True, kw_only=True)
class Chosen:
    keys: tuple[Key, ...]
    """In the order of an empty database; then those that squashed ones replace."""
    as_what: str
    """ "pending in mydatabase", as a sentence has it behind "the migrations that are"."""
    running: frozenset[Key] = frozenset()
    """With which the release was made that runs now, where that is known."""


def choose(
    project: Project, *, app: str | None, name: str | None, base: str | None, is_all: bool
) -> Chosen:
    everything = full_order(project.graph)
    own = [key for key in everything if key[0] in project.own]
    if app:
        return Chosen(keys=_in_order(_named(project, app, name), everything), as_what="named")
    if base is not None:
        new = new_since(base)
        return Chosen(
            keys=(*(key for key in own if key in new), *_parts(project, new)),
            as_what=f"new since {base}",
            running=frozenset(everything) - new,
        )
    if is_all:
        return Chosen(keys=tuple(own), as_what="the project's own")
    applied = project.visible()
    return Chosen(
        keys=tuple(key for key in own if key not in applied),
        as_what=f"pending in {project.connection.settings_dict['NAME']}",
        running=frozenset(key for key in everything if key in applied),
    )


def _named(project: Project, app: str, name: str | None) -> set[Key]:
    names = sorted(each for label, each in project.loader.disk_migrations if label == app)
    if app not in project.loader.migrated_apps:
        raise UnknownApp(app, sorted(project.loader.migrated_apps))
    if not names:
        raise NoSuchMigration(app, "", [])
    if name is None:
        return {key for key in project.graph.nodes if key[0] == app}
    return {(app, named(names, app=app, prefix=name))}


def _parts(project: Project, new: Collection[Key]) -> list[Key]:
    """Of squashed migrations: some databases have to go through them."""
    _, parts = project.in_parts(project.own)
    return sorted(parts.intersection(new) - project.graph.nodes.keys())


def _in_order(keys: Collection[Key], order: Collection[Key]) -> tuple[Key, ...]:
    return tuple(key for key in order if key in keys) or tuple(sorted(keys))

"""The picture that somebody asks for: of one state or of two, of these apps."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema.diagram.picture import Change, Picture, Table, between
from ingestion.schema.diagram.renames import origins, renames
from ingestion.schema.diagram.tables import picture_of
from ingestion.schema.errors import NoSuchMigration, UnknownApp
from ingestion.schema.project import Project


@dataclass(frozen=True)
class Wish:
    at: str = "head"
    before: str | None = None
    """What `at` is compared with."""
    apps: Collection[str] = ()
    """None: the project's own."""
    with_libraries: bool = False
    is_whole: bool = False
    """In a comparison also what stays as it is."""


@dataclass(frozen=True)
class Diagram:
    title: str
    picture: Picture


def diagram(connection: BaseDatabaseWrapper, wish: Wish) -> Diagram:
    """Asks no database: the connection only knows how PostgreSQL calls its types."""
    project = Project.supposing(connection, wish.at)
    apps = _apps(project, wish)
    if wish.before is None:
        picture = picture_of(project.state(project.visible()), connection)
    else:
        picture = _difference(Project.supposing(connection, wish.before), project)

    def is_wanted(table: Table) -> bool:
        is_other = wish.before is None or wish.is_whole or table.change is not Change.SAME
        return is_other and table.app in apps

    shown = picture.only(is_wanted)
    whose = ", ".join(sorted(wish.apps)) or ("all apps" if wish.with_libraries else "")
    return Diagram(_title(wish, whose or ", ".join(sorted(apps)), shown), shown)


def _difference(before: Project, after: Project) -> Picture:
    shared = before.visible().keys() & after.visible().keys()
    old, new = before.state(before.visible()), after.state(after.visible())
    names = renames(
        old, new, then=origins(before, without=shared), now=origins(after, without=shared)
    )
    connection = after.connection
    return between(picture_of(old, connection), picture_of(new, connection), renames=names)


def _apps(project: Project, wish: Wish) -> Collection[str]:
    known = project.loader.migrated_apps
    for app in wish.apps:
        if app in project.loader.unmigrated_apps:
            raise NoSuchMigration(app, "", [])
        if app not in known:
            raise UnknownApp(app, sorted(known))
    if wish.apps:
        return wish.apps
    return known | project.loader.unmigrated_apps if wish.with_libraries else project.own


def _title(wish: Wish, whose: str, shown: Picture) -> str:
    if wish.before is None:
        return f"{whose} at {wish.at}" if shown.tables else f"{whose} at {wish.at}: no table"
    states = f"{whose}: {wish.before} → {wish.at}"
    return states if shown.is_difference else f"{states}: no table, column or key differs"

"""The migrations of an app as a graph, newest first, each with what is known of it."""

from dataclasses import dataclass

from ingestion.schema.errors import NoSuchMigration, UnknownApp
from ingestion.schema.lines import draw
from ingestion.schema.survey import Known, State, Survey

UNAPPLIED = {State.PENDING, State.HALF_APPLIED, State.WAITING}


@dataclass(frozen=True)
class Line:
    """Of the picture: what is drawn, and the migration that stands there, if one does."""

    drawn: str
    known: Known | None


@dataclass(frozen=True)
class AppHistory:
    app: str
    lines: tuple[Line, ...]
    outside: tuple[Known, ...]
    """Not in the graph: replaced by a squashed one, or without a file."""
    older: int
    """That many are left out, because only the newest were asked for."""


def history(survey: Survey, *, app: str | None, most: int | None) -> list[AppHistory]:
    """Of one app, or of all that have migrations."""
    if app:
        refuse_unknown(survey, app)
    known: dict[str, list[Known]] = {label: [] for label in ([app] if app else survey.apps)}
    for key in [*survey.order, *survey.outside]:
        if key[0] in known:
            known[key[0]].append(survey.known(key))
    return [_picture(label, found, most=most) for label, found in known.items()]


def refuse_unknown(survey: Survey, app: str) -> None:
    if app not in survey.apps:
        loader = survey.project.loader
        if app in loader.unmigrated_apps | loader.migrated_apps:
            raise NoSuchMigration(app, "", [])
        raise UnknownApp(app, survey.apps)


def newest_first(found: AppHistory) -> list[Known]:
    return [*(line.known for line in found.lines if line.known), *found.outside]


def _picture(app: str, found: list[Known], *, most: int | None) -> AppHistory:
    inside = {each.name: each for each in found if _is_inside(each)}
    drawn = draw(
        list(reversed(inside)),
        {name: each.parents for name, each in inside.items()},
        hollow={name for name, each in inside.items() if each.state in UNAPPLIED},
    )
    kept = drawn if most is None else _newest(drawn, most)
    return AppHistory(
        app=app,
        lines=tuple(Line(text, inside[name] if name else None) for text, name in kept),
        outside=tuple(each for each in found if each.name not in inside),
        older=len(inside) - sum(1 for _, name in kept if name),
    )


def _is_inside(known: Known) -> bool:
    return known.state not in {State.REPLACED, State.WAITING, State.NO_FILE}


def _newest(drawn: list[tuple[str, str | None]], most: int) -> list[tuple[str, str | None]]:
    """So many migrations, and the lines between them."""
    kept: list[tuple[str, str | None]] = []
    for line in drawn:
        if line[1] is not None:
            if most == 0:
                break
            most -= 1
        kept.append(line)
    return kept

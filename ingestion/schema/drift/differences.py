"""Where two catalogues differ, and what of it counts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from enum import Enum, auto
from fnmatch import fnmatchcase

from ingestion.schema.catalog import Catalog, Thing, Things
from ingestion.schema.repair.renames import Rename, renames


class Side(Enum):
    MISSING = auto()
    EXTRA = auto()


@dataclass(frozen=True)
class Difference:
    thing: str
    expected: str | None
    """None: there should be no such thing."""
    found: str | None
    """None: there is no such thing."""

    @property
    def side(self) -> Side | None:
        """None: it is there, and another one than expected."""
        if self.found is None:
            return Side.MISSING
        return Side.EXTRA if self.expected is None else None


def differences(expected: Catalog, found: Catalog) -> list[Difference]:
    """By thing, in the order of the alphabet."""
    return [
        Difference(thing, expected.get(thing), found.get(thing))
        for thing in sorted(expected.keys() | found.keys())
        if expected.get(thing) != found.get(thing)
    ]


@dataclass(frozen=True)
class Ignored:
    """A difference that somebody has said not to mind."""

    difference: Difference
    pattern: str
    reason: str


@dataclass(frozen=True)
class Group:
    """A difference, with those of what belongs to it and comes or goes with it."""

    difference: Difference
    parts: tuple[Difference, ...] = ()
    found_as: Difference | None = None
    """The same under another name: that one is there instead."""

    @property
    def things(self) -> set[str]:
        also = [self.found_as] if self.found_as else []
        return {each.thing for each in [self.difference, *self.parts, *also]}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    expected: Things
    """What the migrations make; of what is ignored, what was found."""
    found: Things
    """What there is, without privileges that no migration is about."""
    others: Things
    """Such privileges, of what is to stay: what has to be made anew needs them again."""
    groups: tuple[Group, ...]
    ignored: tuple[Ignored, ...]
    unused: tuple[str, ...]
    """Patterns that took nothing out."""


def compare(expected: Things, found: Things, *, ignore: Mapping[str, str]) -> Comparison:
    """`ignore` gives each pattern for names of things its reason."""
    expected = _as_owned(expected, found)
    others = _not_ours(expected, found)
    found = {thing: each for thing, each in found.items() if thing not in others}
    belonging = Belonging(expected, found)
    things = found | expected
    counts: list[Difference] = []
    ignored: list[Ignored] = []
    for each in _differences(expected, found):
        names = [each.thing, *belonging.owners(each.thing)]
        pattern = next((p for p in ignore if any(fnmatchcase(name, p) for name in names)), None)
        if pattern is None:
            counts.append(each)
        else:
            ignored.append(Ignored(each, pattern, ignore[pattern]))
    expected = _as_found(expected, found, {each.difference.thing for each in ignored})
    groups = _paired(_grouped(counts, belonging), renames(found, expected)[0])
    return Comparison(
        expected=expected,
        found=found,
        others={thing: each for thing, each in others.items() if _stays(each, expected)},
        groups=tuple(sorted(groups, key=lambda each: _place(things[each.difference.thing]))),
        ignored=tuple(ignored),
        unused=tuple(p for p in ignore if not any(each.pattern == p for each in ignored)),
    )


def _differences(expected: Things, found: Things) -> list[Difference]:
    """Of most things it is enough to see that their facts are the same."""
    same = {
        thing
        for thing, each in expected.items()
        if thing in found and each.facts == found[thing].facts
    }

    def rest(things: Things) -> Catalog:
        return {thing: each.definition for thing, each in things.items() if thing not in same}

    return differences(rest(expected), rest(found))


def _as_owned(expected: Things, found: Things) -> Things:
    """The owner's privileges are the owner's, also where somebody else has replayed it."""
    owners = {_about(each): each for each in found.values() if each.facts.get("is_owner")}
    owned = []
    for each in expected.values():
        other = owners.get(_about(each)) if each.facts.get("is_owner") else None
        if other is not None:
            facts = {**each.facts, "to": other.facts["to"]}
            owned.append(replace(each, rest=other.rest, facts=facts))
        else:
            owned.append(each)
    return {each.name: each for each in owned}


def _about(grant: Thing) -> tuple[object, ...]:
    return grant.kind, grant.path, tuple(grant.facts["goes_with"])


def _not_ours(expected: Things, found: Things) -> Things:
    """Privileges of roles that the migrations do not name: those are the DBA's."""
    named = {_role(each) for each in expected.values() if _is_grant(each)} | {"public"}
    return {
        thing: each for thing, each in found.items() if _is_grant(each) and _role(each) not in named
    }


class Belonging:
    """Which thing comes and goes with which."""

    def __init__(self, *catalogues: Things) -> None:
        self._owners: dict[str, set[str]] = {}
        for things in catalogues:
            for name, each in things.items():
                self._owners.setdefault(name, set()).update(each.facts["goes_with"])

    def owners(self, thing: str) -> list[str]:
        """What a thing belongs to, and what that belongs to, and so on; the nearest first."""
        found: dict[str, None] = {}
        ahead = sorted(self._owners.get(thing, ()))
        while ahead:
            owner = ahead.pop(0)
            if owner not in found and owner != thing:
                found[owner] = None
                ahead += sorted(self._owners.get(owner, ()))
        return list(found)


def _is_grant(thing: Thing) -> bool:
    return thing.kind == "grant" or thing.kind.startswith("grant ")


def _role(grant: Thing) -> str:
    return str(grant.facts["to"])


def role_of(thing: Thing) -> str | None:
    """As SQL writes it, if these are rights of one."""
    return _role(thing) if _is_grant(thing) else None


def _grouped(found: Sequence[Difference], belonging: Belonging) -> Iterator[Group]:
    """What comes or goes with something else is told with it."""
    sides = {each.thing: each.side for each in found if each.side is not None}

    def above(thing: str) -> list[str]:
        side = sides.get(thing)
        return [o for o in belonging.owners(thing) if side and sides.get(o) is side]

    heads = {each.thing for each in found if not above(each.thing)}
    parts: dict[str, list[Difference]] = {}
    for each in found:
        head = next((owner for owner in above(each.thing) if owner in heads), None)
        if head is None:
            heads.add(each.thing)
        else:
            parts.setdefault(head, []).append(each)
    for each in found:
        if each.thing in heads:
            yield Group(each, tuple(parts.get(each.thing, ())))


def _paired(groups: Iterable[Group], renamed: Sequence[Rename]) -> list[Group]:
    """What is missing and what is there besides are one, if only the name is another."""
    found = {group.difference.thing: group for group in groups}
    for each in renamed:
        missing, extra = found.get(each.new.name), found.get(each.old.name)
        if missing and extra and missing is not extra:
            del found[each.old.name]
            parts = (*missing.parts, *extra.parts)
            found[each.new.name] = Group(missing.difference, parts, extra.difference)
    return list(found.values())


def _place(thing: Thing) -> tuple[object, ...]:
    """A table first, then all that is in it."""
    return thing.path, thing.kind != "table", thing.kind, thing.rest


def _as_found(expected: Things, found: Things, names: Set[str]) -> Things:
    """What is to be made of the database, if these are to stay as they are."""
    wanted = {thing: each for thing, each in expected.items() if thing not in names}
    kept = {thing: found[thing] for thing in names if thing in found}
    staying = wanted | kept
    return {thing: each for thing, each in staying.items() if _stays(each, staying)}


def _stays(thing: Thing, things: Things) -> bool:
    """Not a part of what goes."""
    return all(owner in things for owner in thing.facts["goes_with"])

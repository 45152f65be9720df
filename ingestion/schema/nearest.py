"""Which migrations a database seems to have, told by the things that each of them makes.

Each migration brings some things to what was found, and takes others away from it. Of all sets of
migrations that hold whatever their members need, the one with the largest sum is the nearest. That
is a closure of maximum weight, found as a minimum cut (Picard 1976), however the graph branches.
No database.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping

from ingestion.schema.catalog import Catalog
from ingestion.schema.drift.differences import differences
from ingestion.schema.plan import Key

Changes = Mapping[str, tuple[str | None, str | None]]
"""What a migration does: each thing it touches, as it was before and as it is after."""
Needs = Mapping[Key, Collection[Key]]
"""Each migration, and those it depends on."""

_SOURCE, _SINK = ("", "source"), ("", "sink")


def changes(before: Catalog, after: Catalog) -> Changes:
    return {each.thing: (each.expected, each.found) for each in differences(before, after)}


def nearest(made: Mapping[Key, Changes], needs: Needs, found: Catalog) -> set[Key]:
    """What is applied, if these were the changes that each migration made, one after the other."""
    weights = {key: _gain(each, found) for key, each in made.items()}
    return _with_a_sign(closure(weights, needs), made, needs)


def closure(weights: Mapping[Key, int], needs: Needs) -> set[Key]:
    """The set with the largest sum that holds all its members need; of equal ones the largest."""
    room: defaultdict[Key, dict[Key, float]] = defaultdict(dict)
    for key, weight in weights.items():
        if weight > 0:
            room[_SOURCE][key] = weight
        if weight < 0:
            room[key][_SINK] = -weight
        for other in needs[key]:
            room[key][other] = float("inf")
    while path := _path(room):
        least = min(room[start][end] for start, end in path)
        for start, end in path:
            room[start][end] -= least
            room[end][start] = room[end].get(start, 0) + least
    return weights.keys() - _reaching_sink(room)


def _gain(each: Changes, found: Catalog) -> int:
    """How many things are as they were found after it, less those that were so before it."""
    return sum(
        (after == found.get(thing)) - (before == found.get(thing))
        for thing, (before, after) in each.items()
    )


def _with_a_sign(chosen: set[Key], made: Mapping[Key, Changes], needs: Needs) -> set[Key]:
    """Leave out those of which no table tells, and nothing around them either.

    A migration that changes no table is taken as applied with others of its app, or with those
    that need it; in an app that has no others, with whatever there is.
    """
    seen = {key for key in chosen if made[key]}
    apps = {app for app, _ in seen}
    apps_with_signs = {key[0] for key, each in made.items() if each}
    believed = {key for key in chosen if key[0] in apps or (seen and key[0] not in apps_with_signs)}
    return _with_what_they_need(believed, needs)


def _with_what_they_need(keys: Iterable[Key], needs: Needs) -> set[Key]:
    found: set[Key] = set()
    waiting = list(keys)
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            waiting.extend(needs[key])
    return found


def _path(room: Mapping[Key, Mapping[Key, float]]) -> list[tuple[Key, Key]]:
    """The shortest from the source to the sink on which there is room; none if it is cut."""
    came_from: dict[Key, Key] = {_SOURCE: _SOURCE}
    waiting = deque([_SOURCE])
    while waiting and _SINK not in came_from:
        key = waiting.popleft()
        for other, left in room.get(key, {}).items():
            if left > 0 and other not in came_from:
                came_from[other] = key
                waiting.append(other)
    path = []
    key = _SINK
    while key in came_from and key != _SOURCE:
        path.append((came_from[key], key))
        key = came_from[key]
    return path


def _reaching_sink(room: Mapping[Key, Mapping[Key, float]]) -> set[Key]:
    leading_to: defaultdict[Key, list[Key]] = defaultdict(list)
    for key, others in room.items():
        for other, left in others.items():
            if left > 0:
                leading_to[other].append(key)
    return _with_what_they_need([_SINK], leading_to)

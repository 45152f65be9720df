"""Where two catalogues differ."""

from dataclasses import dataclass

from ingestion.schema.catalog import Catalog


@dataclass(frozen=True)
class Difference:
    thing: str
    expected: str | None
    """None: there should be no such thing."""
    found: str | None
    """None: there is no such thing."""


def differences(expected: Catalog, found: Catalog) -> list[Difference]:
    """By thing, in the order of the alphabet."""
    return [
        Difference(thing, expected.get(thing), found.get(thing))
        for thing in sorted(expected.keys() | found.keys())
        if expected.get(thing) != found.get(thing)
    ]

"""The words for a squashed migration that is not what it replaces."""

from collections import Counter
from collections.abc import Iterator, Sequence

from ingestion.schema.differing import apart, told
from ingestion.schema.drift.differences import Difference
from ingestion.schema.errors import listed
from ingestion.schema.plan import Key
from ingestion.schema.units import counted
from ingestion.schema.verification.contents import Contents
from ingestion.schema.verification.findings import Finding

RULE = "squash-differs"
HINT = "Let it do all that its parts do: databases that have those are not migrated again."


def differ(key: Key, found: Sequence[Difference]) -> Iterator[Finding]:
    """Expected is what the parts make."""
    for each in told(found):
        if each.expected is None:
            yield _finding(key, f"it makes {each.thing}, and the parts do not")
        elif each.found is None:
            yield _finding(key, f"it does not make {each.thing}, and the parts do")
        else:
            parts, made = apart(each.expected, each.found)
            yield _finding(key, f"{each.thing} is {made}, and with the parts {parts}")


def other_rows(key: Key, parts: Contents, whole: Contents) -> Iterator[Finding]:
    for table in sorted(parts.keys() & whole.keys()):
        before, now = parts[table], whole[table]
        if before.count != now.count:
            says = f"{table} has {counted(now.count, 'row')}, and with the parts {before.count}"
            yield _finding(key, says)
            continue
        for column in sorted(before.columns):
            if Counter(before.columns[column]) != Counter(now.columns.get(column, ())):
                yield _finding(key, f"{table}.{column} has other values than with the parts")


def does_not_run(key: Key, why: str, *, is_whole: bool) -> Finding:
    what = "it does not run" if is_whole else "its parts do not run"
    return _finding(key, f"{what}: {why}")


def parts_are_gone(key: Key, gone: Sequence[Key]) -> str:
    names = listed(".".join(each) for each in gone)
    return f"{'.'.join(key)} was not compared with what it replaces: {names} has no file any more."


def _finding(key: Key, says: str) -> Finding:
    name = ".".join(key)
    return Finding(
        rule=RULE, migration=name, says=f"{name} is not what it replaces: {says}.", hint=HINT
    )

"""The words for what is wrong with a migration that does not go up, down and up again."""

from collections.abc import Iterator, Sequence

from ingestion.schema.differing import apart, is_validated, short, told
from ingestion.schema.drift.differences import Difference
from ingestion.schema.errors import listed
from ingestion.schema.plan import Key
from ingestion.schema.units import counted
from ingestion.schema.verification.contents import Lost
from ingestion.schema.verification.findings import Finding
from ingestion.schema.verification.promises import Unkept


def fails(key: Key, why: str) -> Finding:
    return _finding(
        "fails",
        key,
        f"{_name(key)} does not run: {why}.",
        "Mend it: no new database gets past it.",
    )


def fails_with_rows(key: Key, why: str) -> Finding:
    return _finding(
        "fails",
        key,
        f"{_name(key)} only runs where the tables are empty: {why}.",
        "Give what it adds a default, or fill it before it is constrained. If no real row is like "
        "those made up here, give better ones in SCHEMA['SEEDS'] of the settings.",
    )


def irreversible(key: Key, stuck: Sequence[str]) -> Finding:
    return _finding(
        "irreversible",
        key,
        f"{_name(key)} cannot be undone: there is no way back from {listed(stuck)}.",
        "Give the operation a reverse (reverse_sql, reverse_code)" + _or_say("irreversible"),
    )


def cannot_be_undone(key: Key, why: str) -> Finding:
    return _finding(
        "irreversible",
        key,
        f"{_name(key)} cannot be undone: {why}.",
        "Mend its reverse" + _or_say("irreversible"),
    )


def cannot_be_undone_with_rows(key: Key, why: str) -> Finding:
    return _finding(
        "irreversible",
        key,
        f"{_name(key)} can only be undone where the tables are empty: {why}.",
        "Let its reverse fill what it brings back, or give that a default"
        + _or_say("irreversible"),
    )


def fails_again(key: Key, why: str) -> Finding:
    return _finding(
        "fails-again",
        key,
        f"{_name(key)} cannot be applied again after it was undone: {why}.",
        "Let its reverse take away all that it makes, rows too.",
    )


def left(key: Key, found: Sequence[Difference]) -> Iterator[Finding]:
    """How the schema after undoing differs from the one before."""
    for each in told(found):
        if each.expected is None:
            rule, says = "leaves-behind", f"leaves {each.thing} behind when it is undone"
            hint = "Let its reverse drop it."
        elif each.found is None:
            rule, says = "not-brought-back", f"does not bring {each.thing} back when it is undone"
            hint = f"Let its reverse make it again: {short(each.expected)}."
        elif is_validated(each):
            continue
        else:
            rule, (was, now) = "comes-back-different", apart(each.expected, each.found)
            says = f"brings back {each.thing} as {now}, and it was {was}"
            hint = "Let its reverse make it as it was."
        yield _finding(rule, key, f"{_name(key)} {says}.", hint)


def differs_again(key: Key, found: Sequence[Difference]) -> Iterator[Finding]:
    """How the schema after the second time differs from the one after the first."""
    for each in told(found):
        if each.expected is None:
            says = f"makes {each.thing} only when it is applied again"
        elif each.found is None:
            says = f"does not make {each.thing} when it is applied again"
        else:
            first, now = apart(each.expected, each.found)
            says = (
                f"makes {each.thing} as {now} when it is applied again, "
                f"and the first time as {first}"
            )
        hint = "Let it make the same whatever was undone before."
        yield _finding("differs-again", key, f"{_name(key)} {says}.", hint)


def unkept(found: Unkept) -> Finding:
    if found.found is None:
        says = f"gives the models {found.thing}, and with all migrations the database has none"
        hint = "Let a migration make it too"
    else:
        says = (
            f"gives the models {found.thing} as {found.expected}, and with all migrations it is "
            f"{found.found} in the database"
        )
        hint = "Let both be of one type"
    name = _name(found.key)
    return _finding("not-made", found.key, f"{name} {says}.", hint + _or_say("not-made"))


def losses(key: Key, found: Sequence[Lost]) -> Iterator[Finding]:
    for each in found:
        if each.count < 0:
            rows = f"{counted(-each.count, 'row')} behind in {each.table}"
            says = f"{_name(key)} leaves {rows} when it is undone."
            yield _finding("leaves-behind", key, says, "Let its reverse delete what it adds.")
        else:
            hint = (
                "Let its reverse keep them"
                if each.on_the_way == "down"
                else "Keep them where its reverse finds them again"
            )
            yield _finding("data-loss", key, _loss(key, each), hint + _or_say("data-loss"))


def _loss(key: Key, each: Lost) -> str:
    name, place = _name(key), f"{each.table}.{each.column}"
    if each.is_mixed:
        who = f"Undoing {name}" if each.on_the_way == "down" else f"{name}, once undone,"
        return f"{who} leaves values of {each.table} in other rows than they were in."
    if each.column is None:
        rows = f"{each.count} of {counted(each.total, 'row')} of {each.table}"
        if each.on_the_way == "down":
            return f"Undoing {name} deletes {rows}."
        return f"{name} deletes {rows}, and undoing it does not bring them back."
    if each.on_the_way == "down":
        return f"Undoing {name} loses the values of {place}."
    if each.on_the_way == "changed":
        return f"{name} changes the values of {place}, and undoing it does not put them back."
    return f"{name} drops the values of {place}, and undoing it does not bring them back."


def not_walked(key: Key, because_of: Key) -> str:
    return f"{_name(key)} was not walked: it needs {_name(because_of)}, which does not run."


def unsown(table: str, why: str) -> str:
    return (
        f"Could not make rows for {table}: {why}. What migrations do to its rows was not looked "
        f"at; give some in SCHEMA['SEEDS'] of the settings."
    )


def left_out(key: Key, found: Sequence[str]) -> str:
    return (
        f"{_name(key)} is for the whole server in a part, which was left out: "
        f"{'; '.join(dict.fromkeys(found))}."
    )


def no_such_table(table: str) -> str:
    return f"SCHEMA['SEEDS'] of the settings has rows for {table}, and there never is such a table."


def _finding(rule: str, key: Key, says: str, hint: str) -> Finding:
    return Finding(rule=rule, migration=_name(key), says=says, hint=hint)


def _name(key: Key) -> str:
    return ".".join(key)


def _or_say(rule: str) -> str:
    return f', or say why not: lint_waivers = {{"{rule}": "the reason"}} in the migration.'

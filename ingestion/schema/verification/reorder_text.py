"""The words for what depends on an order that no migration asks for."""

from collections.abc import Iterator, Sequence

from ingestion.schema.differing import apart, told
from ingestion.schema.drift.differences import Difference
from ingestion.schema.errors import listed
from ingestion.schema.plan import Key
from ingestion.schema.units import counted
from ingestion.schema.verification.findings import Finding
from ingestion.schema.verification.orders import Order

RULE = "order-dependence"
USUAL_FAILS = "Other orders were not tried: the usual one does not run."


def undeclared(key: Key, needed: Key, why: str) -> Finding:
    name, other = ".".join(key), ".".join(needed)
    return Finding(
        rule=RULE,
        migration=name,
        says=f"{name} needs {other}, and does not say so in its dependencies: without it, {why}.",
        hint=f"Add {needed!r} to its dependencies.",
    )


def fails_in_order(key: Key, missing: Sequence[Key], order: Order, why: str) -> Finding:
    name = ".".join(key)
    others = listed(".".join(each) for each in missing)
    return Finding(
        rule=RULE,
        migration=name,
        says=f"{name} does not run {_when(order)}: {why}.",
        hint=f"It may need {others}: add what it does need to its dependencies."
        if missing
        else "Mend it, so that it runs in any order that the dependencies allow.",
    )


def differ(order: Order, found: Sequence[Difference]) -> Iterator[Finding]:
    for each in told(found):
        if each.expected is None:
            says = f"there is {each.thing}, and in the usual order there is not"
        elif each.found is None:
            says = f"there is no {each.thing}, and in the usual order there is"
        else:
            usual, now = apart(each.expected, each.found)
            says = f"{each.thing} is {now}, and in the usual order {usual}"
        yield Finding(
            rule=RULE,
            migration=".".join(order.key),
            says=f"The schema depends on an order that nothing asks for: {_when(order)}, {says}.",
            hint="Let one of the migrations that make it depend on the other.",
        )


def library_fails(key: Key, order: Order, why: str) -> str:
    return f"{'.'.join(key)} does not run {_when(order)}: {why}."


def too_many(tried: int, left: int) -> str:
    others = "1 other was" if tried == 1 else f"{tried} others were"
    return (
        f"Beside the usual order {others} tried, which is the most; for {counted(left, 'pair')} of "
        "migrations it was not seen what happens when the other one comes first."
    )


def _when(order: Order) -> str:
    name = ".".join(order.key)
    return f"when {name} comes as {'early' if order.is_first else 'late'} as it may"

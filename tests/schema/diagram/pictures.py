"""Pictures to draw in tests: a shop of forty tables with all that is hard to draw."""

from dataclasses import replace
from typing import Any

from ingestion.schema.diagram.picture import Column, Link, Picture, Table, between, unique

# Each table with what it points to: "?" where that may be NULL, "!" where it is unique.
SHOP = {
    "crm": {
        "people": "",
        "addresses": "people countries",
        "phone_numbers": "people",
        "companies": "countries ?companies.parent people.contact",
        "memberships": "people companies",
        "countries": "currencies",
        "currencies": "",
        "notes": "people ?companies",
    },
    "catalog": {
        "products": "categories brands people.created_by ?people.updated_by",
        "categories": "?categories.parent",
        "brands": "?companies",
        "variants": "products",
        "images": "products ?variants",
        "prices": "variants currencies",
        "suppliers": "!companies",
        "product_suppliers": "products suppliers",
        "reviews": "products people",
        "tags": "",
        "product_tags": "products tags",
    },
    "stock": {
        "warehouses": "addresses",
        "shelves": "warehouses",
        "stock_levels": "variants shelves",
        "stock_movements_between_warehouses_with_reason": (
            "variants shelves.source_shelf_of_the_movement shelves.target_shelf_of_the_movement"
            " people"
        ),
        "inventories": "warehouses people",
        "inventory_lines": "inventories variants",
    },
    "sales": {
        "carts": "?people",
        "cart_lines": "carts variants",
        "orders": "people addresses.billing_address addresses.shipping_address !carts ?coupons",
        "order_lines": "orders variants",
        "invoices": "!orders currencies",
        "payments": "invoices ?payments.refund_of",
        "coupons": "?people",
        "shipments": "orders warehouses carriers",
        "shipment_lines": "shipments order_lines",
        "carriers": "companies",
        "returns": "shipment_lines people",
    },
    "audit": {
        "events": "people",
        "event_links": "events ?events.other",
        "settings": "",
        "departments": "?employees.head companies",
        "employees": "!people departments",
    },
}
PLAIN = (
    "name varchar(200)",
    "state varchar(20)",
    "amount numeric(12, 2)",
    "created_at timestamp with time zone",
)


def shop() -> Picture:
    links = [
        _link(name, word)
        for tables in SHOP.values()
        for name, words in tables.items()
        for word in words.split()
    ]
    tables = [
        _table(app, name, [link for link in links if link.table == name])
        for app, names in SHOP.items()
        for name in names
    ]
    return Picture(tuple(tables), tuple(links))


def rebuilt_shop() -> Picture:
    """The shop, and what it is to become: each kind of change, in a few of its tables."""
    before = shop()
    after = {table.name: table for table in before.tables}
    links = [link for link in before.links if "carts" not in {link.table, link.to_table}]
    del after["carts"]
    after["cart_lines"] = _without(after["cart_lines"], "carts_id")
    after["orders"] = _without(after["orders"], "carts_id")
    after["brands"] = _with(after["brands"], "state", type="text", is_null=True)
    after["people"] = _with(after["people"], "id", type="uuid")
    after["coupons"] = _with(after["coupons"], "name", is_unique=True)
    links += [_link("wishes", "people"), _link("wishes", "?variants"), _link("coupons", "wishes")]
    links = [replace(link, is_null=True) if link.table == "coupons" else link for link in links]
    after["wishes"] = _table("sales", "wishes", [link for link in links if link.table == "wishes"])
    wish = Column("wishes_id", "bigint", is_null=True, refers_to="wishes", comment="Why")
    after["coupons"] = replace(after["coupons"], columns=(*after["coupons"].columns, wish))
    return between(before, Picture(tuple(after.values()), tuple(links)))


def _without(table: Table, gone: str) -> Table:
    columns = tuple(column for column in table.columns if column.name != gone)
    return replace(table, columns=columns, rules=())


def _with(table: Table, name: str, **changes: Any) -> Table:
    return replace(
        table,
        columns=tuple(
            replace(column, **changes) if column.name == name else column
            for column in table.columns
        ),
    )


def _link(name: str, word: str) -> Link:
    target, _, column = word.lstrip("?!").partition(".")
    return Link(
        name,
        f"{column or target}_id",
        target,
        "id",
        is_null=word.startswith("?"),
        is_unique=word.startswith("!"),
    )


def _table(app: str, name: str, links: list[Link]) -> Table:
    keys = [
        Column(
            each.column,
            "bigint",
            is_null=each.is_null,
            is_unique=each.is_unique,
            refers_to=each.to_table,
        )
        for each in links
    ]
    count = len(name) * 7 % 11
    plain = [
        Column(
            f"{text.split()[0]}{number // 4 or ''}", text.partition(" ")[2], is_null=number % 3 == 2
        )
        for number, text in zip(range(count), PLAIN * 3, strict=False)
    ]
    rules = (unique(tuple(each.column for each in links)),) if len(links) == 2 else ()
    columns = (Column("id", "bigint", is_primary=True), *plain, *keys)
    return Table(name, app, columns, rules, f"What the {app} knows of {name}")

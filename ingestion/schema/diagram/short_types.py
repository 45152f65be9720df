"""Types of columns by the shortest name that PostgreSQL itself has for them."""

SHORT = {
    "timestamp with time zone": "timestamptz",
    "time with time zone": "timetz",
    "double precision": "float8",
}


def short(name: str) -> str:
    for long, brief in SHORT.items():
        name = name.replace(long, brief)
    return name

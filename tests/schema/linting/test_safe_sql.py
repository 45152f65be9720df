"""A statement that blocks becomes statements that do not, and others stay as they are."""

import pytest

from ingestion.schema.linting.batches import in_batches
from ingestion.schema.linting.safe_sql import softened
from ingestion.schema.linting.tables import Tables


def fill(change: str) -> str:
    return in_batches("t", change=change, where='"c" IS NULL')


NOT_NULL = [
    'ALTER TABLE t ADD CONSTRAINT "t_c_filled" CHECK ("c" IS NOT NULL) NOT VALID',
    'ALTER TABLE t VALIDATE CONSTRAINT "t_c_filled"',
    'ALTER TABLE t ALTER COLUMN "c" SET NOT NULL',
    'ALTER TABLE t DROP CONSTRAINT "t_c_filled"',
]


@pytest.mark.parametrize(
    ("statement", "soft"),
    [
        (
            'CREATE UNIQUE INDEX "i" ON "t" ("a") WHERE (b > 0)',
            ['CREATE UNIQUE INDEX CONCURRENTLY "i" ON "t" ("a") WHERE (b > 0)'],
        ),
        (
            'ALTER TABLE "t" ADD CONSTRAINT "u" UNIQUE ("a", "b") DEFERRABLE INITIALLY DEFERRED',
            [
                'CREATE UNIQUE INDEX CONCURRENTLY "u" ON "t" ("a", "b")',
                'ALTER TABLE "t" ADD CONSTRAINT "u" UNIQUE USING INDEX "u" '
                "DEFERRABLE INITIALLY DEFERRED",
            ],
        ),
        (
            "ALTER TABLE t ADD CONSTRAINT u UNIQUE NULLS NOT DISTINCT (a) INCLUDE (b)",
            [
                "CREATE UNIQUE INDEX CONCURRENTLY u ON t (a) INCLUDE (b) NULLS NOT DISTINCT",
                "ALTER TABLE t ADD CONSTRAINT u UNIQUE USING INDEX u",
            ],
        ),
        (
            "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (id); "
            "SET CONSTRAINTS f IMMEDIATE",
            [
                "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (id) NOT VALID",
                "ALTER TABLE t VALIDATE CONSTRAINT f",
            ],
        ),
        (
            "ALTER TABLE t ADD CONSTRAINT c CHECK (a IN (1, 2)), DROP CONSTRAINT d",
            [
                "ALTER TABLE t ADD CONSTRAINT c CHECK (a IN (1, 2)) NOT VALID",
                "ALTER TABLE t VALIDATE CONSTRAINT c",
                "ALTER TABLE t DROP CONSTRAINT d",
            ],
        ),
        ('ALTER TABLE t ALTER COLUMN "c" SET NOT NULL', NOT_NULL),
        (
            'UPDATE t SET "c" = \'SET WHERE\' WHERE "c" IS NULL',
            [fill("\"c\" = 'SET WHERE'")],
        ),
        (
            "ALTER TABLE t ADD COLUMN \"c\" varchar(9) DEFAULT 'NULL, UNIQUE' NOT NULL UNIQUE",
            [
                "ALTER TABLE t ADD COLUMN \"c\" varchar(9) DEFAULT 'NULL, UNIQUE' NOT NULL",
                'CREATE UNIQUE INDEX CONCURRENTLY "t_c_key" ON t ("c")',
                'ALTER TABLE t ADD CONSTRAINT "t_c_key" UNIQUE USING INDEX "t_c_key"',
            ],
        ),
        (
            'ALTER TABLE t ADD COLUMN "c" bigint DEFAULT 1 NOT NULL CONSTRAINT "f" '
            'REFERENCES "u" ("id") DEFERRABLE INITIALLY DEFERRED',
            [
                'ALTER TABLE t ADD COLUMN "c" bigint DEFAULT 1 NOT NULL',
                'ALTER TABLE t ADD CONSTRAINT "f" FOREIGN KEY ("c") '
                'REFERENCES "u" ("id") DEFERRABLE INITIALLY DEFERRED NOT VALID',
                'ALTER TABLE t VALIDATE CONSTRAINT "f"',
            ],
        ),
        (
            "ALTER TABLE t ADD c int CONSTRAINT a CHECK (c > 0) CONSTRAINT b CHECK (c < 9) NULL",
            [
                "ALTER TABLE t ADD c int NULL",
                "ALTER TABLE t ADD CONSTRAINT a CHECK (c > 0) NOT VALID",
                "ALTER TABLE t VALIDATE CONSTRAINT a",
                "ALTER TABLE t ADD CONSTRAINT b CHECK (c < 9) NOT VALID",
                "ALTER TABLE t VALIDATE CONSTRAINT b",
            ],
        ),
        (
            'ALTER TABLE t ADD COLUMN "c" integer NULL CHECK ("c" >= 0)',
            [
                'ALTER TABLE t ADD COLUMN "c" integer NULL',
                'ALTER TABLE t ADD CONSTRAINT "t_c_check" CHECK ("c" >= 0) NOT VALID',
                'ALTER TABLE t VALIDATE CONSTRAINT "t_c_check"',
            ],
        ),
    ],
)
def test_it_is_done_in_steps(statement: str, soft: list[str]) -> None:
    assert softened([statement]) == soft


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX CONCURRENTLY i ON t (a)",
        "ALTER TABLE t ADD COLUMN c bigint NULL CONSTRAINT f REFERENCES u (id)",
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID",
        "ALTER TABLE t ADD CONSTRAINT u UNIQUE USING INDEX u",
        "ALTER TABLE t ALTER COLUMN c DROP NOT NULL",
        "UPDATE t SET a = 1 WHERE b IS NULL",
        "COMMENT ON COLUMN t.c IS 'ADD CONSTRAINT'",
        "ALTER TABLE t ADD COLUMN IF NOT EXISTS a text",
        "ALTER TABLE t ADD CONSTRAINT e EXCLUDE USING gist (a WITH =)",
        "ALTER TABLE t ADD CONSTRAINT u UNIQUE (a, b WITHOUT OVERLAPS)",
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT ENFORCED",
        "TRUNCATE t RESTART IDENTITY CASCADE",
    ],
)
def test_what_blocks_nobody_stays_as_it_is(statement: str) -> None:
    assert softened([statement]) == [statement]


@pytest.mark.parametrize(("version", "count"), [(170000, 1), (180000, 2)])
def test_a_foreign_key_of_partitions_is_not_valid_at_first_where_it_may_be(
    version: int, count: int
) -> None:
    tables = Tables({"table t": "TABLE PARTITION BY LIST (a)"}, {}, version)
    statement = "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (id)"
    assert len(softened([statement], tables=tables)) == count


def test_a_default_that_differs_from_row_to_row_is_filled_in_afterwards() -> None:
    statement = 'ALTER TABLE t ADD COLUMN "c" uuid DEFAULT (gen_random_uuid()) NOT NULL'
    assert softened([statement], is_rewritten=True) == [
        'ALTER TABLE t ADD COLUMN "c" uuid',
        'ALTER TABLE t ALTER COLUMN "c" SET DEFAULT (gen_random_uuid())',
        fill('"c" = DEFAULT'),
        *NOT_NULL,
    ]

from django.db import migrations

SCRIPT = """
BEGIN;
INSERT INTO "sql odd: table" (sizes) VALUES ('BEGIN; not one');
SAVEPOINT here;
INSERT INTO "sql odd: table" (sizes) VALUES ('gone');
ROLLBACK TO SAVEPOINT here;
COMMIT;
VACUUM "sql odd: table";
CREATE INDEX CONCURRENTLY sql_sizes ON "sql odd: table" (sizes) -- CONCURRENTLY
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("sql_traps", "0002_more")]
    operations = [
        migrations.RunSQL(SCRIPT, "DROP INDEX CONCURRENTLY sql_sizes"),
        migrations.RunSQL(
            "ALTER TABLE \"sql odd: table\" ADD CONSTRAINT sql_late CHECK (sizes <> '') NOT VALID",
            'ALTER TABLE "sql odd: table" DROP CONSTRAINT sql_late',
        ),
        migrations.RunSQL(
            'ALTER TABLE "sql odd: table" VALIDATE CONSTRAINT sql_late',
            migrations.RunSQL.noop,
        ),
    ]

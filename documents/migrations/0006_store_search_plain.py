from django.db import migrations

# PostgreSQL tries to compress each vector and gives up: what is left of a word is too short to
# repeat. That took a fifteenth of the time of indexing. Existing rows stay as they are.
PLAIN = "ALTER TABLE passages ALTER COLUMN search SET STORAGE EXTERNAL"
COMPRESSED = "ALTER TABLE passages ALTER COLUMN search SET STORAGE EXTENDED"


class Migration(migrations.Migration):
    dependencies = [
        ("documents", "0005_search_indexes"),
    ]

    operations = [
        migrations.RunSQL(PLAIN, COMPRESSED),
    ]

from django.db import migrations

# Apart from the migration that adds the columns, whose lock would shut readers out meanwhile.
FILL = """
    UPDATE passages
       SET owner_id = documents.owner_id, created_at = documents.created_at
      FROM documents
     WHERE documents.id = passages.document_id AND passages.search IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [
        ("documents", "0003_passage_owner_and_time"),
    ]

    operations = [
        # Backwards there is nothing to do: the next step takes the columns away.
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]

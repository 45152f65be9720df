from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    # Concurrently, so that documents are taken in and found meanwhile.
    atomic = False

    dependencies = [
        ("documents", "0004_fill_passage_owner_and_time"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="passage",
            index=GinIndex(
                fields=["search"], condition=Q(search__isnull=False), name="passages_words"
            ),
        ),
        AddIndexConcurrently(
            model_name="passage",
            index=models.Index(
                fields=["owner_id", "-created_at"],
                condition=Q(search__isnull=False),
                name="passages_newest",
            ),
        ),
        RemoveIndexConcurrently(model_name="passage", name="passages_search"),
    ]

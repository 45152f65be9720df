"""Documents, their passages, and the jobs that work on them."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.lookups
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Document",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_comment="Content address: made of the owner and the SHA-256 of the content",
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "title",
                    models.CharField(
                        blank=True,
                        db_comment="What the caller calls it, or the name of the file",
                        db_default="",
                        default="",
                        max_length=500,
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        blank=True,
                        db_comment="Where the caller says it comes from",
                        db_default="",
                        default="",
                        max_length=1000,
                    ),
                ),
                (
                    "content_type",
                    models.CharField(
                        db_comment="Media type, as the caller declared it, or by the name of the file",
                        max_length=200,
                    ),
                ),
                (
                    "metadata",
                    models.JSONField(
                        blank=True,
                        db_comment="What the caller says about it: a JSON object",
                        default=dict,
                    ),
                ),
                (
                    "extracted",
                    models.JSONField(
                        blank=True,
                        db_comment="What was found in the content: encoding, title, language …",
                        default=dict,
                    ),
                ),
                ("size", models.BigIntegerField(db_comment="Size of the original in bytes")),
                (
                    "sha256",
                    models.CharField(db_comment="SHA-256 of the original, in hex", max_length=64),
                ),
                (
                    "blob",
                    models.CharField(
                        blank=True,
                        db_comment="Storage name of the original; empty where the text came in as JSON",
                        db_default="",
                        default="",
                        max_length=100,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("received", "Received"),
                            ("extracting", "Extracting"),
                            ("ready", "Ready"),
                            ("empty", "Empty"),
                            ("failed", "Failed"),
                        ],
                        db_comment="received, extracting, ready, empty (no text inside) or failed",
                        default="received",
                        max_length=10,
                    ),
                ),
                (
                    "indexed",
                    models.BooleanField(
                        db_comment="Whether search finds it", db_default=False, default=False
                    ),
                ),
                (
                    "error_code",
                    models.CharField(
                        blank=True,
                        db_comment="Why it failed, to count by; empty unless failed",
                        db_default="",
                        default="",
                        max_length=50,
                    ),
                ),
                (
                    "error_detail",
                    models.TextField(
                        blank=True, db_comment="Why it failed, to read", db_default="", default=""
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_comment="When it was taken in",
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_comment="When this row last changed",
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        db_comment="To whom it belongs; never changes",
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="documents",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "documents",
                "db_table_comment": "One row for each distinct content of each owner",
            },
        ),
        migrations.CreateModel(
            name="Job",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        db_comment="Number of the job, in order of arrival",
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("extract", "Extract"), ("index", "Index")],
                        db_comment="What to do: extract or index",
                        max_length=10,
                    ),
                ),
                (
                    "documents",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(),
                        db_comment="Ids of the documents it is about",
                        size=None,
                    ),
                ),
                (
                    "lane",
                    models.SmallIntegerField(
                        choices=[(0, "Single"), (1, "Bulk")],
                        db_comment="0 for single uploads, 1 for bulk loads; 0 goes first",
                        db_default=0,
                        default=0,
                    ),
                ),
                (
                    "attempts",
                    models.SmallIntegerField(
                        db_comment="How often a worker has claimed it", db_default=0, default=0
                    ),
                ),
                (
                    "not_before",
                    models.DateTimeField(
                        db_comment="Not to be claimed earlier",
                        db_default=django.db.models.functions.datetime.Now(),
                    ),
                ),
                (
                    "lease_expires_at",
                    models.DateTimeField(
                        blank=True,
                        db_comment="Until when a worker holds it; empty: nobody does",
                        null=True,
                    ),
                ),
                (
                    "fence",
                    models.BigIntegerField(
                        db_comment="Number of the last claim; a worker with an older one changes nothing",
                        db_default=0,
                        default=0,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_comment="When the work came up",
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                    ),
                ),
            ],
            options={
                "db_table": "jobs",
                "default_permissions": (),
                "db_table_comment": "Work that is waiting or under way; empty when all is done",
                "indexes": [models.Index(fields=["lane", "not_before", "id"], name="jobs_next")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["extract", "index"])),
                        name="jobs_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("lane__in", [0, 1])), name="jobs_lane_known"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Passage",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "document_id",
                        "position",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("position", models.IntegerField(db_comment="Place in the text, from 0")),
                (
                    "page",
                    models.IntegerField(
                        blank=True,
                        db_comment="Page of the original, from 1, where it has pages",
                        null=True,
                    ),
                ),
                ("text", models.TextField(db_comment="The text: at most 64 KiB and 16,000 words")),
                (
                    "search",
                    django.contrib.postgres.search.SearchVectorField(
                        db_comment="Title (weight A) and text (weight D) for search; empty until indexed",
                        editable=False,
                        null=True,
                    ),
                ),
                (
                    "document",
                    models.ForeignKey(
                        db_comment="Of which document",
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="passages",
                        to="documents.document",
                    ),
                ),
            ],
            options={
                "db_table": "passages",
                "default_permissions": (),
                "db_table_comment": "The text of the documents, cut into searchable pieces",
            },
        ),
        migrations.AddIndex(
            model_name="document",
            index=models.Index(
                fields=["owner", "-created_at", "-id"], name="documents_owner_newest"
            ),
        ),
        migrations.AddIndex(
            model_name="document",
            index=models.Index(fields=["-created_at", "-id"], name="documents_newest"),
        ),
        migrations.AddIndex(
            model_name="document",
            index=models.Index(fields=["sha256"], name="documents_sha256"),
        ),
        migrations.AddIndex(
            model_name="document",
            index=models.Index(
                condition=models.Q(("state", "failed")),
                fields=["error_code"],
                name="documents_failed_by_code",
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["received", "extracting", "ready", "empty", "failed"])
                ),
                name="documents_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.CheckConstraint(
                condition=models.Q(("sha256__regex", "^[0-9a-f]{64}$")),
                name="documents_sha256_is_hex",
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.CheckConstraint(
                condition=models.Q(("size__gt", 0)), name="documents_size_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "failed"), models.Q(("error_code", ""), _negated=True)),
                    models.Q(models.Q(("state", "failed"), _negated=True), ("error_code", "")),
                    _connector="OR",
                ),
                name="documents_error_iff_failed",
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.CheckConstraint(
                condition=models.Q(("indexed", False), ("state", "ready"), _connector="OR"),
                name="documents_indexed_only_if_ready",
            ),
        ),
        migrations.AddIndex(
            model_name="passage",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["search"], name="passages_search"
            ),
        ),
        migrations.AddConstraint(
            model_name="passage",
            constraint=models.CheckConstraint(
                condition=models.Q(("position__gte", 0)), name="passages_position_from_zero"
            ),
        ),
        migrations.AddConstraint(
            model_name="passage",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.LessThanOrEqual(
                    models.Func(
                        models.F("text"),
                        function="OCTET_LENGTH",
                        output_field=models.IntegerField(),
                    ),
                    65536,
                ),
                name="passages_text_within_64_kib",
            ),
        ),
    ]

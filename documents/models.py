"""Document, Passage and Job: rules about one row, and querysets for which rows.

`documents` and `passages` may one day be spread over machines by document id. So every unique
and foreign key of theirs contains it, ids are made in Python, and no queue or counter lives on
them.
"""

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import connection, models
from django.db.models import Q
from django.db.models.functions import Now

from documents.passages import MAX_BYTES

TITLE_LENGTH = 500
SOURCE_LENGTH = 1000


def document_id(owner_id: int, content_sha256: bytes) -> uuid.UUID:
    """The content address: same owner and same content give the same id.

    A version 8 UUID (RFC 9562, section 5.8) over the first 16 bytes of
    sha256(owner as 8 bytes, big endian + sha256 of the content).
    """
    raw = bytearray(hashlib.sha256(owner_id.to_bytes(8, "big") + content_sha256).digest()[:16])
    raw[6] = raw[6] & 0x0F | 0x80
    raw[8] = raw[8] & 0x3F | 0x80
    return uuid.UUID(bytes=bytes(raw))


class State(models.TextChoices):
    RECEIVED = "received"
    EXTRACTING = "extracting"
    READY = "ready"
    EMPTY = "empty"
    FAILED = "failed"


@dataclass(frozen=True)
class Sight:
    """The one answer to "who may see what": owners their own, entitled staff all."""

    is_everything: bool
    owner_id: int
    """Whose documents; 0 for nobody's."""

    @classmethod
    def of(cls, user: Any) -> "Sight":
        if not user.is_active:
            return cls(False, 0)
        if user.is_staff and user.has_perm("documents.view_document"):
            return cls(True, 0)
        return cls(False, user.pk or 0)


class DocumentQuerySet(models.QuerySet["Document"]):
    def visible_to(self, user: Any) -> "DocumentQuerySet":
        """Those that this user may see."""
        sight = Sight.of(user)
        if sight.is_everything:
            return self
        return self.filter(owner_id=sight.owner_id) if sight.owner_id else self.none()


class Document(models.Model):
    """One distinct content of one owner; narrow enough to browse."""

    id = models.UUIDField(
        primary_key=True,
        editable=False,
        db_comment="Content address: made of the owner and the SHA-256 of the content",
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="documents",
        db_index=False,
        db_comment="To whom it belongs; never changes",
    )
    title = models.CharField(
        max_length=TITLE_LENGTH,
        blank=True,
        default="",
        db_default="",
        db_comment="What the caller calls it, or the name of the file",
    )
    source = models.CharField(
        max_length=SOURCE_LENGTH,
        blank=True,
        default="",
        db_default="",
        db_comment="Where the caller says it comes from",
    )
    content_type = models.CharField(
        max_length=200,
        db_comment="Media type, as the caller declared it, or by the name of the file",
    )
    metadata = models.JSONField(
        default=dict, blank=True, db_comment="What the caller says about it: a JSON object"
    )
    extracted = models.JSONField(
        default=dict,
        blank=True,
        db_comment="What was found in the content: encoding, title, language …",
    )
    size = models.BigIntegerField(db_comment="Size of the original in bytes")
    sha256 = models.CharField(max_length=64, db_comment="SHA-256 of the original, in hex")
    blob = models.CharField(
        max_length=100,
        blank=True,
        default="",
        db_default="",
        db_comment="Storage name of the original; empty where the text came in as JSON",
    )
    state = models.CharField(
        max_length=10,
        choices=State.choices,
        default=State.RECEIVED,
        db_comment="received, extracting, ready, empty (no text inside) or failed",
    )
    indexed = models.BooleanField(
        default=False, db_default=False, db_comment="Whether search finds it"
    )
    error_code = models.CharField(
        max_length=50,
        blank=True,
        default="",
        db_default="",
        db_comment="Why it failed, to count by; empty unless failed",
    )
    error_detail = models.TextField(
        blank=True, default="", db_default="", db_comment="Why it failed, to read"
    )
    created_at = models.DateTimeField(
        db_default=Now(), editable=False, db_comment="When it was taken in"
    )
    updated_at = models.DateTimeField(
        db_default=Now(), editable=False, db_comment="When this row last changed"
    )

    objects = DocumentQuerySet.as_manager()

    class Meta:
        db_table = "documents"
        db_table_comment = "One row for each distinct content of each owner"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=State.values), name="documents_state_known"
            ),
            models.CheckConstraint(
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="documents_sha256_is_hex"
            ),
            models.CheckConstraint(condition=Q(size__gt=0), name="documents_size_positive"),
            models.CheckConstraint(
                condition=Q(state=State.FAILED) & ~Q(error_code="")
                | ~Q(state=State.FAILED) & Q(error_code=""),
                name="documents_error_iff_failed",
            ),
            models.CheckConstraint(
                condition=Q(indexed=False) | Q(state=State.READY),
                name="documents_indexed_only_if_ready",
            ),
        ]
        indexes = [
            # The pages of a list, newest first: of one owner, and for staff of all.
            models.Index(fields=["owner", "-created_at", "-id"], name="documents_owner_newest"),
            models.Index(fields=["-created_at", "-id"], name="documents_newest"),
            # sweep asks whether any row still names these bytes.
            models.Index(fields=["sha256"], name="documents_sha256"),
            models.Index(
                fields=["error_code"],
                condition=Q(state=State.FAILED),
                name="documents_failed_by_code",
            ),
        ]

    def __str__(self) -> str:
        return self.title or str(self.id)

    @classmethod
    def of_row(cls, row: Sequence[Any]) -> "Document":
        """A row of a statement of ours, in the order of COLUMNS; jsonb as it comes, as text."""
        values = dict(zip(COLUMNS, row, strict=True))
        for name in ("metadata", "extracted"):
            values[name] = json.loads(values[name])
        return cls.from_db(connection.alias, list(values), list(values.values()))


COLUMNS = tuple(str(field.column) for field in Document._meta.concrete_fields)


def octet_length(column: str) -> models.Func:
    """Bytes of a text, as PostgreSQL counts them."""
    return models.Func(
        models.F(column), function="OCTET_LENGTH", output_field=models.IntegerField()
    )


class Passage(models.Model):
    """A piece of a document's text; joined in order, the pieces are the text exactly."""

    pk = models.CompositePrimaryKey("document_id", "position")
    document = models.ForeignKey(
        Document,
        on_delete=models.CASCADE,
        related_name="passages",
        db_index=False,
        db_comment="Of which document",
    )
    position = models.IntegerField(db_comment="Place in the text, from 0")
    page = models.IntegerField(
        null=True, blank=True, db_comment="Page of the original, from 1, where it has pages"
    )
    text = models.TextField(db_comment="The text: at most 64 KiB and 16,000 words")
    search = SearchVectorField(
        null=True,
        editable=False,
        db_comment="Title (weight A) and text (weight D) for search; empty until indexed",
    )
    # Two columns of the document, beside the words: with them search takes the newest matches
    # of an owner from this one table. Both never change there.
    owner_id = models.BigIntegerField(
        null=True, editable=False, db_comment="Owner of the document; empty until indexed"
    )
    created_at = models.DateTimeField(
        null=True,
        editable=False,
        db_comment="When the document was taken in; empty until indexed",
    )

    class Meta:
        db_table = "passages"
        default_permissions = ()  # no page shows them
        db_table_comment = "The text of the documents, cut into searchable pieces"
        constraints = [
            models.CheckConstraint(
                condition=Q(position__gte=0), name="passages_position_from_zero"
            ),
            models.CheckConstraint(
                condition=models.lookups.LessThanOrEqual(octet_length("text"), MAX_BYTES),
                name="passages_text_within_64_kib",
            ),
        ]
        # Without the rows that wait to be indexed: taking a document in touches neither.
        indexes = [
            GinIndex(fields=["search"], condition=Q(search__isnull=False), name="passages_words"),
            models.Index(
                fields=["owner_id", "-created_at"],
                condition=Q(search__isnull=False),
                name="passages_newest",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document_id} [{self.position}]"


class Kind(models.TextChoices):
    EXTRACT = "extract"
    INDEX = "index"


class Lane(models.IntegerChoices):
    """Small numbers first: a bulk load never delays a single upload."""

    SINGLE = 0
    BULK = 1


class Job(models.Model):
    """Work to do on documents. Written with the rows it is about, deleted when done."""

    id = models.BigAutoField(primary_key=True, db_comment="Number of the job, in order of arrival")
    kind = models.CharField(
        max_length=10, choices=Kind.choices, db_comment="What to do: extract or index"
    )
    documents = ArrayField(models.UUIDField(), db_comment="Ids of the documents it is about")
    lane = models.SmallIntegerField(
        choices=Lane.choices,
        default=Lane.SINGLE,
        db_default=Lane.SINGLE,
        db_comment="0 for single uploads, 1 for bulk loads; 0 goes first",
    )
    bytes = models.BigIntegerField(
        default=0, db_default=0, db_comment="Size of the documents it is about, all together"
    )
    attempts = models.SmallIntegerField(
        default=0, db_default=0, db_comment="How often a worker has claimed it"
    )
    not_before = models.DateTimeField(db_default=Now(), db_comment="Not to be claimed earlier")
    lease_expires_at = models.DateTimeField(
        null=True, blank=True, db_comment="Until when a worker holds it; empty: nobody does"
    )
    fence = models.BigIntegerField(
        default=0,
        db_default=0,
        db_comment="Number of the last claim; a worker with an older one changes nothing",
    )
    created_at = models.DateTimeField(
        db_default=Now(), editable=False, db_comment="When the work came up"
    )

    class Meta:
        db_table = "jobs"
        default_permissions = ()  # no page shows them
        db_table_comment = "Work that is waiting or under way; empty when all is done"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="jobs_kind_known"),
            models.CheckConstraint(condition=Q(lane__in=Lane.values), name="jobs_lane_known"),
        ]
        indexes = [models.Index(fields=["lane", "not_before", "id"], name="jobs_next")]

    def __str__(self) -> str:
        return f"{self.kind} {len(self.documents)} document(s)"

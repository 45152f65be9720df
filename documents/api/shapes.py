"""What goes in and what comes out, beside each other: the checks, and the API's description.

Rows go out as plain dictionaries; the serializers below describe them for OpenAPI, and a test
holds the two together.
"""

from typing import Any

import orjson
from rest_framework import serializers

from accounts.api import shapes
from documents import metadata
from documents.errors import Invalid
from documents.models import SOURCE_LENGTH, TITLE_LENGTH, State

# The columns that go out; the text is never among them.
COLUMNS = (
    "id",
    "owner_id",
    "title",
    "source",
    "content_type",
    "metadata",
    "extracted",
    "size",
    "sha256",
    "state",
    "indexed",
    "error_code",
    "error_detail",
    "created_at",
    "updated_at",
)


class Text(shapes.Text):
    """A text exactly as it was sent, white space and all."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim_whitespace": False, "allow_blank": True, **kwargs})


class Metadata(serializers.JSONField):
    """A JSON object of at most 64 KB and 32 levels."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        try:
            return self.checked(data)
        except Invalid as error:
            raise serializers.ValidationError(error.detail, code=error.code) from error

    def checked(self, data: Any) -> dict[str, Any]:
        return metadata.checked(data)


class FormMetadata(Metadata):
    """The same, as the JSON text that a form can carry."""

    def checked(self, data: Any) -> dict[str, Any]:
        return metadata.read(data) if isinstance(data, str) else metadata.checked(data)


class LabelIn(shapes.Strict):
    title = Text(max_length=TITLE_LENGTH, required=False, default="")
    source = Text(max_length=SOURCE_LENGTH, required=False, default="")  # type: ignore[assignment]
    metadata = Metadata(required=False, default=dict)


class NewTextIn(LabelIn):
    """A document whose text comes as JSON."""

    content = Text()


class NewFileIn(LabelIn):
    """A document that comes as a file, in a form."""

    metadata = FormMetadata(required=False, default=dict)
    file = serializers.FileField(allow_empty_file=True, use_url=False, max_length=255)
    sha256 = Text(required=False, default="", help_text="SHA-256 of the file, to be verified")


class ChangeIn(shapes.Strict):
    title = Text(max_length=TITLE_LENGTH, required=False)
    source = Text(max_length=SOURCE_LENGTH, required=False)  # type: ignore[assignment]
    metadata = Metadata(required=False)

    def refuse_unknown(self, name: str, *, known: list[str]) -> None:
        if name in {"content", "file", "sha256"}:
            raise Invalid(
                "A document's content cannot change: other content is another document.",
                pointer=f"/{name}",
                code="content_is_immutable",
            )
        super().refuse_unknown(name, known=known)


class DocumentOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    owner_id = serializers.IntegerField()
    title = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    content_type = serializers.CharField()
    metadata = serializers.DictField()
    extracted = serializers.DictField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()
    state = serializers.ChoiceField(choices=State.values)
    indexed = serializers.BooleanField()
    error_code = serializers.CharField()
    error_detail = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class KeptOut(DocumentOut):
    duplicate = serializers.BooleanField()


class DetailOut(DocumentOut):
    excerpt = serializers.CharField()


class PassageOut(serializers.Serializer[Any]):
    position = serializers.IntegerField(help_text="Place of the passage in the text, from 0")
    page = serializers.IntegerField(
        allow_null=True, help_text="Page of the original, where it has pages"
    )
    highlight = serializers.CharField(help_text="Escaped HTML with <mark>")


class ListedOut(DocumentOut):
    rank = serializers.IntegerField(required=False, help_text="Only in a search: millionths")
    highlight = serializers.CharField(
        required=False, help_text="Only in a search: escaped HTML with <mark>"
    )
    passages = PassageOut(
        many=True, required=False, help_text="Only in a search: the best passages, up to 3"
    )


class FacetOut(serializers.Serializer[Any]):
    value = serializers.CharField()
    count = serializers.IntegerField()
    count_is = serializers.ChoiceField(choices=["exact", "at_least"])


class FacetsOut(serializers.Serializer[Any]):
    content_type = FacetOut(many=True, required=False)
    state = FacetOut(many=True, required=False)


class LineErrorOut(serializers.Serializer[Any]):
    line = serializers.IntegerField(help_text="From 1; blank lines count")
    code = serializers.CharField()
    detail = serializers.CharField()
    pointer = serializers.CharField(allow_null=True)


class BulkOut(serializers.Serializer[Any]):
    lines = serializers.IntegerField(help_text="Documents that were sent: the next three together")
    created = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    failed = serializers.IntegerField()
    errors = LineErrorOut(many=True, help_text="The first 1,000")  # type: ignore[assignment]
    errors_truncated = serializers.BooleanField()
    dry_run = serializers.BooleanField(
        required=False, help_text="Only in a dry run: nothing was kept, `created` would be"
    )


class PageOut(serializers.Serializer[Any]):
    results = ListedOut(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    count = serializers.IntegerField()
    count_is = serializers.ChoiceField(choices=["exact", "at_least"])
    ranking = serializers.ChoiceField(
        choices=["all", "window"],
        required=False,
        help_text="Only in a search: whether all matches were ranked, or those of a window",
    )
    ranked = serializers.IntegerField(
        required=False, help_text="Only in a search: how many matches were ranked together"
    )
    ranked_since = serializers.DateTimeField(
        required=False,
        allow_null=True,
        help_text="Only in a search: when the oldest document in the window was taken in; "
        "null where the window goes back to the first",
    )
    index_lag = serializers.FloatField(
        required=False, help_text="Only in a search: seconds by which the index is behind"
    )
    facets = FacetsOut(required=False, help_text="Only where the request asks for them")


def out(row: dict[str, Any]) -> dict[str, Any]:
    """A row of `values(*COLUMNS)` as it goes out."""
    return {
        **row,
        "created_at": moment(row["created_at"]),
        "updated_at": moment(row["updated_at"]),
    }


def out_of_texts(row: dict[str, Any]) -> dict[str, Any]:
    """The same, where the JSON columns are texts as the database has them."""
    return out(with_texts(row))


def with_texts(row: dict[str, Any]) -> dict[str, Any]:
    """Only the JSON columns as they go out."""
    fragments = {name: orjson.Fragment(row[name]) for name in ("metadata", "extracted")}
    return {**row, **fragments}


def moment(at: Any) -> str:
    return str(at.isoformat(timespec="microseconds").replace("+00:00", "Z"))


def columns_of(document: Any) -> dict[str, Any]:
    return {name: getattr(document, name) for name in COLUMNS}

"""Admin pages for documents: what came in, what became of it, and what to try again."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import JSONField, Q, QuerySet
from django.forms.fields import InvalidJSONInput
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.functional import cached_property
from django.utils.html import format_html

from documents import content, edit, metadata, search
from documents.errors import Invalid
from documents.models import Document, State
from documents.query import Query

SHOWN = 20_000
COUNT_CAP = 10_000


class CappedPaginator(Paginator):
    """Counts to a cap: nobody turns to page 500, and counting a million rows takes its time."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[: COUNT_CAP + 1].count())


class MetadataField(forms.JSONField):
    """As strict as the API: PostgreSQL does not take all that Python takes for JSON."""

    def to_python(self, value: str | None) -> Any:
        try:
            return metadata.read(value or "{}")
        except Invalid as error:
            raise ValidationError(error.detail, code=error.code) from error

    def bound_data(self, data: Any, initial: Any) -> Any:
        return InvalidJSONInput(data or "")  # shown again as it was typed


class ErrorCodeFilter(admin.SimpleListFilter):
    """The codes of what failed; asked of the failed ones only, which have an index."""

    title = parameter_name = "error_code"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        failed = Document.objects.filter(state=State.FAILED).order_by("error_code")
        return [(code, code) for code in failed.values_list("error_code", flat=True).distinct()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Document]) -> QuerySet[Document]:
        code = self.value()
        return queryset.filter(state=State.FAILED, error_code=code) if code else queryset


@admin.register(Document)
class DocumentAdmin(admin.ModelAdmin):
    formfield_overrides = {JSONField: {"form_class": MetadataField}}
    list_display = ["name", "state", "owner", "size_", "content_type", "indexed", "created_at"]
    list_filter = ["state", "indexed", ErrorCodeFilter, "created_at"]
    list_select_related = ["owner"]
    list_per_page = 50
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # they count everything, once for each
    ordering = ["-created_at", "-id"]
    search_fields = ["title"]  # shows the box; get_search_results() does the searching
    search_help_text = "Words in title or text, an e-mail address, an id or a SHA-256"
    actions = ["retry", "delete_selected"]
    fieldsets = [
        (None, {"fields": ["title", "source", "metadata"]}),
        (
            "What became of it",
            {"fields": ["state", "indexed", "error_code", "error_detail", "extracted"]},
        ),
        (
            "The original",
            {"fields": ["owner", "content_type", "size_", "sha256", "blob", "id"]},
        ),
        ("When", {"fields": ["created_at", "updated_at"]}),
        ("Text", {"fields": ["text"]}),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = [str(name) for _, part in self.fieldsets or [] for name in part["fields"]]
        return [name for name in fields if name not in {"title", "source", "metadata"}]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # documents come in through intake, with their bytes

    @admin.display(description="title", ordering="title")
    def name(self, document: Document) -> str:
        return document.title or f"({document.pk})"

    @admin.display(description="size", ordering="size")
    def size_(self, document: Document) -> str:
        return filesizeformat(document.size)

    @admin.display(description="text")
    def text(self, document: Document) -> str:
        shown = ""
        for piece in content.text(document.pk):
            shown += piece
            if len(shown) > SHOWN:
                break
        more = "\n… (the API has all of it)" if len(shown) > SHOWN else ""
        style = "white-space: pre-wrap; max-height: 40em; overflow: auto; margin: 0"
        return format_html('<pre style="{}">{}</pre>', style, (shown[:SHOWN] + more) or "(none)")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Document], search_term: str
    ) -> tuple[QuerySet[Document], bool]:
        term = search_term.replace("\x00", "").strip()
        if not term:
            return queryset, False
        return queryset.filter(_named(term) if _is_name(term) else _with_words(term)), False

    def save_model(self, request: HttpRequest, obj: Document, form: Any, change: bool) -> None:
        fields = {name: form.cleaned_data[name] for name in form.changed_data}
        # The row as it is stored: `obj` carries the new title already.
        stored = Document.objects.get(pk=obj.pk)
        edit.change(stored, fields=fields, unless_changed_since=None)

    def delete_model(self, request: HttpRequest, obj: Document) -> None:
        edit.delete(obj, unless_changed_since=None)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        for document in queryset:
            edit.delete(document, unless_changed_since=None)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The documents only: listing their passages would load all of their text."""
        needed = set() if self.has_delete_permission(request) else {"document"}
        return [str(document) for document in objs], {"documents": len(objs)}, needed, []

    @admin.action(description="Try failed ones again", permissions=["change"])
    def retry(self, request: HttpRequest, documents: Any) -> None:
        with transaction.atomic():
            count = edit.retry_all(documents)
        level = messages.SUCCESS if count else messages.WARNING
        self.message_user(request, f"{count} failed document(s) queued again.", level)


def _is_name(term: str) -> bool:
    return _uuid(term) is not None or "@" in term or (len(term) == 64 and term.isalnum())


def _named(term: str) -> Q:
    if (pk := _uuid(term)) is not None:
        return Q(pk=pk)
    return Q(sha256=term.lower()) if len(term) == 64 else Q(owner__email=term.lower())


def _uuid(term: str) -> UUID | None:
    try:
        return UUID(term)
    except ValueError:
        return None


def _with_words(term: str) -> Q:
    # What failed is in no index of words: its title is all there is.
    failed = Q(state=State.FAILED, title__icontains=term)
    try:
        query = Query.read(term)
    except Invalid:
        return failed
    found = search.matches(Document.objects.all(), query=query)
    return Q(pk__in=found.values("document_id")) | failed

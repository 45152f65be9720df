"""Admin pages for people and tokens."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.errors import TooManyFailures
from accounts.models import Token, User

admin.site.site_header = "Ingestion service"
admin.site.site_title = "Ingestion service"
admin.site.index_title = "What is kept, and for whom"
# Who wants it lists it: it loads all that depends on what is selected.
admin.site.disable_action("delete_selected")


class LoginForm(AdminAuthenticationForm):
    """The login page behind the same throttle as the API."""

    def clean(self) -> dict[str, Any]:
        try:
            return super().clean()
        except TooManyFailures as error:
            raise ValidationError(error.detail, code=error.code) from error


admin.site.login_form = LoginForm


class NewUserForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ["email", "full_name"]

    def clean_email(self) -> str:
        return User.objects.normalize_email(self.cleaned_data["email"])


class UserForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"

    def clean_email(self) -> str:
        return User.objects.normalize_email(self.cleaned_data["email"])


class TokenInline(admin.TabularInline):
    """A user's tokens; to revoke one, tick its box and save."""

    model = Token
    extra = 0
    readonly_fields = ["name", "prefix", "created_at", "expires_at", "last_used_on"]
    fields = ["name", "prefix", "created_at", "expires_at", "last_used_on"]
    verbose_name_plural = "tokens (tick Delete and save to revoke)"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    form = UserForm
    add_form = NewUserForm
    ordering = ["email"]
    list_display = ["email", "full_name", "is_active", "email_verified", "is_staff", "created_at"]
    list_filter = ["is_active", "email_verified", "is_staff", "is_superuser"]
    search_fields = ["email", "full_name"]
    show_full_result_count = False
    readonly_fields = ["last_login", "created_at"]
    inlines = [TokenInline]
    actions = ["verify", "deactivate", "activate"]
    fieldsets = [
        (None, {"fields": ["email", "password", "full_name", "email_verified"]}),
        (
            "What this person may do",
            {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]},
        ),
        ("When", {"fields": ["created_at", "last_login"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["email", "full_name", "usable_password", "password1", "password2"]})
    ]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who has documents is deactivated. Asked here, because Django would list them all."""
        documents = getattr(obj, "documents", None)
        is_needed = documents is not None and documents.exists()
        return super().has_delete_permission(request, obj) and not is_needed

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        return [TokenInline] if obj is not None else []

    @admin.action(description="Verify the e-mail address", permissions=["change"])
    def verify(self, request: HttpRequest, users: QuerySet[User]) -> None:
        self._say(request, users.update(email_verified=True), "verified")

    @admin.action(description="Deactivate (keeps the documents)", permissions=["change"])
    def deactivate(self, request: HttpRequest, users: QuerySet[User]) -> None:
        others = users.exclude(email=request.user.get_username())
        if others.count() < users.count():
            self.message_user(request, "You cannot deactivate yourself.", messages.WARNING)
        self._say(request, others.update(is_active=False), "deactivated")

    @admin.action(description="Activate", permissions=["change"])
    def activate(self, request: HttpRequest, users: QuerySet[User]) -> None:
        self._say(request, users.update(is_active=True), "activated")

    def _say(self, request: HttpRequest, count: int, what: str) -> None:
        self.message_user(request, f"{count} user(s) {what}.", messages.SUCCESS)


@admin.register(Token)
class TokenAdmin(admin.ModelAdmin):
    """To look at and to revoke: a token is made by logging in, and shown only then."""

    list_display = ["prefix", "name", "user", "created_at", "expires_at", "last_used_on"]
    list_select_related = ["user"]
    list_filter = ["last_used_on"]
    search_fields = ["prefix", "name", "user__email"]
    show_full_result_count = False
    ordering = ["-created_at"]
    actions = ["revoke"]
    fields = ["user", "name", "prefix", "created_at", "expires_at", "last_used_on"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(description="Revoke", permissions=["delete"])
    def revoke(self, request: HttpRequest, tokens: QuerySet[Token]) -> None:
        count, _ = tokens.delete()
        self.message_user(request, f"{count} token(s) revoked.", messages.SUCCESS)

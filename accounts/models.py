"""Who: people who log in with an e-mail address, and the tokens that act for them."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import connection, models, transaction
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils import timezone

from accounts.prepared import Prepared

TOKEN_MARK = "ing_"  # noqa: S105  (what a scanner of leaked secrets can look for)
PREFIX_LENGTH = 12


class UserManager(BaseUserManager["User"]):
    """Stores and finds e-mail addresses in lower case."""

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        return (email or "").strip().lower()

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=self.normalize_email(username))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        email = self.normalize_email(email)
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """One person or program. Someone with documents is deactivated, not deleted."""

    id = models.BigAutoField(primary_key=True, db_comment="Number of the user")
    email = models.EmailField(
        "e-mail address",
        max_length=254,
        db_comment="Login name, in lower case",
        error_messages={"unique": "Somebody has this e-mail address already."},
    )
    password = models.CharField(
        max_length=128, db_comment="Hash of the password, in Django's format"
    )
    full_name = models.CharField(
        max_length=200, blank=True, default="", db_default="", db_comment="Name as people write it"
    )
    email_verified = models.BooleanField(
        "e-mail verified",
        default=False,
        db_default=False,
        db_comment="Whether staff have confirmed that the address belongs to the person",
    )
    is_active = models.BooleanField(
        default=True, db_default=True, db_comment="False keeps the user out and all else in place"
    )
    is_staff = models.BooleanField(
        default=False, db_default=False, db_comment="May open the admin pages"
    )
    is_superuser = models.BooleanField(
        default=False, db_default=False, db_comment="Has every permission"
    )
    last_login = models.DateTimeField(
        null=True, blank=True, db_comment="Last login with a password to the admin pages"
    )
    created_at = models.DateTimeField(
        db_default=Now(), editable=False, db_comment="When the user was made"
    )

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        db_table = "users"
        db_table_comment = "People and programs that may log in"
        constraints = [
            models.UniqueConstraint(
                fields=["email"],
                name="users_email_unique",
                violation_error_message="Somebody has this e-mail address already.",
            ),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="users_email_lowercase"),
        ]

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        self.email = type(self).objects.normalize_email(self.email)

    def save(self, *args: Any, kept_token: "Token | None" = None, **kwargs: Any) -> None:
        """A new password, by whatever door, ends the tokens of the old one, but `kept_token`."""
        has_new_password = self._password is not None  # type: ignore[attr-defined]
        with transaction.atomic():
            super().save(*args, **kwargs)
            if has_new_password:
                ended = self.tokens.exclude(pk=kept_token.pk) if kept_token else self.tokens.all()
                ended.delete()


class Token(models.Model):
    """Acts for a user. The token itself is shown once and never stored."""

    id = models.BigAutoField(primary_key=True, db_comment="Number of the token")
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="tokens", db_comment="For whom it acts"
    )
    name = models.CharField(
        max_length=100, blank=True, default="", db_default="", db_comment="What it is used for"
    )
    prefix = models.CharField(
        max_length=PREFIX_LENGTH, db_comment="Its first characters, to recognise it by"
    )
    digest = models.CharField(max_length=64, db_comment="SHA-256 of the token, in hex")
    created_at = models.DateTimeField(
        db_default=Now(), editable=False, db_comment="When it was made"
    )
    expires_at = models.DateTimeField(
        null=True, blank=True, db_comment="When it stops working; empty: never"
    )
    last_used_on = models.DateField(
        null=True, blank=True, editable=False, db_comment="Last day it was used, in UTC"
    )

    class Meta:
        db_table = "tokens"
        db_table_comment = "API tokens, by the digest of each"
        constraints = [
            models.UniqueConstraint(fields=["digest"], name="tokens_digest_unique"),
            models.CheckConstraint(
                condition=Q(digest__regex=r"^[0-9a-f]{64}$"), name="tokens_digest_is_sha256"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}… {self.name}".strip()

    def touch(self, *, today: datetime) -> None:
        """Remember the day of use, with at most one write a day."""
        if self.last_used_on != today.date():
            Token.objects.filter(pk=self.pk).update(last_used_on=today.date())


def new_token(user: User, *, name: str = "", days: int) -> tuple[Token, str]:
    """A stored token, and the text that is shown once. It expires after so many days."""
    text = TOKEN_MARK + secrets.token_urlsafe(32)
    token = Token.objects.create(
        user=user,
        name=name,
        prefix=text[:PREFIX_LENGTH],
        digest=digest(text),
        expires_at=timezone.now() + timedelta(days=days),
    )
    return token, text


def digest(text: str) -> str:
    """A token has 256 random bits, so a plain hash cannot be turned back."""
    return hashlib.sha256(text.encode()).hexdigest()


# For the statements of others: whose the usable token with this digest is; NULL: there is none.
USER_OF_DIGEST = """
    SELECT users.id FROM tokens JOIN users ON users.id = tokens.user_id
     WHERE tokens.digest = {digest}
       AND (tokens.expires_at IS NULL OR tokens.expires_at > statement_timestamp())
       AND users.is_active
"""


def find_token(text: str) -> Token | None:
    """The usable token with this text, with its user: one statement, as it is in every request."""
    now = datetime.now(UTC)
    found = _usable_token().rows(digest(text), now)
    if not found:
        return None
    columns = _names(Token)
    row = found[0]
    token = Token.from_db(connection.alias, columns, row[: len(columns)])
    token.user = User.from_db(connection.alias, _names(User), row[len(columns) :])
    token.touch(today=now)
    return token


def _names(model: type[models.Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


@cache
def _usable_token() -> Prepared:
    """Not expired, and of an active user."""
    columns = [
        f"{model._meta.db_table}.{field.column}"
        for model in (Token, User)
        for field in model._meta.concrete_fields
    ]
    sql = f"""
        SELECT {", ".join(columns)}
          FROM tokens JOIN users ON users.id = tokens.user_id
         WHERE tokens.digest = %s
           AND (tokens.expires_at IS NULL OR tokens.expires_at > %s)
           AND users.is_active
    """  # noqa: S608  (names of our own columns)
    return Prepared("usable_token", sql, types=("text", "timestamptz"))


class LoginFailure(models.Model):
    """One failed login, for a minute: what the throttle counts."""

    id = models.BigAutoField(primary_key=True, db_comment="Number of the failure")
    email = models.CharField(max_length=254, db_comment="Login name that was tried")
    address = models.CharField(max_length=64, db_comment="Network address it came from")
    failed_at = models.DateTimeField(db_default=Now(), db_comment="When")

    class Meta:
        db_table = "login_failures"
        default_permissions = ()  # no page shows them
        db_table_comment = "Failed logins of the last minute, counted by the throttle"
        indexes = [
            models.Index(fields=["email", "address", "failed_at"], name="login_failures_recent"),
            models.Index(fields=["failed_at"], name="login_failures_age"),
        ]

    def __str__(self) -> str:
        return f"{self.email} from {self.address}"

"""Users and tokens, and the failed logins that the throttle counts."""

import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

# Django gives the join tables of PermissionsMixin no comments. Going back drops the tables,
# and their comments with them.
JOIN_TABLES = """
    COMMENT ON TABLE users_groups IS 'Which user is in which group';
    COMMENT ON COLUMN users_groups.id IS 'Number of the entry';
    COMMENT ON COLUMN users_groups.user_id IS 'The user';
    COMMENT ON COLUMN users_groups.group_id IS 'The group';
    COMMENT ON TABLE users_user_permissions IS 'Which user has which permission, beside those of groups';
    COMMENT ON COLUMN users_user_permissions.id IS 'Number of the entry';
    COMMENT ON COLUMN users_user_permissions.user_id IS 'The user';
    COMMENT ON COLUMN users_user_permissions.permission_id IS 'The permission';
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        db_comment="Number of the user", primary_key=True, serialize=False
                    ),
                ),
                (
                    "email",
                    models.EmailField(
                        db_comment="Login name, in lower case",
                        error_messages={"unique": "Somebody has this e-mail address already."},
                        max_length=254,
                        verbose_name="e-mail address",
                    ),
                ),
                (
                    "password",
                    models.CharField(
                        db_comment="Hash of the password, in Django's format", max_length=128
                    ),
                ),
                (
                    "full_name",
                    models.CharField(
                        blank=True,
                        db_comment="Name as people write it",
                        db_default="",
                        default="",
                        max_length=200,
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        db_comment="False keeps the user out and all else in place",
                        db_default=True,
                        default=True,
                    ),
                ),
                (
                    "is_staff",
                    models.BooleanField(
                        db_comment="May open the admin pages", db_default=False, default=False
                    ),
                ),
                (
                    "is_superuser",
                    models.BooleanField(
                        db_comment="Has every permission", db_default=False, default=False
                    ),
                ),
                (
                    "last_login",
                    models.DateTimeField(
                        blank=True,
                        db_comment="Last login with a password to the admin pages",
                        null=True,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_comment="When the user was made",
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                    ),
                ),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "db_table": "users",
                "db_table_comment": "People and programs that may log in",
            },
        ),
        migrations.CreateModel(
            name="LoginFailure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        db_comment="Number of the failure", primary_key=True, serialize=False
                    ),
                ),
                ("email", models.CharField(db_comment="Login name that was tried", max_length=254)),
                (
                    "address",
                    models.CharField(db_comment="Network address it came from", max_length=64),
                ),
                (
                    "failed_at",
                    models.DateTimeField(
                        db_comment="When", db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
            ],
            options={
                "db_table": "login_failures",
                "default_permissions": (),
                "db_table_comment": "Failed logins of the last minute, counted by the throttle",
                "indexes": [
                    models.Index(
                        fields=["email", "address", "failed_at"], name="login_failures_recent"
                    ),
                    models.Index(fields=["failed_at"], name="login_failures_age"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Token",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        db_comment="Number of the token", primary_key=True, serialize=False
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        blank=True,
                        db_comment="What it is used for",
                        db_default="",
                        default="",
                        max_length=100,
                    ),
                ),
                (
                    "prefix",
                    models.CharField(
                        db_comment="Its first characters, to recognise it by", max_length=12
                    ),
                ),
                (
                    "digest",
                    models.CharField(db_comment="SHA-256 of the token, in hex", max_length=64),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_comment="When it was made",
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                    ),
                ),
                (
                    "expires_at",
                    models.DateTimeField(
                        blank=True, db_comment="When it stops working; empty: never", null=True
                    ),
                ),
                (
                    "last_used_on",
                    models.DateField(
                        blank=True,
                        db_comment="Last day it was used, in UTC",
                        editable=False,
                        null=True,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_comment="For whom it acts",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tokens",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "tokens",
                "db_table_comment": "API tokens, by the digest of each",
            },
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                fields=("email",),
                name="users_email_unique",
                violation_error_message="Somebody has this e-mail address already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                name="users_email_lowercase",
            ),
        ),
        migrations.AddConstraint(
            model_name="token",
            constraint=models.UniqueConstraint(fields=("digest",), name="tokens_digest_unique"),
        ),
        migrations.AddConstraint(
            model_name="token",
            constraint=models.CheckConstraint(
                condition=models.Q(("digest__regex", "^[0-9a-f]{64}$")),
                name="tokens_digest_is_sha256",
            ),
        ),
        migrations.RunSQL(JOIN_TABLES, migrations.RunSQL.noop),
    ]

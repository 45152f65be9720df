"""The journal as a model: read only, and not Django's to create, flush or migrate."""

from django.db import models


class JournalEntry(models.Model):
    """One row of `schema_journal`; its columns are described there."""

    id = models.BigAutoField(primary_key=True)
    run = models.UUIDField()
    action = models.TextField()
    app = models.TextField(null=True)  # noqa: DJ001  (NULL: the entry is about no migration)
    migration = models.TextField(null=True)  # noqa: DJ001
    at = models.DateTimeField()
    duration_ms = models.BigIntegerField(null=True)
    role = models.TextField()
    backend = models.IntegerField()
    os_user = models.TextField(null=True)  # noqa: DJ001
    host = models.TextField(null=True)  # noqa: DJ001
    process = models.IntegerField(null=True)
    version = models.TextField(null=True)  # noqa: DJ001
    git_commit = models.TextField(null=True)  # noqa: DJ001
    hash = models.TextField(null=True)  # noqa: DJ001
    ddl = models.TextField(null=True)  # noqa: DJ001
    error = models.TextField(null=True)  # noqa: DJ001
    detail = models.JSONField(default=dict)

    class Meta:
        managed = False
        db_table = "schema_journal"
        ordering = ("id",)
        default_permissions = ("view",)
        verbose_name = "journal entry"
        verbose_name_plural = "journal"

    def __str__(self) -> str:
        about = f" {self.app}.{self.migration}" if self.app else ""
        return f"{self.id} {self.action}{about}"

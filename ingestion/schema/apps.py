"""The tool as a Django app: its commands take the place of Django's own."""

from django.apps import AppConfig


class SchemaConfig(AppConfig):
    name = "ingestion.schema"
    label = "schema"
    verbose_name = "Schema"

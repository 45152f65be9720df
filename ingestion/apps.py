"""The project as an app: it brings the system checks and the command `serve`."""

from django.apps import AppConfig


class IngestionConfig(AppConfig):
    name = "ingestion"
    verbose_name = "Ingestion service"

    def ready(self) -> None:
        from ingestion import checks  # noqa: F401  (registers itself; needs the apps loaded)

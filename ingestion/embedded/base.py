"""Django's PostgreSQL engine, with the embedded server started by the first connection.

In DATABASES: ENGINE "ingestion.embedded", EMBEDDED_FOLDER, and if wanted EMBEDDED_OPTIONS (of the
server) and EMBEDDED_LINK (to the folder). `check`, `--help` and the like start no server.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.db.backends.postgresql import client

from ingestion.embedded.server import binaries, ensure
from ingestion.postgresql import base


class DatabaseClient(client.DatabaseClient):
    """`manage.py dbshell`, with the psql of the same build."""

    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: Iterable[str]
    ) -> tuple[list[str], dict[str, str] | None]:
        (_, *arguments), env = super().settings_to_cmd_args_env(settings_dict, parameters)
        return [str(binaries() / "bin" / "psql"), *arguments], env

    def runshell(self, parameters: Iterable[str]) -> None:
        _start(self.connection.settings_dict)
        super().runshell(parameters)


class DatabaseWrapper(base.DatabaseWrapper):
    client_class = DatabaseClient

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        _start(self.settings_dict)
        return super().get_new_connection(conn_params)


def _start(settings: dict[str, Any]) -> None:
    link = settings.get("EMBEDDED_LINK")
    ensure(
        Path(settings["EMBEDDED_FOLDER"]),
        options=settings.get("EMBEDDED_OPTIONS", ""),
        link=Path(link) if link else None,
    )

"""What `serve` says when everything is up."""

from dataclasses import dataclass

from ingestion.first_steps import Administrator


@dataclass(frozen=True)
class Panel:
    url: str
    database: str
    applied: list[str]
    administrator: Administrator | None
    """The one that was just made; None where there was one."""
    email: str

    def __str__(self) -> str:
        lines = [
            "",
            f"  Database    {self.database}",
            f"  Migrations  {_migrations(self.applied)}",
            f"  API docs    {self.url}/api/docs/",
            f"  Admin       {self.url}/admin/",
            *self._login(),
            "",
            "  Ingest a file:",
            f"    {self._curl()}",
            "",
            "  Ctrl-C stops everything.",
            "",
        ]
        return "\n".join(lines)

    def _login(self) -> list[str]:
        if self.administrator is None:
            return [
                "  Login       as before; a new password: .venv/bin/python manage.py "
                f"changepassword {self.email}",
                "              (and a new token: POST /api/v1/auth/token/)",
            ]
        return [
            f"  E-mail      {self.administrator.email}",
            f"  Password    {self.administrator.password}   (shown this once)",
            f"  Token       {self.administrator.token}   (shown this once)",
        ]

    def _curl(self) -> str:
        token = self.administrator.token if self.administrator else "$TOKEN"
        return (
            f'curl -H "Authorization: Bearer {token}" -F file=@README.md '
            f"{self.url}/api/v1/documents/"
        )


def _migrations(applied: list[str]) -> str:
    if not applied:
        return "nothing to apply"
    ours = [name for name in applied if name.split(".")[0] in {"accounts", "documents"}]
    others = len(applied) - len(ours)
    return f"{len(applied)} applied: {', '.join(ours)}" + (
        f" and {others} of libraries" if others else ""
    )

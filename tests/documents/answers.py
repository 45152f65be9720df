"""What several tests ask of an answer, and of the service after a refusal."""

from pathlib import Path
from typing import Any

from documents.models import Document, Job, Passage

URL = "/api/v1/documents/"


def refused(answer: Any, status: int, code: str, pointer: str | None = None) -> dict[str, Any]:
    """The problem in an answer, which must be this one."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["detail"]
    found = (answer.status_code, problem["status"], problem["code"], problem.get("pointer"))
    assert found == (status, status, code, pointer), f"{found}: {problem['detail']}"
    return problem


def nothing_is_kept(storage: Path) -> bool:
    """No row, no job, and no file, not even one on its way in."""
    rows = [model.objects.exists() for model in (Document, Passage, Job)]
    return not any(rows) and not any(path.is_file() for path in storage.rglob("*"))


def problem(answer: Any, *, status: int) -> dict[str, Any]:
    """The problem in an answer of this status."""
    assert answer.status_code == status, answer.content[:500]
    assert answer.headers["Content-Type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    return told

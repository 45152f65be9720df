"""The key that signs cursors and sessions: yours, or one made once for this checkout."""

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from ingestion.environment import Environment

FILE = ".secret-key"


def secret_key(env: Environment, *, generate_in: Path | None) -> str:
    """`SECRET_KEY` (or what `SECRET_KEY_FILE` holds); without it, one generated into a file.

    A key is generated only beside an embedded database: anywhere else several machines
    would each make their own. Raises ImproperlyConfigured then.
    """
    given = env.text("SECRET_KEY")
    if given:
        return given
    if generate_in is None:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set, and DATABASE_URL names a database of yours. Set SECRET_KEY "
            "(or SECRET_KEY_FILE) to a random text of at least 50 characters, for example: "
            "python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"
        )
    return _generated_once(generate_in / FILE)


def _generated_once(path: Path) -> str:
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(50))
        try:
            os.link(draft, path)  # fails where another process was first: then its key counts
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()

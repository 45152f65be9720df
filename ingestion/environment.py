"""The environment, typed, and loud where a value cannot be read."""

import re
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

WHOLE = re.compile("[0-9]{1,18}")
YES, NO = {"true", "1", "yes", "on"}, {"false", "0", "no", "off"}


class Environment:
    """Reads variables by name; an empty one counts as not set.

    `NAME_FILE` may name a file that holds `NAME`. Raises ImproperlyConfigured, naming the
    variable, for a value that cannot be read.
    """

    def __init__(self, env: environ.Env) -> None:
        self._env = env

    def text(self, name: str, *, default: str = "") -> str:
        try:
            found: str = self._env(name, default="").strip()
        except OSError as error:
            raise ImproperlyConfigured(
                f"{name}_FILE names {error.filename}, which cannot be read: {error.strerror}."
            ) from error
        return found or default

    def number(self, name: str, *, default: int, most: int, least: int = 1) -> int:
        """A whole number."""
        text = self.text(name, default=str(default))
        if not (WHOLE.fullmatch(text) and least <= int(text) <= most):
            raise ImproperlyConfigured(
                f"{name} is {text[:100]!r}; it must be a whole number from {least} to {most}."
            )
        return int(text)

    def flag(self, name: str) -> bool:
        """True or false; false where it is not set."""
        text = self.text(name, default="false")
        if text.lower() not in YES | NO:
            raise ImproperlyConfigured(f"{name} is {text!r}; it must be true or false.")
        return text.lower() in YES

    def names(self, name: str, *, default: str = "") -> list[str]:
        """What stands between commas."""
        found = (part.strip() for part in self.text(name, default=default).split(","))
        return [part for part in found if part]

    def database(self, name: str) -> dict[str, object]:
        found: dict[str, object] = self._env.db(name)
        return found


def read(*, dotenv: Path) -> Environment:
    """The environment of this process, and what a `.env` file adds to it."""
    if dotenv.exists():
        environ.Env.read_env(dotenv)
    return Environment(environ.FileAwareEnv())

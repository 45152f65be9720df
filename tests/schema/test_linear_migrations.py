"""Two branches with a migration each meet in git, and one command puts them in a row.

Waits for git, and for each command of manage.py.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).resolve().parents[2]
MIGRATIONS = "documents/migrations"

Done = subprocess.CompletedProcess[str]


def environment() -> dict[str, str]:
    """The tests' own, but for git's: a hook that runs the tests names its repository in GIT_DIR."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    alice = {"NAME": "Alice", "EMAIL": "alice@example.com"}
    return {
        **kept,
        **{f"GIT_{who}_{k}": v for who in ("AUTHOR", "COMMITTER") for k, v in alice.items()},
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C",
        "DJANGO_SETTINGS_MODULE": "ingestion.settings",
    }


class Checkout:
    """A copy of the service in a git repository of its own, on the branch main."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.env = folder, environment()
        for app in ("accounts", "documents", "ingestion"):
            unwanted = shutil.ignore_patterns("__pycache__")
            shutil.copytree(PROJECT / app, folder / app, ignore=unwanted)
        for file in ("manage.py", ".gitignore"):
            shutil.copy2(PROJECT / file, folder / file)
        self.git("init", "-q", "-b", "main")
        self.commit("The service")

    def run(self, *words: str) -> Done:
        return subprocess.run(
            words, cwd=self.folder, env=self.env, text=True, capture_output=True, check=False
        )

    def git(self, *words: str) -> None:
        done = self.run("git", *words)
        assert done.returncode == 0, done.stdout + done.stderr

    def commit(self, subject: str) -> None:
        self.git("add", ".")
        self.git("commit", "-q", "-m", subject)

    def manage(self, *words: str) -> str:
        done = self.run(sys.executable, "manage.py", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def add_migration(self, name: str, *, branch: str) -> None:
        """On a branch of main that has nothing else. Checks take time, and come at the end."""
        self.git("checkout", "-q", "-b", branch, "main")
        self.manage("makemigrations", "documents", "--empty", "-n", name, "--skip-checks")
        self.commit(name)

    def migrations(self) -> list[str]:
        found = (self.folder / MIGRATIONS).glob("[0-9]*.py")
        return sorted(path.stem for path in found)

    def read(self, file: str) -> str:
        return (self.folder / MIGRATIONS / file).read_text()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "checkout")


def test_two_branches_conflict_in_git_and_one_command_puts_ours_last(checkout: Checkout) -> None:
    before = checkout.migrations()
    last = int(before[-1][:4])
    theirs, moved = f"{last + 1:04}_language", f"{last + 2:04}_pages"
    checkout.add_migration("language", branch="theirs")
    checkout.add_migration("pages", branch="ours")

    merge = checkout.run("git", "merge", "theirs")
    stopped = [line for line in merge.stdout.splitlines() if line.startswith("CONFLICT")]
    where = f"{MIGRATIONS}/max_migration.txt"
    assert stopped == [f"CONFLICT (content): Merge conflict in {where}"]

    checkout.manage("rebase_migration", "documents")
    assert checkout.migrations() == [*before, theirs, moved]
    assert f"dependencies = [('documents', '{theirs}')]" in checkout.read(f"{moved}.py")
    assert checkout.read("max_migration.txt") == f"{moved}\n"

    # The system checks run here too: no second end, and the file names the last.
    found = checkout.manage("makemigrations", "--check", "--dry-run")
    assert found == "No changes detected\n"

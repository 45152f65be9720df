"""What git says is new: the migrations of a branch, and those it has edited."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ingestion.schema.errors import NoGitCheckout, UnknownRef
from ingestion.schema.since import edited_since, new_since
from tests.schema.conftest import Use, WriteApp

pytestmark = pytest.mark.slow

EMPTY = """
from django.db import migrations
class Migration(migrations.Migration):
    dependencies = []
"""
Git = Callable[..., str]


@pytest.fixture
def shop(write_app: WriteApp, story: Use) -> Path:
    """The folder of an app with one migration."""
    folder = write_app("shop", {"0001_initial": EMPTY})
    story("shop")
    return folder


@pytest.fixture
def git(shop: Path) -> Git:
    """In a checkout whose branch `main` holds the app."""

    def run(*words: str) -> str:
        who = ["-c", "user.name=Alice", "-c", "user.email=alice@example.com"]
        done = subprocess.run(
            ["git", *who, *words], cwd=shop, capture_output=True, text=True, check=True
        )
        return done.stdout

    run("init", "--quiet", "--initial-branch=main", "..")
    run("add", ".")
    run("commit", "--quiet", "-m", "First")
    return run


def write(folder: Path, name: str, text: str = EMPTY) -> None:
    (folder / "migrations" / f"{name}.py").write_text(text)


def test_what_is_committed_on_the_branch_and_what_git_does_not_know_yet_is_new(
    shop: Path, git: Git
) -> None:
    git("switch", "--quiet", "-c", "branch")
    write(shop, "0002_committed")
    git("add", ".")
    git("commit", "--quiet", "-m", "Second")
    write(shop, "0003_staged")
    git("add", ".")
    write(shop, "0004_untracked")
    (shop / "migrations" / "max_migration.txt").write_text("0004_untracked")
    assert new_since("main") == {
        ("shop", "0002_committed"),
        ("shop", "0003_staged"),
        ("shop", "0004_untracked"),
    }
    assert edited_since("main") == set()


def test_what_the_other_branch_got_meanwhile_is_not(shop: Path, git: Git) -> None:
    git("switch", "--quiet", "-c", "branch")
    git("switch", "--quiet", "main")
    write(shop, "0002_theirs")
    git("add", ".")
    git("commit", "--quiet", "-m", "Theirs")
    git("switch", "--quiet", "branch")
    assert new_since("main") == edited_since("main") == set()


def test_a_file_that_was_there_and_has_changed_is_edited(shop: Path, git: Git) -> None:
    write(shop, "0001_initial", f"{EMPTY}    # said later\n")
    assert new_since("main") == set()
    assert edited_since("main") == {("shop", "0001_initial")}


def test_a_file_that_became_a_link_is_edited(shop: Path, git: Git) -> None:
    (shop / "elsewhere.py").write_text(EMPTY)
    (shop / "migrations" / "0001_initial.py").unlink()
    (shop / "migrations" / "0001_initial.py").symlink_to("../elsewhere.py")
    assert edited_since("main") == {("shop", "0001_initial")}


def test_a_file_that_was_renamed_is_new(shop: Path, git: Git) -> None:
    git("mv", "migrations/0001_initial.py", "migrations/0001_first.py")
    assert new_since("main") == {("shop", "0001_first")}


@pytest.mark.parametrize("ref", ["no-such-branch", "--help", ""])
def test_a_commit_that_git_does_not_know_is_refused(shop: Path, git: Git, ref: str) -> None:
    with pytest.raises(UnknownRef, match=f"git knows no commit '{ref}'") as refusal:
        new_since(ref)
    assert refusal.value.exit_code == 2


def test_a_commit_of_which_nothing_is_left_in_common_is_refused(shop: Path, git: Git) -> None:
    git("switch", "--quiet", "--orphan", "other")
    git("commit", "--quiet", "--allow-empty", "-m", "Nothing")
    git("switch", "--quiet", "main")
    with pytest.raises(UnknownRef):
        new_since("other")


def test_where_there_is_no_checkout_it_says_so(shop: Path) -> None:
    with pytest.raises(NoGitCheckout, match="not a git repository") as refusal:
        new_since("main")
    assert refusal.value.exit_code == 2

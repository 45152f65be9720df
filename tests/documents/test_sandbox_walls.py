"""What a child cannot do, whoever has taken it over: reach out, start, change or read others'."""

import logging
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from documents.extraction import landlock, sandbox
from documents.extraction.limits import Limits
from tests.documents.test_sandbox_endings import read

linux = pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's")
READ = ("read", "parent's environment")


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("outside")
    folder.chmod(0o777)
    (folder / "there").write_text("a secret")
    found = read("try_everything", limits=Limits(), filename=str(folder))[1]
    assert sorted(each.name for each in folder.iterdir()) == ["there"]
    assert (folder / "there").read_text() == "a secret"
    return found


@linux
def test_it_changes_nothing_and_reaches_nobody(outcomes: dict[str, Any]) -> None:
    done = {name for name, outcome in outcomes.items() if outcome == "done"}
    assert done <= set(READ)
    assert len(outcomes) == 21


@linux
@pytest.mark.skipif(landlock.ruleset() is None, reason="this kernel has no Landlock")
def test_it_reads_nothing_but_its_document_and_its_libraries(outcomes: dict[str, Any]) -> None:
    assert {outcomes[name] for name in READ} == {"PermissionError"}


@linux
def test_it_may_start_a_thread() -> None:
    assert read("start_a_thread", limits=Limits())[1] == {"done": [True]}


def test_it_knows_no_secret_and_nothing_of_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = read("show_environment")[1]
    assert set(facts["names"]) <= {"PATH", "LD_LIBRARY_PATH", "TZ", "TMPDIR", "LC_CTYPE"}
    assert not facts["django"]
    assert facts["group"]
    assert len(facts["descriptors"]) == 2  # the original and the pipe


def test_what_a_system_lacks_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    name = f"walls of {os.getpid()}"
    with caplog.at_level(logging.WARNING, "documents"):
        sandbox.say_once(name)
        sandbox.say_once(name)
    assert caplog.messages == [f"Documents are read without this protection of the system: {name}"]


def test_the_rules_leave_out_the_folder_of_the_project() -> None:
    project = Path(landlock.__file__).parents[2]
    assert project not in set(landlock.readable())
    assert project / "documents" / "extraction" in set(landlock.readable())

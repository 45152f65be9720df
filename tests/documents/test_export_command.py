"""`manage.py export` writes documents that `manage.py ingest` takes back."""

import gzip
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from accounts.models import User
from documents.models import Document
from tests.documents.commands import ALICE, ingest, run, start

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
Keep = Callable[..., Document]
SAME = ("title", "source", "content_type", "metadata", "size", "sha256", "state", "extracted")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "all.ndjson"


def parsed(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def same(document: Document) -> list[Any]:
    text = list(document.passages.values_list("position", "text"))
    return [getattr(document, name) for name in SAME] + text


@pytest.mark.parametrize("name", ["all.ndjson", "all.ndjson.gz"])
def test_what_it_writes_is_taken_back_identical(
    alice: User, bob: User, keep_text: Keep, keep_file: Keep, work: Any, file: Path, name: str
) -> None:
    keep_text(alice, "  We met.\r\n", title="Minutes", source="s", metadata={"a": [1, {"b": "ü"}]})
    keep_file(alice, "naïve".encode("latin-1"), charset="iso-8859-1")
    keep_file(alice, bytes(range(256)), filename="x.bin", content_type="application/octet-stream")
    work()
    target = file.with_name(name)
    out, err, code = run("export", target)
    assert (out, err, code) == ("", f"3 document(s) written to {target}\n", 0)
    summary, code = ingest(target, owner=bob.email)
    assert (summary["created"], code) == (3, 0)
    work()
    for mine in Document.objects.filter(owner=alice):
        assert same(mine) == same(Document.objects.get(owner=bob, sha256=mine.sha256))


def test_taken_back_by_their_owner_all_are_there_already(
    alice: User, keep_text: Keep, file: Path
) -> None:
    keep_text(alice, "one")
    run("export", file)
    summary, code = ingest(file)
    assert (summary["documents"], summary["duplicates"], code) == (1, 1, 0)


def test_one_owner_can_be_chosen(alice: User, bob: User, keep_text: Keep, file: Path) -> None:
    keep_text(alice, "of Alice")
    keep_text(bob, "of Bob")
    run("export", file, "--owner", "Alice@example.com")
    assert [line.get("content") for line in parsed(file)] == ["of Alice", None]


def test_documents_can_be_chosen(alice: User, keep_text: Keep, keep_file: Keep, file: Path) -> None:
    old = keep_text(alice, "old")
    Document.objects.filter(pk=old.pk).update(created_at="2020-01-01T00:00Z")
    keep_text(alice, "new")
    keep_file(alice, b"waits", content_type="text/csv")
    found = {}
    for words in (
        ("--state", "ready"),
        ("--content-type", "text/csv"),
        ("--created-after", "2020-01-01"),
        ("--created-after", "2019-12-31T23:00:00-02:00"),
        ("--created-after", "2019-12-31", "--state", "ready"),
    ):
        run("export", file, *words)
        found[words] = parsed(file)[-1]["documents"]
    assert list(found.values()) == [2, 1, 2, 2, 2]


def test_a_time_that_is_none_is_refused(db: None) -> None:
    for time in ("yesterday", "2020-13-01"):
        with pytest.raises(CommandError, match="write it as 2026-01-31"):
            run("export", "--created-after", time)


def test_what_is_not_in_it_is_named(
    alice: User, keep_text: Keep, keep_file: Keep, file: Path, storage: Path, settings: Any
) -> None:
    settings.MAX_JSON_BYTES = 1000
    long = keep_text(alice, "x" * 1001)
    lost = keep_file(alice, b"lost")
    (storage / lost.blob).unlink()
    keep_text(alice, "short")
    _, err, code = run("export", file)
    assert code == 1
    assert err.splitlines() == [
        f"1 document(s) written to {file}",
        "2 document(s) are NOT in it:",
        f"  {long.pk}: longer than a line may be; fetch /api/v1/documents/{long.pk}/file/ "
        "from the API",
        f"  {lost.pk}: its original is missing from the storage; send the file again, or restore "
        "STORAGE_DIR",
    ]


def test_it_takes_the_place_of_a_file_only_when_it_is_whole(
    alice: User, keep_text: Keep, keep_file: Keep, file: Path, storage: Path
) -> None:
    file.write_text("of yesterday")
    keep_text(alice, "one")
    folder = storage / keep_file(alice, b"two").blob
    folder.unlink()
    folder.mkdir()  # an original that cannot be read ends the export
    with pytest.raises(CommandError, match="The storage cannot be read: Is a directory") as caught:
        run("export", file)
    assert caught.value.returncode == 2
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert file.read_text() == "of yesterday"


@pytest.mark.parametrize("name", ["", "missing/all.ndjson"])
def test_a_place_that_takes_no_file_is_refused(db: None, file: Path, name: str) -> None:
    with pytest.raises(CommandError, match=r"Nothing was changed there|is no file") as caught:
        run("export", file.parent / name)
    assert caught.value.returncode == 2
    assert list(file.parent.iterdir()) == []


def test_a_device_keeps_its_place(db: None) -> None:
    with pytest.raises(CommandError, match="/dev/null is there, and is no file"):
        run("export", "/dev/null")


@pytest.mark.django_db(transaction=True)
def test_it_goes_from_one_process_to_the_other(
    alice: User, bob: User, keep_text: Keep, keep_file: Keep
) -> None:
    keep_text(alice, "one")
    keep_file(alice, b"two")
    exporting = start("export", "--owner", ALICE)
    ingesting = start("ingest", "-", "--owner", bob.email, "--json", stdin=exporting.stdout)
    assert exporting.stdout
    assert exporting.stderr
    exporting.stdout.close()
    out, err = ingesting.communicate(timeout=60)
    said = exporting.stderr.read().decode()
    exporting.stderr.close()
    assert (exporting.wait(), said) == (0, "2 document(s) written to standard output\n")
    assert (ingesting.returncode, err, json.loads(out)["created"]) == (0, b"", 2)


def test_compressed_it_is_one_whole_file(alice: User, keep_text: Keep, file: Path) -> None:
    keep_text(alice, "one")
    run("export", f"{file}.gz")
    lines = gzip.decompress(Path(f"{file}.gz").read_bytes()).splitlines()
    assert json.loads(lines[-1])["complete"] is True


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_it_says_that_it_is_not_whole(
    alice: User, keep_text: Keep, number: signal.Signals
) -> None:
    for each in range(20):
        keep_text(alice, f"{each}" * 50_000)  # more than the pipe holds
    process = start("export")
    assert process.stdout
    process.stdout.read(1)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "Stopped; the export is not whole." in err.decode()


@pytest.mark.django_db(transaction=True)
def test_it_says_that_nobody_reads_on(alice: User, keep_text: Keep) -> None:
    for each in range(20):
        keep_text(alice, f"{each}" * 50_000)  # more than the pipe holds
    process = start("export")
    assert process.stdout
    process.stdout.read(1)
    process.stdout.close()
    assert process.stderr
    said = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(60) == 128 + signal.SIGPIPE
    assert said == "CommandError: Whoever read the export has stopped reading; it is not whole.\n"


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
def test_it_says_that_standard_output_is_full(alice: User, keep_text: Keep) -> None:
    keep_text(alice, "one")
    with Path("/dev/full").open("wb") as full:
        process = start("export", stdout=full)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert said.decode() == (
        "CommandError: Standard output cannot be written: No space left on device. The export is "
        "not whole; mend that, or name a file.\n"
    )

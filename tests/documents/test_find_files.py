"""What a command line names → files."""

import os
from pathlib import Path

import pytest

from documents import finding


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Also the current folder."""
    names = ["a.txt", "b.md", ".hidden.txt", "sub/c.txt", "sub/deep/d.txt", "sub/.git/e.txt"]
    for name in (*names, "[x].txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "sub" / "loop").symlink_to(tmp_path, target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(*words: str) -> list[str]:
    return [each.path for each in finding.found(words)]


@pytest.mark.parametrize(
    ("word", "paths"),
    [
        ("a.txt", ["a.txt"]),
        ("*.txt", ["[x].txt", "a.txt"]),
        ("./*.md", ["b.md"]),
        (".*.txt", [".hidden.txt"]),
        ("*/c.txt", ["sub/c.txt"]),
        ("sub/*", ["sub/c.txt", "sub/deep/d.txt"]),
        ("**/*.txt", ["[x].txt", "a.txt", "sub/c.txt", "sub/deep/d.txt"]),
        ("sub/**", ["sub/c.txt", "sub/deep/d.txt"]),
        ("**/deep/*", ["sub/deep/d.txt"]),
        ("**/deep/**/d.txt", ["sub/deep/d.txt"]),
        ("[x].txt", ["[x].txt"]),  # it is there, so it is no pattern
        ("[ab].*", ["a.txt", "b.md"]),
        ("-", ["-"]),
        ("nothing", ["nothing"]),
        ("*.nothing", []),
        ("a.txt/*", []),
    ],
)
def test_a_word_stands_for_files(tree: Path, word: str, paths: list[str]) -> None:
    some = found(word)
    if word == "sub/*":  # the loop is a folder that was named, like any other in a pattern
        some = [path for path in some if not path.startswith("sub/loop")]
    assert some == paths


def test_a_pattern_may_be_absolute(tree: Path) -> None:
    assert found(f"{tree}/**/d.*") == [f"{tree}/sub/deep/d.txt"]


def test_a_folder_stands_for_the_files_below_it(tree: Path) -> None:
    assert found("sub") == ["sub/c.txt", "sub/deep/d.txt"]


@pytest.mark.slow
def test_a_folder_with_very_many_files_is_read_in_pieces(tmp_path: Path) -> None:
    names = {f"{tmp_path}/{number}" for number in range(finding.SORTED + 3)}
    for name in names:
        os.close(os.open(name, os.O_CREAT))
    some = found(str(tmp_path))
    assert (len(some), set(some)) == (len(names), names)


def test_however_deep_it_is_no_folder_is_held_open(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d"] * 300)
    deep.mkdir(parents=True)
    (deep / "file").touch()
    before = len(list(Path("/proc/self/fd").iterdir()))
    files = finding.found([str(tmp_path)])
    assert next(files).path == str(deep / "file")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_what_names_nothing_is_told(tree: Path) -> None:
    (tree / "broken").symlink_to(tree / "nowhere")
    words = ["a.txt", "*.txt", "broken", "-", "nothing", "*.nothing", "x/**"]
    assert finding.missing(words) == ["nothing", "*.nothing", "x/**"]


def test_the_weight_of_files_is_their_bytes_and_something_for_each(tree: Path) -> None:
    (tree / "a.txt").write_bytes(b"123")
    some = [finding.Found("a.txt"), finding.Found("b.md"), finding.Found("nothing")]
    assert finding.weight(some) == 3 + 3 * finding.OVERHEAD

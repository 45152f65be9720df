"""What the words after `migrate` wish for, and which of them nobody understands."""

import pytest

from ingestion.schema.errors import UnknownTarget
from ingestion.schema.targets import Head, Named, Relative, Target, Zero, read_target

APPS = {"documents", "accounts"}


@pytest.mark.parametrize(
    ("words", "target"),
    [
        ([], Target(None, Head())),
        (["head"], Target(None, Head())),
        (["zero"], Target(None, Zero())),
        (["+1"], Target(None, Relative(1))),
        (["-1"], Target(None, Relative(-1))),
        (["+300"], Target(None, Relative(300))),
        (["documents"], Target("documents", Head())),
        (["documents", "head"], Target("documents", Head())),
        (["documents", "zero"], Target("documents", Zero())),
        (["documents", "+2"], Target("documents", Relative(2))),
        (["documents", "-1"], Target("documents", Relative(-1))),
        (["documents", "0007"], Target("documents", Named("0007"))),
        (["documents", "0007_passages"], Target("documents", Named("0007_passages"))),
    ],
)
def test_it_reads(words: list[str], target: Target) -> None:
    app, name = [*words, None, None][:2]
    assert read_target(app, name, apps=APPS) == target


@pytest.mark.parametrize("word", ["head", "zero"])
def test_an_app_of_that_name_comes_first(word: str) -> None:
    assert read_target(word, "0001", apps={word}) == Target(word, Named("0001"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["papers"],
            "There is no app with the label 'papers'. "
            "See what there is with: manage.py schema status",
        ),
        (
            ["papers", "0001"],
            "There is no app with the label 'papers'. "
            "See what there is with: manage.py schema status",
        ),
        (
            [""],
            "There is no app with the label ''. See what there is with: manage.py schema status",
        ),
        (
            ["base"],
            "There is no app 'base'. Alembic's base is: manage.py migrate zero",
        ),
        (
            ["head", "documents"],
            "'head documents' says two things. "
            "The app comes first: manage.py migrate documents head",
        ),
        (
            ["-1", "documents"],
            "'-1 documents' says two things. The app comes first: manage.py migrate documents -1",
        ),
        (
            ["documents", ""],
            "The name of the migration is empty. "
            "See what there is with: manage.py schema history documents",
        ),
        (
            ["+0"],
            "'+0' is not a number of migrations. Write +1, +2 … to go on and -1, -2 … to go back.",
        ),
        (
            ["documents", "-one"],
            "'-one' is not a number of migrations. "
            "Write +1, +2 … to go on and -1, -2 … to go back.",
        ),
        (
            ["+1 "],
            "'+1 ' is not a number of migrations. Write +1, +2 … to go on and -1, -2 … to go back.",
        ),
        (
            ["+\u0663"],
            "'+\u0663' is not a number of migrations. "
            "Write +1, +2 … to go on and -1, -2 … to go back.",
        ),
    ],
)
def test_it_refuses(words: list[str], sentence: str) -> None:
    app, name = [*words, None, None][:2]
    with pytest.raises(UnknownTarget) as refusal:
        read_target(app, name, apps=APPS)
    assert str(refusal.value) == sentence

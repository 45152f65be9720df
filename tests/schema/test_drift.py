"""Two catalogues are compared thing by thing."""

from ingestion.schema.drift import Difference, differences

OWNER = {"index documents.owner": "btree (owner_id)"}
TITLE = {"column documents.title": "text"}


def test_equal_catalogues_do_not_differ() -> None:
    assert differences(OWNER | TITLE, TITLE | OWNER) == []


def test_it_reports_what_is_missing() -> None:
    assert differences(OWNER, {}) == [Difference("index documents.owner", "btree (owner_id)", None)]


def test_it_reports_what_is_there_besides() -> None:
    assert differences({}, TITLE) == [Difference("column documents.title", None, "text")]


def test_it_reports_what_is_another() -> None:
    assert differences(TITLE, {"column documents.title": "text NOT NULL"}) == [
        Difference("column documents.title", "text", "text NOT NULL")
    ]


def test_it_goes_by_the_alphabet() -> None:
    found = differences(OWNER | TITLE, {"column documents.body": "text"})
    assert [difference.thing for difference in found] == [
        "column documents.body",
        "column documents.title",
        "index documents.owner",
    ]

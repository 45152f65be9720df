"""Each kind of search has one plan, and asks the indexes that were made for it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tests.conftest import api
from tests.documents.answers import URL
from tests.documents.shelves import keep_many

pytestmark = pytest.mark.slow

SETTINGS_AND_REST = re.compile(r"((?:\s*SET LOCAL [^;]*;)+)(.*)", re.DOTALL)


def indexes_in(plan: Any) -> set[str]:
    """The names of all indexes anywhere in a plan."""
    if isinstance(plan, list):
        return set().union(*map(indexes_in, plan))
    if not isinstance(plan, dict):
        return set()
    named = {plan["Index Name"]} if "Index Name" in plan else set()
    return named.union(*map(indexes_in, plan.values()))


def indexes_asked(client: Client, words: str, **params: str) -> set[str]:
    """By the statements of a search that rank."""
    with CaptureQueriesContext(connection) as asked:
        assert client.get(URL, {"q": words, **params}).status_code == 200
    found: set[str] = set()
    with connection.cursor() as cursor:
        for each in asked.captured_queries:
            if match := SETTINGS_AND_REST.fullmatch(each["sql"]):
                cursor.execute(f"{match[1]} EXPLAIN (FORMAT JSON) {match[2]}")
                found |= indexes_in(cursor.fetchone()[0])
    return found


@pytest.mark.django_db(transaction=True)
def test_it_asks_the_index_that_was_made_for_it(alice: User, bob: User, sam: User) -> None:
    texts = [
        f"{'heron' if n % 2 else 'otter'} {'reed' if n < 5 else ''} {n}" for n in range(11_000)
    ]
    keep_many(alice, texts, every=timedelta(minutes=1))
    keep_many(bob, ["A reed.", *(f"A heron, {n}." for n in range(300))])
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE passages, documents")
    mine, all_of_them = api(alice), api(sam)
    asked = {
        "rare": indexes_asked(mine, "reed"),
        "rare, again": indexes_asked(mine, "reed"),
        "absent": indexes_asked(mine, "heron giraffe"),
        "phrase": indexes_asked(mine, '"heron reed"'),
        "rare, of few": indexes_asked(api(bob), "reed"),
        "rare, filtered": indexes_asked(mine, "reed", source="mail"),
        "rare, but": indexes_asked(mine, "reed -heron"),
        "common": indexes_asked(mine, "heron"),
        "common, of few": indexes_asked(api(bob), "heron"),
        "common, filtered": indexes_asked(api(bob), "heron", content_type="text/plain"),
        "common, of all": indexes_asked(all_of_them, "heron"),
    }
    assert asked == {
        "rare": {"passages_words"},
        "rare, again": {"passages_words"},
        "absent": {"passages_words"},
        "phrase": {"passages_words"},
        "rare, of few": {"passages_words"},
        "rare, filtered": {"passages_words", "documents_pkey"},
        "rare, but": {"passages_words", "passages_pkey"},
        "common": {"passages_newest"},
        "common, of few": {"passages_newest"},
        "common, filtered": {"documents_owner_newest", "passages_pkey"},
        "common, of all": {"documents_newest", "passages_pkey"},
    }

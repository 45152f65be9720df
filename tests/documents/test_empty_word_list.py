"""The worker alone empties the index's list of new words, with settings that leave with it."""

from collections.abc import Callable, Iterator

import pytest
from django.db import connection, transaction

from accounts.models import User
from documents import upkeep
from documents.models import Document
from documents.upkeep import DOCUMENTS, Upkeep
from documents.worker import Worker
from tests.documents.threads import beside

pytestmark = pytest.mark.django_db
Keep = Callable[..., Document]


def setting(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {name}")
        return str(cursor.fetchone()[0])


def new_pages() -> int:
    """What a second emptying of the list finds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list(%s::regclass)", [upkeep.INDEX])
        return int(cursor.fetchone()[0])


def test_the_list_is_empty_when_the_worker_has_drained_the_queue(
    alice: User, keep_text: Keep, work: Callable[[], int]
) -> None:
    keep_text(alice, "We met.")
    work()
    assert new_pages() == 0


def test_the_list_fills_up_in_between(alice: User, keep_text: Keep) -> None:
    new_pages()
    keep_text(alice, "We met.")
    Worker().work_once(rests=False)
    assert new_pages() > 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", [*upkeep.INDEXING, *upkeep.EMPTYING])
def test_its_settings_end_with_the_transaction(name: str) -> None:
    before = setting(name)
    with transaction.atomic():
        upkeep.prepare()
    upkeep.empty()
    assert setting(name) == before


def test_indexing_has_its_settings() -> None:
    upkeep.prepare()
    assert {name: setting(name) for name in upkeep.INDEXING} == upkeep.INDEXING


@pytest.mark.django_db(transaction=True)
def test_one_worker_at_a_time_empties_it() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [upkeep.INDEX])
        assert beside(upkeep.empty)[0].result(timeout=5) is False
    assert upkeep.empty() is True


@pytest.fixture
def stranger(db: None) -> Iterator[None]:
    """The role of the connection owns nothing."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE stranger")
        cursor.execute("SET LOCAL ROLE stranger")
        yield
        cursor.execute("RESET ROLE")


@pytest.mark.usefixtures("stranger")
def test_who_may_not_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    upkeep_of_one = Upkeep()
    upkeep_of_one.do()
    assert "Let the worker's role own the table passages" in caplog.text
    upkeep_of_one.note(DOCUMENTS)
    assert not upkeep_of_one.is_due(idle=True)


@pytest.mark.parametrize(
    ("seconds", "documents", "idle", "due"),
    [
        (0, 10, True, False),
        (2, 10, True, True),
        (2, 10, False, False),
        (2, DOCUMENTS, False, True),
        (60, 10, False, True),
    ],
)
def test_it_is_due_at_leisure_or_when_there_is_much(
    seconds: float, documents: int, idle: bool, due: bool
) -> None:
    mine = Upkeep()
    mine.note(documents)
    mine._since -= seconds
    assert mine.is_due(idle=idle) is due


def test_it_is_not_due_when_nothing_was_indexed() -> None:
    mine = Upkeep()
    mine.do()
    mine._since -= 3600
    assert not mine.is_due(idle=True)

"""Several texts in one statement: each is kept, or is not, by itself."""

import hashlib
from threading import Event

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from accounts.models import User, digest, new_token
from documents import texts
from documents.intake import accept_of_token
from documents.label import Label
from documents.models import Document, Job, Lane, Passage, State
from documents.texts import Text
from tests.documents.order import WATCH
from tests.documents.threads import beside

pytestmark = pytest.mark.django_db


def text(content: str, owner: User, *, token: str | None = None, lane: Lane = Lane.SINGLE) -> Text:
    label = Label(title=content[:10], metadata={"of": owner.email})
    key = None if token is None else digest(token)
    return Text.of(content, owner_id=owner.pk, label=label, lane=lane, digest=key)


def test_each_is_kept_as_its_own_document(alice: User, bob: User) -> None:
    sent = [text("We met.", alice), text("We met.", bob), text(" \n", alice)]
    kept = texts.keep(sent)
    assert [kept[each.id].created for each in sent] == [True, True, True]
    documents = [Document.of_row(kept[each.id].row) for each in sent]
    assert [each.owner_id for each in documents] == [alice.pk, bob.pk, alice.pk]
    assert [each.metadata["of"] for each in documents] == [alice.email, bob.email, alice.email]
    assert [each.state for each in documents] == [State.READY, State.READY, State.EMPTY]
    assert Document.objects.count() == 3


def test_passages_go_with_their_documents(alice: User) -> None:
    long = "".join(f"Line {number}.\n" for number in range(30_000))
    sent = [text(long, alice), text("We met.", alice)]
    texts.keep(sent)
    for each in sent:
        pieces = Passage.objects.filter(document_id=each.id).order_by("position")
        assert [piece.position for piece in pieces] == list(range(len(pieces)))
        assert "".join(piece.text for piece in pieces) == each.content


def test_they_are_one_job_for_each_lane(alice: User) -> None:
    single = [text("one", alice), text("two", alice), text(" ", alice)]
    bulk = [text("three", alice, lane=Lane.BULK)]
    texts.keep([*single, *bulk])
    jobs = {job.lane: job for job in Job.objects.all()}
    assert set(jobs[Lane.SINGLE].documents) == {each.id for each in single[:2]}
    assert jobs[Lane.SINGLE].bytes == 6
    assert jobs[Lane.BULK].documents == [bulk[0].id]


def test_what_is_there_is_not_touched(alice: User) -> None:
    first = Text.of("We met.", owner_id=alice.pk, label=Label(title="old"))
    texts.keep([first])
    Job.objects.all().delete()
    again = Text.of("We met.", owner_id=alice.pk, label=Label(title="new"))
    kept = texts.keep([again, text("We left.", alice)])
    assert not kept[again.id].created
    assert Document.of_row(kept[again.id].row).title == "old"
    assert Job.objects.get().documents != [again.id]
    assert Document.objects.count() == Passage.objects.count() == 2


def test_a_token_opens_its_own_users_door_only(alice: User, bob: User) -> None:
    _, good = new_token(alice, days=1)
    sent = {
        "her token": text("one", alice, token=good),
        "an unknown token": text("two", alice, token="ing_wrong"),
        "a token of another": text("three", bob, token=good),
    }
    kept = texts.keep(sent.values())
    assert [name for name, each in sent.items() if each.id in kept] == ["her token"]
    assert Document.objects.get().pk == sent["her token"].id
    assert Job.objects.count() == Passage.objects.count() == 1


def test_what_is_there_is_shown_to_no_wrong_token(alice: User) -> None:
    texts.keep([text("We met.", alice)])
    assert texts.keep([text("We met.", alice, token="ing_wrong")]) == {}


def test_rows_are_written_in_one_order_so_that_nobody_waits_in_a_circle(alice: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute(WATCH)
        texts.keep([text(f"We met {number} times.", alice) for number in range(50)])
        cursor.execute("SELECT id FROM seen ORDER BY number")
        ids = [pk for (pk,) in cursor.fetchall()]
    assert len(ids) == 50
    assert ids == sorted(ids)


def test_a_row_says_all_that_was_said(alice: User) -> None:
    label = Label(
        title="Naïve",
        source="scan",
        metadata={"a": [1, {"b": None}]},
        content_type="text/markdown",
        filename="a.md",
    )
    sent = Text.of("Ä: 12 bytes.", owner_id=alice.pk, label=label)
    document = Document.of_row(texts.keep([sent])[sent.id].row)
    assert (document.title, document.source) == ("Naïve", "scan")
    assert (document.metadata, document.extracted) == (label.metadata, {"filename": "a.md"})
    assert (document.content_type, document.size) == ("text/markdown", 13)
    assert document.sha256 == hashlib.sha256("Ä: 12 bytes.".encode()).hexdigest()


@pytest.mark.parametrize("field", ["is_active", "expires_at"])
def test_a_token_that_ended_opens_no_door(alice: User, field: str) -> None:
    token, secret = new_token(alice, days=1)
    if field == "is_active":
        User.objects.update(is_active=False)
    else:
        type(token).objects.update(expires_at=timezone.now())
    assert texts.keep([text("We met.", alice, token=secret)]) == {}
    assert not Document.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_together_they_do_not_wait_for_what_another_transaction_has_written(alice: User) -> None:
    held, other = text("We met.", alice), text("We left.", alice)
    written, done = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            texts.keep([held])
            written.set()
            assert done.wait(20)

    (holding,) = beside(hold)
    try:
        assert written.wait(20)
        with pytest.raises(OperationalError, match="lock timeout"):
            texts.keep_together([held, other])
        assert texts.keep_together([other])[other.id].created
        _, token = new_token(alice, days=1)
        with pytest.raises(OperationalError, match="lock timeout"):
            accept_of_token(held.content, digest=digest(token), owner_id=alice.pk, label=held.label)
    finally:
        done.set()
    holding.result()
    assert not texts.keep_together([held])[held.id].created


@pytest.mark.django_db(transaction=True)
def test_the_same_ones_in_any_order_never_wait_in_a_circle(alice: User) -> None:
    sent = [text(f"We met {number} times.", alice) for number in range(100)]
    orders = [sent, sent[::-1], sent[50:] + sent[:50]]
    kept = [each.result() for each in beside(*(lambda o=o: texts.keep(o) for o in orders))]
    created = [pk for each in kept for pk, one in each.items() if one.created]
    assert sorted(created) == sorted(each.id for each in sent)
    assert Document.objects.count() == Passage.objects.count() == 100

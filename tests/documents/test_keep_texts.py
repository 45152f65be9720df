"""Several texts in one statement: each is kept, or is not, by itself."""

import pytest

from accounts.models import User, digest, new_token
from documents import texts
from documents.label import Label
from documents.models import Document, Job, Lane, Passage, State
from documents.texts import Text
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


@pytest.mark.django_db(transaction=True)
def test_the_same_ones_in_any_order_never_wait_in_a_circle(alice: User) -> None:
    sent = [text(f"We met {number} times.", alice) for number in range(100)]
    orders = [sent, sent[::-1], sent[50:] + sent[:50]]
    kept = [each.result() for each in beside(*(lambda o=o: texts.keep(o) for o in orders))]
    created = [pk for each in kept for pk, one in each.items() if one.created]
    assert sorted(created) == sorted(each.id for each in sent)
    assert Document.objects.count() == Passage.objects.count() == 100

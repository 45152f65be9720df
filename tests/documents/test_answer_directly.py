"""The direct way and the long way give the same answers."""

import json
from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from accounts.models import User, new_token
from documents.api import direct
from documents.models import Document
from ingestion.wsgi import application, django

# As when it runs: connections are looked at between requests.
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
PATH = "/api/v1/documents/"
VOLATILE = {"created_at", "updated_at", "indexed"}


class Caller:
    def __init__(self, user: User) -> None:
        _, self.token = new_token(user, days=1)

    def environ(self, method: str, path: str, body: bytes = b"", **more: Any) -> dict[str, Any]:
        return {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SCRIPT_NAME": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "localhost:8000",
            "HTTP_AUTHORIZATION": f"Bearer {self.token}",
            "CONTENT_TYPE": "application/json" if body else "",
            "CONTENT_LENGTH": str(len(body)) if body else "",
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            **more,
        }


def told(way: Any, environ: dict[str, Any]) -> tuple[str, dict[str, str], Any]:
    """Status, headers and body of an answer."""
    started: list[Any] = []
    answer = way(environ, lambda status, headers, *_: started.append((status, dict(headers))))
    body = b"".join(answer)
    getattr(answer, "close", bool)()
    status, headers = started[0]
    return status, headers, json.loads(body) if body else None


def steady(answer: tuple[str, dict[str, str], Any]) -> tuple[str, dict[str, str], Any]:
    status, headers, body = answer
    # The database writes JSON with a space here and there.
    kept = {name: headers[name] for name in headers if name not in {"ETag", "Content-Length"}}
    return status, kept, {name: value for name, value in body.items() if name not in VOLATILE}


@pytest.fixture
def caller(alice: User) -> Caller:
    return Caller(alice)


BODIES = [
    {"content": "We met."},
    {"content": "  naïve \n", "title": "T", "source": "s", "metadata": {"a": [1, {"b": None}]}},
    {"content": " \n", "metadata": {}},
    {"content": "x " * 40_000, "title": "long"},
]


@pytest.mark.parametrize("said", BODIES)
def test_a_text_comes_in(caller: Caller, said: dict[str, Any]) -> None:
    raw = json.dumps(said).encode()
    direct_answer = told(application, caller.environ("POST", PATH, raw))
    Document.objects.all().delete()
    long_answer = told(django, caller.environ("POST", PATH, raw))
    assert direct_answer[0] == "201 Created"
    assert steady(direct_answer) == steady(long_answer)
    again = [told(way, caller.environ("POST", PATH, raw)) for way in (application, django)]
    assert steady(again[0]) == steady(again[1])
    assert (again[0][0], again[0][2]["duplicate"]) == ("200 OK", True)


def test_a_document_is_looked_at(caller: Caller, keep_text: Any, alice: User) -> None:
    document = keep_text(alice, "We met. " * 200, title="Minutes", metadata={"a": {"b": 1}})
    path = f"{PATH}{document.pk}/"
    answers = [told(way, caller.environ("GET", path)) for way in (application, django)]
    assert steady(answers[0]) == steady(answers[1])
    assert [answer[1]["ETag"] for answer in answers] == [answers[0][1]["ETag"]] * 2
    assert answers[0][0] == "200 OK"


@pytest.mark.parametrize(
    "more",
    [
        {"HTTP_IF_NONE_MATCH": "*"},
        {"HTTP_ACCEPT": "text/html"},
        {"QUERY_STRING": "x=1"},
        {"HTTP_HOST": "evil.example.com"},
    ],
)
def test_an_unusual_look_goes_the_long_way(
    caller: Caller, keep_text: Any, alice: User, more: dict[str, Any]
) -> None:
    path = f"{PATH}{keep_text(alice, 'We met.').pk}/"
    assert direct._answer(caller.environ("GET", path, **more)) is None
    answers = [told(way, caller.environ("GET", path, **more)) for way in (application, django)]
    assert answers[0] == answers[1]
    if "HTTP_IF_NONE_MATCH" in more:
        assert answers[0][0] == "304 Not Modified"


LISTS = [
    "",
    "page_size=2",
    "state=ready&metadata.a=b",
    "source=na%C3%AFve&facets=state,content_type",
    "q=met",
    "q=met&page_size=1&facets=state",
    "q=nothing",
    "created_after=2999-01-01",
]


@pytest.mark.parametrize("query", LISTS)
def test_documents_are_listed(
    caller: Caller, alice: User, bob: User, keep_text: Any, work: Any, query: str
) -> None:
    for number in range(5):
        keep_text(alice, f"We met {number} times.", source="naïve", metadata={"a": "b"})
    keep_text(bob, "We met too.")
    work()
    environ = caller.environ("GET", PATH, QUERY_STRING=query)
    assert direct._answer(environ) is not None
    answers = [told(way, environ) for way in (application, django)]
    for _, _, answer in answers:
        answer.pop("index_lag", None)
        if query.startswith("q="):  # a cursor says how it found them: time decides
            answer["next"] = bool(answer["next"])
    assert answers[0] == answers[1]
    assert answers[0][0] == "200 OK"


def test_a_walk_may_change_its_way_with_each_page(
    caller: Caller, alice: User, keep_text: Any
) -> None:
    kept = {str(keep_text(alice, f"We met {number} times.").pk) for number in range(9)}
    seen: list[str] = []
    query, ways = "page_size=2", [application, django] * 5
    for way in ways:
        page = told(way, caller.environ("GET", PATH, QUERY_STRING=query))[2]
        seen += [each["id"] for each in page["results"]]
        if page["next"] is None:
            break
        assert page["next"].startswith(f"http://localhost:8000{PATH}?")
        query = page["next"].partition("?")[2]
    assert sorted(seen) == sorted(kept)


@pytest.mark.parametrize(
    "query", ["colour=red", "page_size=0", "cursor=x", "state=a&state=b", "title=%00", "q="]
)
def test_a_wrong_question_is_answered_the_long_way(caller: Caller, query: str) -> None:
    environ = caller.environ("GET", PATH, QUERY_STRING=query)
    answers = [told(way, environ) for way in (application, django)]
    assert answers[0] == answers[1]
    assert answers[0][0] == "400 Bad Request"


def test_who_may_see_all_is_shown_all(sam: User, bob: User, keep_text: Any) -> None:
    keep_text(bob, "of Bob")
    sam.user_permissions.add(Permission.objects.get(codename="view_document"))
    answers = [told(way, Caller(sam).environ("GET", PATH)) for way in (application, django)]
    assert answers[0] == answers[1]
    assert answers[0][2]["count"] == 1


def test_behind_tls_addresses_begin_with_https(
    caller: Caller, alice: User, keep_text: Any, settings: Any
) -> None:
    settings.HTTPS = True
    for number in range(2):
        keep_text(alice, f"We met {number} times.")
    more: dict[str, Any] = {"HTTP_X_FORWARDED_PROTO": "https", "QUERY_STRING": "page_size=1"}
    page = told(application, caller.environ("GET", PATH, **more))[2]
    assert page["next"].startswith("https://localhost:8000/")
    environ = caller.environ("POST", PATH, b'{"content": "x"}', HTTP_X_FORWARDED_PROTO="https")
    assert told(application, environ)[1]["Location"].startswith("https://localhost:8000/")


def test_it_is_the_direct_way(caller: Caller) -> None:
    environ = caller.environ("POST", PATH, b'{"content": "x"}')
    taken = direct._answer(environ)
    assert taken is not None
    path = f"{PATH}{json.loads(taken.body)['id']}/"
    assert direct._answer(caller.environ("GET", path)) is not None


def test_others_see_nothing(caller: Caller, bob: User, keep_text: Any) -> None:
    document = keep_text(bob, "of Bob")
    answer = told(application, caller.environ("GET", f"{PATH}{document.pk}/"))
    assert answer[0] == "404 Not Found"


UNUSUAL: dict[str, dict[str, Any]] = {
    "no token": {"HTTP_AUTHORIZATION": ""},
    "another token": {"HTTP_AUTHORIZATION": "Bearer ing_wrong"},
    "another scheme": {"HTTP_AUTHORIZATION": "Basic eDp5"},
    "another host": {"HTTP_HOST": "evil.example.com"},
    "no host": {"HTTP_HOST": ""},
    "wants HTML": {"HTTP_ACCEPT": "text/html"},
    "parameters": {"QUERY_STRING": "colour=red"},
    "wrong digest": {"HTTP_CONTENT_DIGEST": "sha-256=:AAAA:"},
    "gzip": {"HTTP_CONTENT_ENCODING": "gzip"},
    "no JSON": {"CONTENT_TYPE": "text/plain"},
    "another charset": {"CONTENT_TYPE": "application/json; charset=latin-1"},
    "too long": {"CONTENT_LENGTH": "10000001"},
    "cut off": {"CONTENT_LENGTH": "100"},
    "no length": {"CONTENT_LENGTH": "", "wsgi.input": BytesIO()},
    "bad JSON": {"wsgi.input": BytesIO(b'{"content" "We met"}')},
    "bad title": {"wsgi.input": BytesIO(b'{"content":1,"title":2}')},
    "NUL": {"CONTENT_LENGTH": "20", "wsgi.input": BytesIO(b'{"content":"a\\u0000"}')},
}


@pytest.mark.parametrize("more", UNUSUAL.values(), ids=UNUSUAL)
def test_what_is_unusual_is_answered_the_long_way(caller: Caller, more: dict[str, Any]) -> None:
    answers = []
    for way in (application, django):
        if "wsgi.input" in more:
            more["wsgi.input"].seek(0)
        answers.append(told(way, caller.environ("POST", PATH, b'{"content": "We met"}', **more)))
    assert answers[0] == answers[1]
    assert answers[0][0][0] == "4"
    assert not Document.objects.exists()


def test_with_tls_it_demands_what_the_long_way_demands(caller: Caller, settings: Any) -> None:
    settings.HTTPS = True
    assert direct._answer(caller.environ("POST", PATH, b'{"content": "x"}')) is None


def test_a_token_that_ends_ends_at_once(caller: Caller, alice: User) -> None:
    first = told(application, caller.environ("POST", PATH, b'{"content": "x"}'))
    alice.tokens.all().delete()
    path = f"{PATH}{first[2]['id']}/"
    for environ in (
        caller.environ("POST", PATH, b'{"content": "y"}'),
        caller.environ("POST", PATH, b'{"content": "x"}'),
        caller.environ("GET", path),
    ):
        assert direct._answer(environ) is None
        assert told(application, environ)[0] == "401 Unauthorized"
    assert Document.objects.count() == 1


def test_an_expired_token_is_refused(caller: Caller, alice: User) -> None:
    told(application, caller.environ("POST", PATH, b'{"content": "x"}'))
    alice.tokens.update(expires_at=timezone.now())
    answer = told(application, caller.environ("POST", PATH, b'{"content": "y"}'))
    assert answer[0] == "401 Unauthorized"


def test_an_inactive_user_is_kept_out(caller: Caller, alice: User) -> None:
    alice.is_active = False
    alice.save()
    answer = told(application, caller.environ("POST", PATH, b'{"content": "x"}'))
    assert answer[0] == "401 Unauthorized"

"""Staff find, add, change, verify and deactivate users."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from documents.models import Document
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
URL = "/admin/accounts/user/"
NEW = {"email": "Dora@Example.com", "full_name": "Dora", "usable_password": "true"}


@pytest.fixture
def admin(root: User) -> Client:
    return page(root)


def page(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def add(admin: Client, **fields: str) -> Any:
    return admin.post(f"{URL}add/", {**NEW, "password1": PASSWORD, "password2": PASSWORD, **fields})


def change(admin: Client, user: User, **fields: str) -> Any:
    tokens = {"tokens-TOTAL_FORMS": "0", "tokens-INITIAL_FORMS": "0"}
    body = {"email": user.email, "full_name": user.full_name, "is_active": "on", **tokens, **fields}
    return admin.post(f"{URL}{user.pk}/change/", body)


def act(admin: Client, action: str, *users: User) -> Any:
    body = {"action": action, "_selected_action": [user.pk for user in users]}
    return admin.post(URL, body, follow=True)


def test_the_list_shows_everybody(admin: Client, alice: User) -> None:
    assert "alice@example.com" in admin.get(URL).content.decode()


def test_the_list_asks_as_much_for_thirty_as_for_three(admin: Client, alice: User) -> None:
    admin.get(URL)
    with CaptureQueriesContext(connection) as few:
        admin.get(URL)
    User.objects.bulk_create(User(email=f"{n}@example.com", password="!") for n in range(30))
    with CaptureQueriesContext(connection) as many:
        admin.get(URL)
    assert len(few) == len(many)


@pytest.mark.parametrize("words", ["ALICE", "ice@example", "Alice"])
def test_the_search_finds_by_address_and_name(
    admin: Client, alice: User, bob: User, words: str
) -> None:
    shown = admin.get(URL, {"q": words}).content.decode()
    assert "alice@example.com" in shown
    assert "bob@example.com" not in shown


@pytest.mark.parametrize(
    "name", ["is_active__exact", "email_verified__exact", "is_staff__exact", "is_superuser__exact"]
)
def test_the_list_can_be_filtered(admin: Client, name: str) -> None:
    assert admin.get(URL, {name: "1"}).status_code == 200


def test_a_new_user_has_the_address_in_lower_case_and_can_log_in(admin: Client) -> None:
    assert add(admin).status_code == 302
    user = User.objects.get(email="dora@example.com")
    assert user.check_password(PASSWORD)
    assert (user.full_name, user.is_staff) == ("Dora", False)


def test_a_new_user_may_have_no_password(admin: Client) -> None:
    add(admin, usable_password="false", password1="", password2="")
    assert not User.objects.get(email="dora@example.com").has_usable_password()


@pytest.mark.parametrize("email", ["alice@example.com", " ALICE@Example.com "])
def test_an_address_that_is_taken_is_refused_beside_the_field(
    admin: Client, alice: User, email: str
) -> None:
    answer = add(admin, email=email)
    assert answer.status_code == 200
    assert "Somebody has this e-mail address already." in answer.content.decode()


@pytest.mark.parametrize("email", ["", "nobody", "a\x00@example.com", "a" * 250 + "@example.com"])
def test_what_is_no_address_is_refused(admin: Client, email: str) -> None:
    answer = add(admin, email=email)
    assert answer.status_code == 200
    assert "email" in answer.context["adminform"].form.errors


def test_a_weak_password_is_refused(admin: Client) -> None:
    assert add(admin, password1="dora", password2="dora").status_code == 200
    assert not User.objects.filter(email="dora@example.com").exists()


def test_a_changed_address_is_stored_in_lower_case(admin: Client, alice: User) -> None:
    assert change(admin, alice, email="Alice.A@Example.com").status_code == 302
    alice.refresh_from_db()
    assert alice.email == "alice.a@example.com"


def test_a_changed_address_that_is_taken_is_refused(admin: Client, alice: User, bob: User) -> None:
    answer = change(admin, alice, email="BOB@example.com")
    assert answer.status_code == 200
    assert "Somebody has this e-mail address already." in answer.content.decode()


def test_a_change_leaves_the_password(admin: Client, alice: User) -> None:
    change(admin, alice, full_name="Alice Liddell", email_verified="on")
    alice.refresh_from_db()
    assert (alice.full_name, alice.email_verified) == ("Alice Liddell", True)
    assert alice.check_password(PASSWORD)


def test_staff_can_set_another_password(admin: Client, alice: User) -> None:
    body = {"usable_password": "true", "password1": "battery staple 9"}
    admin.post(f"{URL}{alice.pk}/password/", {**body, "password2": "battery staple 9"})
    alice.refresh_from_db()
    assert alice.check_password("battery staple 9")


def test_addresses_can_be_verified(admin: Client, alice: User, bob: User) -> None:
    answer = act(admin, "verify", alice, bob)
    assert "2 user(s) verified." in answer.content.decode()
    assert User.objects.filter(email_verified=True).count() == 2


def test_users_can_be_deactivated_and_activated(admin: Client, alice: User) -> None:
    act(admin, "deactivate", alice)
    assert not User.objects.get(pk=alice.pk).is_active
    act(admin, "activate", alice)
    assert User.objects.get(pk=alice.pk).is_active


def test_nobody_deactivates_themselves(admin: Client, root: User, alice: User) -> None:
    answer = act(admin, "deactivate", root, alice)
    assert "You cannot deactivate yourself." in answer.content.decode()
    assert list(User.objects.filter(is_active=True)) == [root]


def test_a_user_with_documents_cannot_be_deleted(
    admin: Client, alice: User, keep_text: Callable[..., Document]
) -> None:
    keep_text(alice, "We met.")
    answer = admin.post(f"{URL}{alice.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 403
    assert User.objects.filter(pk=alice.pk).exists()


def test_a_user_without_documents_can_be_deleted(admin: Client, alice: User) -> None:
    assert admin.post(f"{URL}{alice.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=alice.pk).exists()


@pytest.mark.parametrize("path", ["", "add/", "{pk}/change/", "{pk}/delete/", "{pk}/password/"])
def test_staff_without_the_permission_see_nothing(sam: User, path: str) -> None:
    assert page(sam).get(URL + path.format(pk=sam.pk)).status_code == 403


def test_who_may_only_look_changes_nothing(sam: User, alice: User) -> None:
    sam.user_permissions.add(Permission.objects.get(codename="view_user"))
    assert page(sam).get(f"{URL}{alice.pk}/change/").status_code == 200
    act(page(sam), "deactivate", alice)
    assert change(page(sam), alice, full_name="Sam was here").status_code == 403
    assert User.objects.get(pk=alice.pk, full_name="Alice").is_active


def test_charlie_is_asked_to_log_in(charlie: User) -> None:
    assert page(charlie).get(URL).headers["Location"].startswith("/admin/login/")

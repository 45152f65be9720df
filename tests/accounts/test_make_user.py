"""However a user is made, the address is stored once and in lower case."""

import getpass

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection

from accounts.models import User

pytestmark = pytest.mark.django_db


def test_the_manager_stores_the_address_in_lower_case() -> None:
    assert User.objects.create_user(" Dora@Example.COM ").email == "dora@example.com"


def test_the_manager_finds_an_address_in_any_case(alice: User) -> None:
    assert User.objects.get_by_natural_key("ALICE@example.com") == alice


def test_a_user_without_an_address_is_refused() -> None:
    with pytest.raises(ValueError, match="needs an e-mail address"):
        User.objects.create_user(" ")


def test_the_database_refuses_an_address_in_upper_case(alice: User) -> None:
    with pytest.raises(IntegrityError, match="users_email_lowercase"):
        User.objects.filter(pk=alice.pk).update(email="Alice@example.com")


def test_the_database_refuses_an_address_twice(alice: User) -> None:
    with pytest.raises(IntegrityError, match="users_email_unique"):
        User.objects.create_user("alice@example.com")


def test_a_row_needs_no_more_than_address_and_password() -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO users (email, password) VALUES ('dora@example.com', '!')")
    user = User.objects.get()
    assert (user.is_active, user.is_staff, user.is_superuser) == (True, False, False)
    assert (user.full_name, user.email_verified) == ("", False)


def test_createsuperuser_needs_no_more_than_an_address() -> None:
    call_command("createsuperuser", "--noinput", "--email=Root@Example.com", verbosity=0)
    user = User.objects.get(email="root@example.com")
    assert user.is_staff
    assert user.is_superuser
    assert not user.has_usable_password()


def test_createsuperuser_takes_the_password_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "correct horse 7")
    call_command("createsuperuser", "--noinput", "--email=root@example.com", verbosity=0)
    assert User.objects.get().check_password("correct horse 7")


@pytest.mark.parametrize("email", ["ALICE@example.com", "no address", ""])
def test_createsuperuser_refuses_an_address_that_is_taken_or_none(alice: User, email: str) -> None:
    with pytest.raises(CommandError):
        call_command("createsuperuser", "--noinput", f"--email={email}", verbosity=0)


def test_changepassword_sets_another_password(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda prompt: "battery staple 9")
    call_command("changepassword", "alice@example.com")
    alice.refresh_from_db()
    assert alice.check_password("battery staple 9")

"""The owner that a command names by e-mail."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError


def owner(email: str) -> Any:
    users = get_user_model()
    try:
        return users.objects.get(email=email.strip().lower(), is_active=True)
    except users.DoesNotExist as error:
        raise CommandError(
            f"There is no active user {email}. Make one with: manage.py createsuperuser, "
            "or in the admin pages.",
            returncode=2,
        ) from error

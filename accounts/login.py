"""A password is checked here, for every door, and not more often than the throttle lets it be.

The failures are counted in PostgreSQL, so that several processes count together.
"""

import math
from datetime import timedelta
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.errors import TooManyFailures, WrongCredentials
from accounts.models import LoginFailure, User

FAILURES = 10
WINDOW = timedelta(minutes=1)


class ThrottledBackend(ModelBackend):
    """Django's own backend behind the throttle. Raises TooManyFailures."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        email = User.objects.normalize_email(username or kwargs.get(User.USERNAME_FIELD))
        if not email or password is None:
            return None
        attempt = _count(email, address=_address(request))
        user = super().authenticate(request, username=email, password=password)
        if not isinstance(user, User):
            return None
        attempt.delete()
        return user


def user_with_password(request: HttpRequest, *, email: str, password: str) -> User:
    """The active user with this password. Raises WrongCredentials or TooManyFailures."""
    user = ThrottledBackend().authenticate(request, username=email, password=password)
    if user is None:
        raise WrongCredentials
    return user


def _address(request: HttpRequest | None) -> str:
    return request.META.get("REMOTE_ADDR", "") if request is not None else ""


def _count(email: str, *, address: str) -> LoginFailure:
    """Count the attempt as a failure first: attempts at the same moment see each other."""
    now = timezone.now()
    email = email[:254]
    LoginFailure.objects.filter(failed_at__lt=now - WINDOW).delete()
    with transaction.atomic():
        _wait_for_the_one_before(f"login {address} {email}")
        recent = LoginFailure.objects.filter(
            email=email, address=address, failed_at__gt=now - WINDOW
        )
        earlier = list(recent.order_by("-failed_at").values_list("failed_at", flat=True)[:FAILURES])
        if len(earlier) >= FAILURES:
            wait = (earlier[-1] + WINDOW - now).total_seconds()
            raise TooManyFailures(wait_seconds=max(1, math.ceil(wait)))
        return LoginFailure.objects.create(email=email, address=address, failed_at=now)


def _wait_for_the_one_before(name: str) -> None:
    """Until its transaction has ended: what is not committed yet would not be counted."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])

"""What only pages need: sessions, people who logged in, messages.

The API knows who asks by the token in the request, and nothing of these.
"""

from typing import Any

from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest

API = "/api/v1/"


class _Pages:
    """Steps aside for the API."""

    get_response: Any

    def __call__(self, request: HttpRequest) -> Any:
        if request.path_info.startswith(API):
            return self.get_response(request)
        return super().__call__(request)  # type: ignore[misc]


class SessionMiddleware(_Pages, sessions.SessionMiddleware):
    pass


class AuthenticationMiddleware(_Pages, auth.AuthenticationMiddleware):
    pass


class MessageMiddleware(_Pages, messages.MessageMiddleware):
    pass

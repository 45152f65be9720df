"""`Authorization: Bearer <token>` (RFC 6750)."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import Token, User, find_token


class BearerAuthentication(BaseAuthentication):
    """The user a token acts for; `request.auth` is the token."""

    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        scheme, _, text = get_authorization_header(request).partition(b" ")
        if not scheme:
            return None
        if scheme.lower() != b"bearer" or not text.strip():
            raise AuthenticationFailed(
                "The Authorization header is not of the form: Bearer <token>.",
                code="malformed_authorization",
            )
        token = find_token(text.strip().decode("latin-1"))
        if token is None:
            raise AuthenticationFailed(
                "The token is unknown, expired or revoked, or its user is not active. "
                "Get a new one at /api/v1/auth/token/.",
                code="invalid_token",
            )
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A token of POST auth/token/."}

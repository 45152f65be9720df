"""HTTP for people and their tokens."""

from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import describe, shapes
from accounts.errors import WrongCredentials, WrongPassword
from accounts.login import user_with_password
from accounts.models import Token, User, new_token


class CurrentToken(APIView):
    def get_permissions(self) -> list[Any]:
        return [AllowAny() if self._is_login() else IsAuthenticated()]

    def get_authenticators(self) -> list[Any]:
        # An expired token must not stop a login.
        return [] if self._is_login() else super().get_authenticators()

    def _is_login(self) -> bool:
        request: Request | None = self.request  # None while the API is described
        return request is not None and request.method == "POST"

    @describe.login
    def post(self, request: Request) -> Response:
        sent = _read(shapes.LoginIn, request)
        user = user_with_password(request, email=sent["email"], password=sent["password"])
        token, text = new_token(user, name=sent["name"], days=settings.TOKEN_DAYS)
        answer = {"id": token.pk, "token": text, "expires_at": token.expires_at}
        return Response(shapes.NewTokenOut(answer).data, status=201)

    @describe.logout
    def delete(self, request: Request) -> Response:
        _token(request).delete()
        return Response(status=204)


class TokenList(APIView):
    @describe.tokens
    def get(self, request: Request) -> Response:
        tokens = Token.objects.filter(user=_user(request)).order_by("-created_at", "-id")
        context = {"current": _token(request).pk}
        return Response(shapes.TokenOut(tokens, many=True, context=context).data)


class TokenDetail(APIView):
    @describe.revocation
    def delete(self, request: Request, pk: int) -> Response:
        get_object_or_404(Token, pk=pk, user=_user(request)).delete()
        return Response(status=204)


class Me(APIView):
    @describe.me
    def get(self, request: Request) -> Response:
        return Response(shapes.MeOut(_user(request)).data)

    @describe.rename
    def patch(self, request: Request) -> Response:
        sent = _read(shapes.MeIn, request)
        user = _user(request)
        user.full_name = sent.get("full_name", user.full_name)
        user.save(update_fields=["full_name"])
        return Response(shapes.MeOut(user).data)


class Password(APIView):
    @describe.password
    def post(self, request: Request) -> Response:
        sent = _read(shapes.PasswordIn, request)
        user = _user(request)
        try:
            user_with_password(request, email=user.email, password=sent["current_password"])
        except WrongCredentials as error:
            raise WrongPassword from error
        _validate(sent["new_password"], user)
        user.set_password(sent["new_password"])
        user.save(update_fields=["password"], kept_token=_token(request))
        return Response(status=204)


def _user(request: Request) -> User:
    user: Any = request.user
    return user  # type: ignore[no-any-return]


def _token(request: Request) -> Token:
    token: Any = request.auth
    return token  # type: ignore[no-any-return]


def _read(shape: type[shapes.Strict], request: Request) -> dict[str, Any]:
    sent = shape(data=request.data)
    sent.is_valid(raise_exception=True)
    read: dict[str, Any] = sent.validated_data
    return read


def _validate(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise serializers.ValidationError(
            {"new_password": error.messages}, code="weak_password"
        ) from error

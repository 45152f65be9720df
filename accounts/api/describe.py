"""The operations as OpenAPI shows them, each with an example."""

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema

from accounts.api import shapes

ME = {
    "id": 1,
    "email": "ada@example.com",
    "full_name": "Ada Lovelace",
    "email_verified": True,
    "is_staff": False,
    "created_at": "2026-01-31T12:00:00Z",
}
DONE = OpenApiResponse(description="Done; there is nothing to say.")

login = extend_schema(
    tags=["Users and tokens"],
    operation_id="auth_token_create",
    summary="Log in: get a token",
    description="Ten failed attempts in a minute for one e-mail and address are answered with 429.",
    request=shapes.LoginIn,
    responses={201: shapes.NewTokenOut},
    auth=[],
    examples=[
        OpenApiExample(
            "Log in",
            {"email": "ada@example.com", "password": "correct horse", "name": "laptop"},
            request_only=True,
        ),
        OpenApiExample(
            "The token, this once",
            {"id": 7, "token": "ing_8Yk…", "expires_at": "2026-05-01T12:00:00Z"},
            response_only=True,
            status_codes=["201"],
        ),
    ],
)
logout = extend_schema(
    tags=["Users and tokens"],
    operation_id="auth_token_destroy",
    summary="End the token in use",
    request=None,
    responses={204: DONE},
)
tokens = extend_schema(
    tags=["Users and tokens"],
    operation_id="auth_tokens_list",
    summary="List your tokens",
    responses=shapes.TokenOut(many=True),
    examples=[
        OpenApiExample(
            "One token",
            {
                "id": 7,
                "name": "laptop",
                "prefix": "ing_8YkQ2wZp",
                "created_at": "2026-01-31T12:00:00Z",
                "expires_at": "2026-05-01T12:00:00Z",
                "last_used_on": "2026-02-01",
                "current": True,
            },
        )
    ],
)
revocation = extend_schema(
    tags=["Users and tokens"],
    operation_id="auth_tokens_destroy",
    summary="Revoke one of your tokens",
    request=None,
    responses={204: DONE},
)
me = extend_schema(
    tags=["Users and tokens"],
    operation_id="users_me_retrieve",
    summary="Who you are",
    responses=shapes.MeOut,
    examples=[OpenApiExample("You", ME)],
)
rename = extend_schema(
    tags=["Users and tokens"],
    operation_id="users_me_update",
    summary="Change your name",
    request=shapes.MeIn,
    responses=shapes.MeOut,
    examples=[
        OpenApiExample("A new name", {"full_name": "Ada Lovelace"}, request_only=True),
        OpenApiExample("You", ME, response_only=True),
    ],
)
password = extend_schema(
    tags=["Users and tokens"],
    operation_id="users_me_password",
    summary="Change your password",
    description="All other tokens end; the one in use stays.",
    request=shapes.PasswordIn,
    responses={204: DONE},
    examples=[
        OpenApiExample(
            "Another password",
            {"current_password": "correct horse", "new_password": "battery staple 9"},
            request_only=True,
        )
    ],
)

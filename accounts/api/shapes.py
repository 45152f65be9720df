"""What goes in and what comes out."""

from typing import Any

from rest_framework import serializers

from accounts.models import Token, User


class Text(serializers.CharField):
    """A text exactly as it was sent: no number is taken for one."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Strict(serializers.Serializer[Any]):
    """Refuses what it does not know, so that nothing sent is dropped without a word."""

    def to_internal_value(self, data: Any) -> Any:
        known = [name for name, field in self.fields.items() if not field.read_only]
        if isinstance(data, dict) and (unknown := sorted(set(data) - set(known))):
            self.refuse_unknown(unknown[0], known=known)
        return super().to_internal_value(data)

    def refuse_unknown(self, name: str, *, known: list[str]) -> None:
        sentence = f"There is no field {name[:100]}. There are: {', '.join(known)}."
        raise serializers.ValidationError({name: [sentence]}, code="unknown_field")


class LoginIn(Strict):
    email = Text(max_length=254)
    password = Text(max_length=1000, trim_whitespace=False)
    name = Text(max_length=100, required=False, default="", allow_blank=True)


class NewTokenOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    token = serializers.CharField(help_text="Shown this once; it is not stored")
    expires_at = serializers.DateTimeField()


class TokenOut(serializers.ModelSerializer[Token]):
    current = serializers.SerializerMethodField(help_text="Whether this request used it")

    class Meta:
        model = Token
        fields = ["id", "name", "prefix", "created_at", "expires_at", "last_used_on", "current"]

    def get_current(self, token: Token) -> bool:
        return bool(token.pk == self.context["current"])


class MeOut(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ["id", "email", "full_name", "email_verified", "is_staff", "created_at"]
        read_only_fields = fields


class MeIn(Strict):
    full_name = Text(max_length=200, allow_blank=True, required=False)


class PasswordIn(Strict):
    current_password = Text(max_length=1000, trim_whitespace=False)
    new_password = Text(max_length=1000, trim_whitespace=False)

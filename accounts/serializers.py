"""Bodies of accounts' requests and answers."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework import serializers

from accounts.logic.emails import InvalidEmail, normalise_email
from accounts.models import Role, User
from plugzero_api.kernel.api.serializers import StrictSerializer

MAX_PASSWORD = 256
MAX_TOKEN = 4096


class EmailAddressField(serializers.CharField):
    """An e-mail address, handed on in its canonical form."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=254, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        try:
            return normalise_email(super().to_internal_value(data))
        except InvalidEmail as error:
            raise serializers.ValidationError(str(error), code="invalid_email") from None


class SingleLineField(serializers.CharField):
    """Text without control characters or links: it appears in mails, headers and logs."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not text.isprintable() or "://" in text:
            raise serializers.ValidationError(
                "Use plain text on one line, without links.", code="not_plain_text"
            )
        return text


class NewPasswordField(serializers.CharField):
    """A password to be set; judged by the installation's validators in ``check_new_password``."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_PASSWORD, trim_whitespace=False, write_only=True, **kwargs)


def check_new_password(password: str, *, user: User, field: str = "password") -> None:
    """Raises ``ValidationError`` at ``field`` for a password that is too short, too common or like the account."""
    try:
        validate_password(password, user)
    except DjangoValidationError as error:
        raise serializers.ValidationError(
            {field: [serializers.ErrorDetail(m, code="weak_password") for m in error.messages]}
        ) from None


class RegisterSerializer(StrictSerializer):
    email = EmailAddressField()
    password = NewPasswordField()
    name = SingleLineField(max_length=120, required=False, default="", allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        check_new_password(attrs["password"], user=User(email=attrs["email"], name=attrs["name"]))
        return attrs


class RegisteredSerializer(serializers.Serializer[Any]):
    email = serializers.CharField()
    verification_required = serializers.BooleanField(
        help_text="Whether the address must be confirmed before the first sign-in."
    )


class LoginSerializer(StrictSerializer):
    email = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=MAX_PASSWORD, trim_whitespace=False, write_only=True)


class UserRefSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.CharField()
    name = serializers.CharField()


class SignedInSerializer(serializers.Serializer[Any]):
    """Either tokens and user, or (when a second factor is owed) the challenge and its methods."""

    access = serializers.CharField(required=False, help_text="For 10 minutes.")
    refresh = serializers.CharField(required=False, help_text="Works once; the answer brings the next.")
    user = UserRefSerializer(required=False)
    challenge = serializers.CharField(required=False, help_text="For auth/login/verify/, for 5 minutes.")
    methods = serializers.ListField(child=serializers.CharField(), required=False)


class RefreshSerializer(StrictSerializer):
    refresh = serializers.CharField(max_length=MAX_TOKEN)


class TokenPairSerializer(serializers.Serializer[Any]):
    access = serializers.CharField()
    refresh = serializers.CharField()


class TwoFactorStateSerializer(serializers.Serializer[Any]):
    totp = serializers.BooleanField()
    passkeys = serializers.IntegerField()
    recovery_codes_left = serializers.IntegerField()


class MeSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.CharField()
    name = serializers.CharField()
    email_verified = serializers.BooleanField()
    is_staff = serializers.BooleanField()
    two_factor = TwoFactorStateSerializer()
    session_id = serializers.UUIDField()
    created_at = serializers.DateTimeField()


class MeUpdateSerializer(StrictSerializer):
    name = SingleLineField(max_length=120, allow_blank=True)


class TeamSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    is_personal = serializers.BooleanField()
    requires_two_factor = serializers.BooleanField()
    role = serializers.ChoiceField(choices=Role.choices)
    created_at = serializers.DateTimeField()


class TeamCreateSerializer(StrictSerializer):
    name = SingleLineField(max_length=120)

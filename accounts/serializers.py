"""Bodies of accounts' requests and answers."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils import timezone
from rest_framework import serializers

from accounts.logic.emails import InvalidEmail, normalise_email
from accounts.models import ActivityLog, Invitation, Role, Session, User
from accounts.services.factors import METHODS
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
    name = SingleLineField(max_length=120, required=False, allow_blank=True)


class TeamSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    is_personal = serializers.BooleanField()
    requires_two_factor = serializers.BooleanField()
    role = serializers.ChoiceField(choices=Role.choices)
    created_at = serializers.DateTimeField()


class TeamCreateSerializer(StrictSerializer):
    name = SingleLineField(max_length=120)


class TeamUpdateSerializer(StrictSerializer):
    name = SingleLineField(max_length=120, required=False)
    requires_two_factor = serializers.BooleanField(required=False)


class ProofSerializer(StrictSerializer):
    """A code, or for passkeys the token of the options and the browser's credential."""

    method = serializers.ChoiceField(choices=[(method, method) for method in METHODS])
    code = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)
    token = serializers.CharField(max_length=MAX_TOKEN, required=False, default="", allow_blank=True)
    credential = serializers.JSONField(required=False, default=None)

    def validate_credential(self, value: Any) -> Any:
        if value is not None and not isinstance(value, dict):
            raise serializers.ValidationError("Send the credential as a JSON object.")
        return value


class LoginVerifySerializer(ProofSerializer):
    challenge = serializers.CharField(max_length=MAX_TOKEN)


class ChallengeSerializer(StrictSerializer):
    challenge = serializers.CharField(max_length=MAX_TOKEN)


class PasskeyOptionsSerializer(serializers.Serializer[Any]):
    options = serializers.DictField(help_text="For navigator.credentials; binary values are base64url.")
    token = serializers.CharField(help_text="Send it back with the browser's answer, within 5 minutes.")


class PasswordResetSerializer(StrictSerializer):
    email = EmailAddressField()


class PasswordResetConfirmSerializer(StrictSerializer):
    token = serializers.CharField(max_length=MAX_TOKEN)
    password = NewPasswordField()


class LinkTokenSerializer(StrictSerializer):
    token = serializers.CharField(max_length=MAX_TOKEN)


class EmailChangeStateSerializer(serializers.Serializer[Any]):
    changed = serializers.BooleanField(help_text="False while the other mailbox has not agreed yet.")


class ReauthenticateSerializer(StrictSerializer):
    password = serializers.CharField(max_length=MAX_PASSWORD, trim_whitespace=False, write_only=True)
    proof = ProofSerializer(required=False, allow_null=True, default=None)


class PasswordChangeSerializer(StrictSerializer):
    current_password = serializers.CharField(max_length=MAX_PASSWORD, trim_whitespace=False, write_only=True)
    password = NewPasswordField()


class EmailChangeSerializer(StrictSerializer):
    email = EmailAddressField()


class SessionSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    user_agent = serializers.CharField()
    ip_address = serializers.CharField()
    two_factor = serializers.SerializerMethodField()
    is_current = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()

    def get_two_factor(self, session: Session) -> bool:
        return session.two_factor_at is not None

    def get_is_current(self, session: Session) -> bool:
        return bool(session.pk == self.context["session_id"])


class EndedSessionsSerializer(serializers.Serializer[Any]):
    ended = serializers.IntegerField()


class TotpSetupSerializer(serializers.Serializer[Any]):
    secret = serializers.CharField(help_text="Base32, for typing in.")
    uri = serializers.CharField(help_text="otpauth:// address, for a QR code.")


class TotpCodeSerializer(StrictSerializer):
    code = serializers.CharField(max_length=20)


class RecoveryCodesSerializer(serializers.Serializer[Any]):
    recovery_codes = serializers.ListField(
        child=serializers.CharField(), help_text="Shown this once; each works once."
    )


class PasskeySerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)


class PasskeyCreateSerializer(StrictSerializer):
    name = SingleLineField(max_length=80)
    token = serializers.CharField(max_length=MAX_TOKEN)
    credential = serializers.DictField()


class PasskeyAddedSerializer(serializers.Serializer[Any]):
    passkey = PasskeySerializer()
    recovery_codes = serializers.ListField(child=serializers.CharField())


class ProjectIdsField(serializers.ListField):
    child = serializers.UUIDField()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=1000, allow_null=True, **kwargs)


class MemberSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    user = UserRefSerializer()
    role = serializers.ChoiceField(choices=Role.choices)
    project_ids = serializers.ListField(child=serializers.UUIDField(), allow_null=True)
    is_suspended = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class MemberUpdateSerializer(StrictSerializer):
    role = serializers.ChoiceField(choices=Role.choices, required=False)
    project_ids = ProjectIdsField(required=False)
    is_suspended = serializers.BooleanField(required=False)


class TransferSerializer(StrictSerializer):
    member_id = serializers.UUIDField()


class InvitationSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.CharField()
    role = serializers.ChoiceField(choices=Role.choices)
    project_ids = serializers.ListField(child=serializers.UUIDField(), allow_null=True)
    invitation_state = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()

    def get_invitation_state(self, invitation: Invitation) -> str:
        if invitation.accepted_at is not None:
            return "accepted"
        if invitation.revoked_at is not None:
            return "revoked"
        return "expired" if invitation.expires_at <= timezone.now() else "open"


class InvitationCreateSerializer(StrictSerializer):
    email = EmailAddressField()
    role = serializers.ChoiceField(choices=Role.choices, default=Role.MEMBER)
    project_ids = ProjectIdsField(required=False, default=None)


class InvitationPreviewSerializer(serializers.Serializer[Any]):
    team_name = serializers.CharField()
    role = serializers.ChoiceField(choices=Role.choices)
    email = serializers.CharField()
    has_account = serializers.BooleanField(help_text="Whether to sign in (or sign up) to accept.")
    expires_at = serializers.DateTimeField()


class InvitationAcceptNewSerializer(StrictSerializer):
    token = serializers.CharField(max_length=MAX_TOKEN)
    name = SingleLineField(max_length=120, required=False, default="", allow_blank=True)
    password = NewPasswordField()


class JoinedSerializer(serializers.Serializer[Any]):
    team_id = serializers.UUIDField()


class ApiKeySerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    prefix = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    created_by = UserRefSerializer()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)


class ApiKeyCreateSerializer(StrictSerializer):
    name = SingleLineField(max_length=80)
    scopes = serializers.ListField(child=serializers.CharField(max_length=100), min_length=1, max_length=200)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class IssuedApiKeySerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    prefix = serializers.CharField()
    key = serializers.CharField(help_text="Shown this once. Send it as `Authorization: Api-Key <key>`.")
    scopes = serializers.ListField(child=serializers.CharField())
    expires_at = serializers.DateTimeField(allow_null=True)


class ActorSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text="user, api_key or system")
    id = serializers.UUIDField(allow_null=True)
    name = serializers.CharField(help_text="Empty for users who are gone.")


class ActivitySerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    action = serializers.CharField()
    actor = ActorSerializer()
    object_type = serializers.CharField()
    object_id = serializers.CharField()
    object_label = serializers.CharField()
    before = serializers.DictField()
    after = serializers.DictField()
    ip_address = serializers.CharField()
    request_id = serializers.CharField()
    created_at = serializers.DateTimeField()

    def to_representation(self, instance: ActivityLog) -> dict[str, Any]:
        names: dict[Any, str] = self.context["names"]
        return {
            "id": str(instance.pk),
            "action": instance.action,
            "actor": {
                "kind": instance.actor_kind,
                "id": str(instance.actor_id) if instance.actor_id else None,
                "name": names.get(instance.actor_id, ""),
            },
            "object_type": instance.object_type,
            "object_id": instance.object_id,
            "object_label": instance.object_label,
            "before": instance.before,
            "after": instance.after,
            "ip_address": instance.ip_address,
            "request_id": instance.request_id,
            "created_at": instance.created_at.isoformat(),
        }


class PlanLimitSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    used = serializers.IntegerField()
    limit = serializers.IntegerField(allow_null=True)


class UsageSerializer(serializers.Serializer[Any]):
    limits = PlanLimitSerializer(many=True)

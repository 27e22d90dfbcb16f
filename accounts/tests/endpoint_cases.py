"""Accounts' routes for the inherited endpoint suite."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pyotp
from django.conf import settings
from django.utils import timezone

from accounts.models import (
    ApiKey,
    EmailLink,
    Invitation,
    LinkPurpose,
    Passkey,
    Role,
    TeamMembership,
    TotpDevice,
    User,
)
from accounts.selectors import hash_secret
from accounts.services import passkeys, tokens
from accounts.services.activity import record_activity
from accounts.services.links import issue_link
from accounts.services.sessions import open_session
from accounts.tests.authenticator import SoftAuthenticator
from accounts.tests.factories import PASSWORD, add_member, create_member, create_team, create_user
from plugzero_api.kernel.ids import uuid7
from plugzero_api.kernel.tenancy import every_team
from plugzero_api.kernel.testing.cases import EndpointCase, Scene

_SITE = urlsplit(settings.PLUGZERO_DASHBOARD_URL)
RP_ID, ORIGIN = _SITE.hostname or "", f"{_SITE.scheme}://{_SITE.netloc}"
NEW_PASSWORD = "a phrase nobody guesses"


def after(make: Callable[[Scene], object]) -> Callable[[Scene], dict[str, Any]]:
    """For routes without arguments: something must be there before the request."""

    def kwargs(scene: Scene) -> dict[str, Any]:
        make(scene)
        return {}

    return kwargs


def a_refresh_token(scene: Scene) -> str:
    return scene.once("refresh", lambda: open_session(user=create_user(), with_second_factor=False).refresh)


def with_totp(user: User, *, confirmed: bool = True) -> str:
    """Give the user an authenticator app; returns its secret."""
    secret = pyotp.random_base32(32)
    TotpDevice.objects.update_or_create(
        user=user, defaults={"secret": secret, "confirmed_at": timezone.now() if confirmed else None}
    )
    return secret


def a_challenge(scene: Scene) -> dict[str, Any]:
    def make() -> dict[str, Any]:
        user = create_user()
        code = pyotp.TOTP(with_totp(user)).now()
        return {"challenge": str(tokens.challenge_token(user_id=user.pk)), "method": "totp", "code": code}

    return scene.once("challenge", make)


def a_link(scene: Scene, purpose: LinkPurpose) -> str:
    def make() -> str:
        user = create_user(email_verified_at=None)
        return issue_link(user=user, purpose=purpose, email=user.email, group_id=uuid7())

    return scene.once(f"link {purpose}", make)


def an_invitation(scene: Scene, email: str | None = None) -> Invitation:
    def make() -> Invitation:
        token = secrets.token_urlsafe(32)
        scene.memory["invitation token"] = token
        inviter = create_member(scene.team, Role.OWNER)
        row: Invitation = Invitation.objects.create(
            email=email or f"{scene.canary}@example.com",
            role=Role.MEMBER,
            token_hash=hash_secret(token, purpose="invitation"),
            invited_by=inviter,
            sent_at=timezone.now(),
            expires_at=timezone.now() + timedelta(days=7),
        )
        return row

    return scene.once("invitation", make)


def invitation_token(scene: Scene, email: str | None = None) -> str:
    an_invitation(scene, email)
    token: str = scene.memory["invitation token"]
    return token


def joinable_token(scene: Scene) -> str:
    """An invitation of the scene's user to a further team."""

    def make() -> str:
        elsewhere = create_team("Elsewhere")
        token = secrets.token_urlsafe(32)
        with every_team("test data"):
            Invitation.objects.create(
                team=elsewhere,
                email=scene.user.email,
                role=Role.MEMBER,
                token_hash=hash_secret(token, purpose="invitation"),
                invited_by=create_member(elsewhere, Role.OWNER),
                sent_at=timezone.now(),
                expires_at=timezone.now() + timedelta(days=7),
            )
        return token

    return scene.once("joinable", make)


def second_owner(scene: Scene) -> dict[str, Any]:
    scene.once("second owner", lambda: create_member(scene.team, Role.OWNER))
    return {}


def in_team(scene: Scene) -> dict[str, Any]:
    second_owner(scene)
    return {"team_pk": scene.team_id}


def a_member(scene: Scene) -> TeamMembership:
    return scene.once("member", lambda: add_member(scene.team, create_user(name=scene.canary), Role.VIEWER))


def an_api_key(scene: Scene) -> ApiKey:
    def make() -> ApiKey:
        key: ApiKey = ApiKey.objects.create(
            name=scene.canary,
            prefix=uuid7().hex[-10:],
            secret_hash="0" * 64,
            scopes=["team.view"],
            created_by=scene.user,
        )
        return key

    return scene.once("api key", make)


def some_activity(scene: Scene) -> dict[str, Any]:
    record_activity(
        actor=scene.user_id,
        team_id=scene.team_id,
        action="thing.done",
        object_type="thing",
        object_id=scene.team_id,
        object_label=scene.canary,
    )
    record_activity(actor=scene.user_id, team_id=None, action="own.thing", object_label=scene.canary)
    return {"team_pk": scene.team_id}


def a_passkey(scene: Scene) -> Passkey:
    return scene.once(
        "passkey",
        lambda: Passkey.objects.create(
            user=scene.user, name=scene.canary, credential_id=uuid7().hex, public_key="AA"
        ),
    )


def new_passkey(scene: Scene) -> dict[str, Any]:
    options, token = passkeys.registration_options(user_id=scene.user_id)
    authenticator = SoftAuthenticator(origin=ORIGIN, rp_id=RP_ID)
    return {
        "name": scene.canary,
        "token": token,
        "credential": authenticator.create(options),
    }


def totp_of_user(scene: Scene, *, confirmed: bool) -> str:
    return scene.once("totp", lambda: with_totp(scene.user, confirmed=confirmed))


def a_challenge_with_passkey(scene: Scene) -> dict[str, Any]:
    user = create_user()
    Passkey.objects.create(user=user, name="key", credential_id=uuid7().hex, public_key="AA")
    return {"challenge": str(tokens.challenge_token(user_id=user.pk))}


def both_links(scene: Scene) -> str:
    user = create_user()
    group = uuid7()
    issue_link(user=user, purpose=LinkPurpose.CHANGE_EMAIL_OLD, email=user.email, group_id=group)
    EmailLink.objects.filter(user=user).update(used_at=timezone.now())
    return issue_link(
        user=user, purpose=LinkPurpose.CHANGE_EMAIL_NEW, email=f"{group.hex}@example.com", group_id=group
    )


def team_query(scene: Scene) -> dict[str, Any]:
    some_activity(scene)
    return {"object_id": str(scene.team_id)}


CASES = {
    "auth-register": EndpointCase(
        body={
            "post": lambda scene: {
                "email": f"{uuid7().hex}@example.com",
                "password": NEW_PASSWORD,
                "name": scene.canary,
            }
        }
    ),
    "auth-login": EndpointCase(
        body={"post": lambda scene: {"email": scene.user.email, "password": PASSWORD}}
    ),
    "auth-login-verify": EndpointCase(body={"post": a_challenge}),
    "auth-login-passkey-options": EndpointCase(body={"post": a_challenge_with_passkey}),
    "auth-refresh": EndpointCase(body={"post": lambda scene: {"refresh": a_refresh_token(scene)}}),
    "auth-logout": EndpointCase(body={"post": lambda scene: {"refresh": a_refresh_token(scene)}}),
    "auth-password-reset": EndpointCase(body={"post": lambda scene: {"email": scene.user.email}}),
    "auth-password-reset-confirm": EndpointCase(
        body={
            "post": lambda scene: {
                "token": a_link(scene, LinkPurpose.RESET_PASSWORD),
                "password": NEW_PASSWORD,
            }
        }
    ),
    "auth-verify-email": EndpointCase(
        body={"post": lambda scene: {"token": a_link(scene, LinkPurpose.VERIFY_EMAIL)}}
    ),
    "auth-email-change-confirm": EndpointCase(body={"post": lambda scene: {"token": both_links(scene)}}),
    "auth-invitation-preview": EndpointCase(body={"post": lambda scene: {"token": invitation_token(scene)}}),
    "auth-invitation-accept": EndpointCase(
        body={
            "post": lambda scene: {
                "token": invitation_token(scene),
                "name": scene.canary,
                "password": NEW_PASSWORD,
            }
        }
    ),
    "me": EndpointCase(kwargs=second_owner, body={"patch": lambda scene: {"name": scene.canary}}),
    "me-reauthenticate": EndpointCase(body={"post": lambda scene: {"password": PASSWORD}}),
    "me-password": EndpointCase(
        body={"post": lambda scene: {"current_password": PASSWORD, "password": NEW_PASSWORD}}
    ),
    "me-email": EndpointCase(body={"post": lambda scene: {"email": f"{uuid7().hex}@example.com"}}),
    "me-verification": EndpointCase(),
    "me-export": EndpointCase(kwargs=after(lambda scene: some_activity(scene))),
    "me-invitation-accept": EndpointCase(
        body={"post": lambda scene: {"token": joinable_token(scene)}},
    ),
    "me-session-list": EndpointCase(),
    "me-session-end-others": EndpointCase(),
    "me-session-detail": EndpointCase(
        kwargs=lambda scene: {"pk": open_session(user=scene.user, with_second_factor=False).session_id}
    ),
    "me-totp": EndpointCase(
        # Setting up needs none, removing needs one: an unconfirmed one serves both.
        kwargs=after(lambda scene: totp_of_user(scene, confirmed=False))
    ),
    "me-totp-confirm": EndpointCase(
        body={"post": lambda scene: {"code": pyotp.TOTP(totp_of_user(scene, confirmed=False)).now()}}
    ),
    "me-recovery-codes": EndpointCase(kwargs=after(lambda scene: totp_of_user(scene, confirmed=True))),
    "me-passkey-list": EndpointCase(body={"post": new_passkey}),
    "me-passkey-options": EndpointCase(),
    "me-passkey-detail": EndpointCase(kwargs=lambda scene: {"pk": a_passkey(scene).pk}),
    "me-activity": EndpointCase(kwargs=after(lambda scene: some_activity(scene))),
    "team-list": EndpointCase(body={"post": lambda scene: {"name": scene.canary}}),
    "team-detail": EndpointCase(kwargs=in_team, body={"patch": lambda scene: {"name": scene.canary}}),
    "team-leave": EndpointCase(kwargs=in_team),
    "team-transfer": EndpointCase(
        kwargs=in_team, body={"post": lambda scene: {"member_id": str(a_member(scene).pk)}}
    ),
    "team-usage": EndpointCase(kwargs=in_team),
    "team-member-list": EndpointCase(kwargs=lambda scene: {"team_pk": a_member(scene).team_id}),
    "team-member-detail": EndpointCase(
        kwargs=lambda scene: {"team_pk": scene.team_id, "pk": a_member(scene).pk},
        body={"patch": lambda scene: {"role": "MEMBER"}},
    ),
    "team-invitation-list": EndpointCase(
        kwargs=lambda scene: {"team_pk": an_invitation(scene).team_id},
        body={"post": lambda scene: {"email": f"{uuid7().hex}@example.com", "role": "VIEWER"}},
    ),
    "team-invitation-detail": EndpointCase(
        kwargs=lambda scene: {"team_pk": scene.team_id, "pk": an_invitation(scene).pk}
    ),
    "team-invitation-resend": EndpointCase(
        kwargs=lambda scene: {"team_pk": scene.team_id, "pk": an_invitation(scene).pk}
    ),
    "team-api-key-list": EndpointCase(
        kwargs=lambda scene: {"team_pk": an_api_key(scene).team_id},
        body={"post": lambda scene: {"name": scene.canary, "scopes": ["team.view"]}},
    ),
    "team-api-key-detail": EndpointCase(
        kwargs=lambda scene: {"team_pk": scene.team_id, "pk": an_api_key(scene).pk}
    ),
    "team-activity": EndpointCase(kwargs=some_activity, query={"get": team_query}),
    "team-activity-export": EndpointCase(kwargs=some_activity, query={"get": team_query}),
}

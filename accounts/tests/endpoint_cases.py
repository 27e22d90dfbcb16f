"""Accounts' routes for the inherited endpoint suite."""

from __future__ import annotations

from accounts.services.sessions import open_session
from accounts.tests.factories import PASSWORD, create_user
from plugzero_api.kernel.ids import uuid7
from plugzero_api.kernel.testing.cases import EndpointCase, Scene


def a_refresh_token(scene: Scene) -> str:
    return scene.once("refresh", lambda: open_session(user=create_user(), with_second_factor=False).refresh)


CASES = {
    "auth-register": EndpointCase(
        body={
            "post": lambda scene: {
                "email": f"{uuid7().hex}@example.com",
                "password": "a phrase nobody guesses",
                "name": scene.canary,
            }
        }
    ),
    "auth-login": EndpointCase(
        body={"post": lambda scene: {"email": scene.user.email, "password": PASSWORD}}
    ),
    "auth-refresh": EndpointCase(body={"post": lambda scene: {"refresh": a_refresh_token(scene)}}),
    "auth-logout": EndpointCase(body={"post": lambda scene: {"refresh": a_refresh_token(scene)}}),
    "me": EndpointCase(body={"patch": lambda scene: {"name": scene.canary}}),
    "team-list": EndpointCase(body={"post": lambda scene: {"name": scene.canary}}),
}

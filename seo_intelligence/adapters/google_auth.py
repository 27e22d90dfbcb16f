"""Access tokens for Google's APIs from an OAuth 2.0 refresh token (RFC 6749, section 6)."""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlencode

from seo_intelligence.adapters.base import Provider

TOKEN_URL = "https://oauth2.googleapis.com/token"
CREDENTIAL_FIELDS = ("client_id", "client_secret", "refresh_token")
_MARGIN = dt.timedelta(seconds=60)


class GoogleTokens:
    """Exchanges the refresh token of a provider's credentials and keeps the access token until it expires."""

    def __init__(self, provider: Provider, token_url: str = TOKEN_URL) -> None:
        self._provider = provider
        self._url = token_url
        self._token = ""
        self._expires: dt.datetime | None = None

    def headers(self) -> dict[str, str]:
        """The Authorization header."""
        now = self._provider.context.now()
        if self._expires is None or now >= self._expires:
            self._refresh(now)
        return {"authorization": f"Bearer {self._token}"}

    def forget(self) -> None:
        """Ask for a new token next time (after a 401)."""
        self._expires = None

    def _refresh(self, now: dt.datetime) -> None:
        provider = self._provider
        form = {name: provider.credential(name) for name in CREDENTIAL_FIELDS}
        response = provider.call(
            "token",
            "POST",
            self._url,
            headers={"content-type": "application/x-www-form-urlencoded"},
            body=urlencode({**form, "grant_type": "refresh_token"}).encode(),
        )
        if response.status in (400, 401):
            reason = provider.json(response).get("error", "")
            raise provider.fail(
                "unauthorised", f"Google refused the refresh token ({reason}). Connect again."
            )
        provider.raise_for_status(response)
        payload = provider.json(response)
        try:
            self._token = str(payload["access_token"])
            self._expires = now + dt.timedelta(seconds=int(payload["expires_in"])) - _MARGIN
        except (KeyError, TypeError, ValueError):
            raise provider.fail("bad_answer", "Google's token answer has no token.") from None

"""What Google's APIs for owners share: logging in, errors, paging."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.errors import AuthError, ConnectorError, SourceGone, Unavailable
from connectors.http import Answer, Client, Traffic
from connectors.oauth import Sessions, signed_jwt
from connectors.types import Json, Source

_LOGIN = "https://oauth2.googleapis.com"
_LOGIN_PATH = "/token"
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_TOKEN_LIFE_S = 3600
_SLOW_DOWN = ("rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded")


@dataclass(slots=True)
class Google:
    """One source's view of an API of Google's.

    Logs in with a service account (secrets `client_email`, `private_key`), or for a person who
    agreed (`client_id`, `client_secret`, and `token`, the refresh token).
    """

    source: Source
    base_url: str
    traffic: Traffic
    sessions: Sessions
    scope: str
    http: Client = field(init=False)

    def __post_init__(self) -> None:
        base = self.source.base_url or self.base_url
        self.http = Client(self.source, base, self.traffic, judge=_judge)

    def get(self, path: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for one object. Raises a kind of ConnectorError."""
        answer = self.sessions.get_json(self.http, self._log_in, path, params)
        return self.http.pick(answer, "", dict)

    def piece(
        self, path: str, params: Mapping[str, Any], token: str, place: Json
    ) -> dict[str, Any]:
        """Ask for a piece of a list, by the page token that the last piece named."""
        return self.get(path, {**params, token: place})

    def find(self, path: str) -> dict[str, Any] | None:
        """Ask for one object that may be gone."""
        try:
            return self.get(path, {})
        except SourceGone:
            return None

    def _log_in(self) -> str:
        secrets = self.source.secrets
        if secrets.get("private_key"):
            form = {"grant_type": _JWT_BEARER, "assertion": self._assertion()}
        else:
            form = {
                "grant_type": "refresh_token",
                "client_id": secrets.get("client_id", ""),
                "client_secret": secrets.get("client_secret", ""),
                "refresh_token": secrets.get("token", ""),
            }
        url = (self.source.base_url or _LOGIN) + _LOGIN_PATH
        return self.http.pick(self.http.post(url, data=form, raw=True), "access_token", str)

    def _assertion(self) -> str:
        now = int(self.traffic.now().timestamp())
        claims = {
            "iss": self.source.secrets.get("client_email", ""),
            "scope": self.scope,
            "aud": _LOGIN + _LOGIN_PATH,
            "iat": now,
            "exp": now + _TOKEN_LIFE_S,
        }
        try:
            assertion = signed_jwt(claims, self.source.secrets["private_key"])
        except ValueError as error:
            raise AuthError(
                "private_key is no key of a service account; copy it from its JSON file",
                source=self.source.name,
            ) from error
        self.http.keep_secret(assertion)
        return assertion


def _judge(answer: Answer) -> ConnectorError | None:
    """Sort errors of the login (a word) and of the APIs (an object with reasons)."""
    body = answer.json_or_none()
    if answer.status < 400 or not isinstance(body, dict):
        return None
    error = body.get("error")
    if error in ("invalid_grant", "invalid_client", "unauthorized_client"):
        return AuthError(
            f"Google refuses the login ({error}): the token was taken back or has run out; make a "
            "new one"
        )
    if answer.status == 403 and isinstance(error, dict):
        reasons = [one.get("reason") for one in error.get("errors") or () if isinstance(one, dict)]
        if any(reason in _SLOW_DOWN for reason in reasons):
            return Unavailable("Google's quota for this project is used up for now")
    return None

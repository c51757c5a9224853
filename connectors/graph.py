"""The Graph API of Meta, which Facebook and Instagram share: paging, errors, usage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.errors import AuthError, ConnectorError, SourceGone, Unavailable
from connectors.http import Answer, Client, Traffic
from connectors.paging import Listing
from connectors.types import Json, Source

VERSION = "v25.0"
"""Versions live about two years; option `version` moves on without a new release."""

_TOKEN = (102, 190, 467)
_SLOW_DOWN = (1, 2, 4, 17, 32, 341, 613, 80001, 80002)
_BLOCKED = 368
_OBJECT_GONE = (100, 33)


class Graph:
    """One source's view of the Graph API."""

    def __init__(self, source: Source, base_url: str, traffic: Traffic) -> None:
        self.version = source.options.get("version", VERSION)
        # in a header: an address ends up in logs, and `paging.next` repeats it
        headers = {"Authorization": f"Bearer {source.secrets.get('token', '')}"}
        self.http = Client(
            source, source.base_url or base_url, traffic, headers=headers, judge=judge
        )

    def get(self, path: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for one object."""
        return self.http.pick(self.http.get_json(f"/{self.version}/{path}", params), "", dict)

    def find(self, path: str, params: Mapping[str, Any]) -> dict[str, Any] | None:
        """Ask for one object that may be gone."""
        try:
            return self.get(path, params)
        except SourceGone:
            return None

    def edge(self, path: str, params: Mapping[str, Any], place: Json) -> Listing:
        """Ask for a piece of a list. `paging.next` holds the token: only its cursor is used."""
        answer = self.get(path, {**params, "after": place})
        items = self.http.pick(answer, "data", list)
        paging = answer.get("paging") or {}
        after = (paging.get("cursors") or {}).get("after")
        # pages may be short or empty although more exist: only a missing `next` is the end
        return Listing(items, after if paging.get("next") else None)


def judge(answer: Answer) -> ConnectorError | None:
    """Sort Meta's errors by their code: the status is 400 for nearly all of them."""
    if answer.status < 400:
        return None
    body = answer.json_or_none()
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return None
    code, sub = error.get("code"), error.get("error_subcode")
    if code in _TOKEN:
        return AuthError(
            f"the token is not valid any more ({code}/{sub}): make a new one and set it"
        )
    if code in _SLOW_DOWN:
        return Unavailable(f"Meta asks us to slow down or is down itself ({code})")
    if (code, sub) == _OBJECT_GONE:
        return SourceGone("there is no such object, or the token may not see it; check target")
    if isinstance(code, int) and (code == 10 or 200 <= code <= 299 or code == _BLOCKED):
        return AuthError(f"the token lacks a permission ({code}); see the limits of this platform")
    return None

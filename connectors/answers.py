"""Answers of servers, and what happens next after a bad one. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from connectors.errors import AuthError, BadResponse, ConnectorError, SourceGone, Unavailable
from connectors.hints import find_wait
from connectors.types import Budget, Json

EXCERPT = 300
"""Characters of a body that an error shows."""
TRY_AGAIN = (408, 425, 429, 500, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said. `content` is unpacked and free of our secrets."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    url: str

    def json(self) -> Json:
        """Return the body as JSON. Raises ValueError where it is none."""
        return json.loads(self.content)

    def json_or_none(self) -> Json:
        """Return the body as JSON, or None where it is none."""
        try:
            return self.json()
        except (ValueError, RecursionError):
            return None

    def excerpt(self) -> str:
        """Return the first 300 characters for a person to look at."""
        return self.content[: 4 * EXCERPT].decode("utf-8", "replace")[:EXCERPT]


def error_of(
    answer: Answer, budget: Budget | None, now: datetime, *, source: str, secret: str
) -> ConnectorError | None:
    """Sort an answer by its status; None for a good one.

    `budget` is what is known of the limit, `secret` the name of the variable that a person sets.
    """
    status, path = answer.status, urlsplit(answer.url).path
    if status < 300:
        return None
    retry_after = find_wait(answer.headers, answer.json_or_none(), now)
    is_limit = status == 403 and (
        "retry-after" in answer.headers
        or (budget is not None and budget.remaining <= 0 and bool(retry_after))
    )
    if status in TRY_AGAIN or status >= 500 or is_limit:
        return Unavailable(f"{status} from {path}", source=source, retry_after=retry_after)
    if status == 401:
        return AuthError(f"401 from {path}: token missing or expired; set {secret}", source=source)
    if status == 403:
        return AuthError(
            f"403 from {path}: not allowed; check the rights of {secret}", source=source
        )
    if status in (404, 410):
        return SourceGone(
            f"{status} from {path}: there is no such place; check target and base_url",
            source=source,
        )
    return BadResponse(
        f"{status} from {path}; the API may have changed", source=source, excerpt=answer.excerpt()
    )

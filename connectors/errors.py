"""The errors of fetching, sorted by what happens next."""

from __future__ import annotations


class ConnectorError(Exception):
    """Something between us and a platform went wrong; `source` names the watched place.

    The message names subject, fact and remedy. The cause is chained, never swallowed.
    """

    def __init__(self, message: str, *, source: str = "") -> None:
        super().__init__(f"{source}: {message}" if source else message)
        self.source = source


class Unavailable(ConnectorError):
    """Does not answer now: tried again with backoff, then at the next turn.

    `retry_after` is the platform's own wish in seconds, or None.
    """

    def __init__(self, message: str, *, source: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, source=source)
        self.retry_after = retry_after


class AuthError(ConnectorError):
    """Token missing, expired or not allowed: the source stops and a person is told once."""


class SourceGone(ConnectorError):
    """The watched place does not exist any more: the source stops and a person is told once."""


class BadResponse(ConnectorError):
    """An answer that we cannot read: the API changed or we misread it. `excerpt` shows it."""

    def __init__(self, message: str, *, source: str = "", excerpt: str = "") -> None:
        super().__init__(message, source=source)
        self.excerpt = excerpt

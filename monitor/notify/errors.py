"""Why a message did not arrive, sorted by what happens next."""

from __future__ import annotations

from monitor.errors import NotifyError

ASK_HOURLY_S = 3600.0


class TryAgain(NotifyError):
    """The receiver does not take it now; `retry_after` is its own wish in seconds, or None."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Closed(TryAgain):
    """The receiver takes nothing until a person acts: a wrong token, an archived channel."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retry_after=ASK_HOURLY_S)


class Refused(NotifyError):
    """The receiver will never take this message; others may still pass."""

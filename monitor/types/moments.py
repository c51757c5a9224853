"""Moments as whole milliseconds since 1970: one way to cut them off, for store and ledger alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def to_ms(moment: datetime) -> int:
    """Return the whole milliseconds since 1970 (UTC) of an aware moment.

    Cut off, never rounded up: what was written before midnight stays before midnight.
    """
    return (moment - EPOCH) // MILLISECOND

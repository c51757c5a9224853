"""Story of platforms' terms: what may be kept how long, and what may be derived from it.

A platform's facts say what its terms ask for; a source's own `keep` and `derive` in the config
win, as only its operator knows what was agreed with the platform.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.store.retention import Retention
from monitor.store.store import Store


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for one source. `keep` is None where its posts may be kept as all others."""

    source: str
    keep: timedelta | None
    derive: bool


def let_go(store: Store, terms: Iterable[Terms], now: datetime) -> int:
    """Empty posts that their platform did not show again in time. Returns how many."""
    retention = Retention(store.db, str)
    return sum(
        retention.not_shown_since(term.source, now - term.keep, now)
        for term in terms
        if term.keep is not None
    )

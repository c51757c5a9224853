"""Answer times and the echo of satisfied and dissatisfied people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from math import ceil
from zoneinfo import ZoneInfo

SATISFIED_TELL, DISSATISFIED_TELL = 3, 10
"""How many others one person tells: a picture for people, no constant of any model."""


def quantile(values: Sequence[float], share: float) -> float | None:
    """Return the value that `share` (0..1) of the values do not exceed; None without values.

    The nearest rank, so that it is always a time that somebody really waited; the median of an
    even number is the mean of the middle two.
    """
    if not values:
        return None
    ranked = sorted(values)
    if share == 0.5 and len(ranked) % 2 == 0:
        middle = len(ranked) // 2
        return (ranked[middle - 1] + ranked[middle]) / 2
    return ranked[max(1, ceil(share * len(ranked))) - 1]


def echo_balance(satisfied: int, dissatisfied: int) -> int:
    """Return 3 x satisfied - 10 x dissatisfied authors."""
    return SATISFIED_TELL * satisfied - DISSATISFIED_TELL * dissatisfied


def working_seconds(
    start: datetime,
    end: datetime,
    timezone: str,
    *,
    opens: time = time(9),
    closes: time = time(17),
    weekdays: frozenset[int] = frozenset(range(5)),
) -> float:
    """Return the seconds of [start, end) that lie in business hours; weekdays count from Monday 0.

    A question of Friday evening that is answered on Monday at 9:10 waited ten minutes.
    """
    zone = ZoneInfo(timezone)
    day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    total = 0.0
    while day <= last:
        if day.weekday() in weekdays:
            since = max(start, datetime.combine(day, opens, zone))
            until = min(end, datetime.combine(day, closes, zone))
            total += max(0.0, until.timestamp() - since.timestamp())
        day += timedelta(days=1)
    return total

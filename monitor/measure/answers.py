"""Answer times and the echo of satisfied and dissatisfied people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """When somebody is there to answer: local clock times, weekdays counted from Monday 0."""

    opens: time
    closes: time
    timezone: str
    weekdays: frozenset[int] = frozenset(range(5))


def parse_hours(text: str, timezone: str) -> BusinessHours:
    """Read `09:00-17:00`, Monday to Friday."""
    opens, closes = (time.fromisoformat(part) for part in text.split("-"))
    return BusinessHours(opens, closes, timezone)


def wait_s(asked: datetime, answered: datetime, hours: BusinessHours | None) -> float:
    """Return the seconds of [asked, answered) that lie in business hours, or all of them.

    A question of Friday evening that is answered on Monday at 9:10 waited ten minutes.
    """
    if hours is None:
        return max(0.0, (answered - asked).total_seconds())
    zone = ZoneInfo(hours.timezone)
    day, last = asked.astimezone(zone).date(), answered.astimezone(zone).date()
    total = 0.0
    while day <= last:
        if day.weekday() in hours.weekdays:
            since = max(asked, datetime.combine(day, hours.opens, zone))
            until = min(answered, datetime.combine(day, hours.closes, zone))
            total += max(0.0, until.timestamp() - since.timestamp())
        day += timedelta(days=1)
    return total

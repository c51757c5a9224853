"""When people write: hours and weekdays in local time, and how long an answer takes."""

from __future__ import annotations

import random
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")

HOURS = (2, 1, 1, 1, 1, 3, 9, 18, 22, 24, 25, 27, 32, 29, 25, 24, 27, 31, 37, 44, 50, 46, 29, 11)
"""Weight of each local hour: asleep at night, a bump at lunch, the peak after supper."""

WEEKDAYS = (1.12, 1.08, 1.05, 1.0, 0.92, 0.82, 0.98)
"""Weight of each day, Monday first."""

_BUSIEST = max(HOURS)
_DESK_OPENS, _DESK_SHUTS = time(8, 30), time(17, 15)


def liveliness(at: datetime) -> float:
    """Return how awake the community is at `at`, 0..1 relative to its busiest hour."""
    local = at.astimezone(BERLIN)
    here, coming = HOURS[local.hour], HOURS[(local.hour + 1) % 24]
    return (here + (coming - here) * local.minute / 60) / _BUSIEST


def sometime(rng: random.Random, start: datetime, end: datetime) -> datetime:
    """Return a moment in [start, end) as the rhythm of the day has it."""
    while True:
        at = start + (end - start) * rng.random()
        if rng.random() < liveliness(at):
            return at.replace(microsecond=0)


def later(rng: random.Random, after: datetime, median: timedelta) -> datetime:
    """Return when somebody reacts: log-normal delay about `median`, put off while people sleep."""
    at = after
    for _ in range(40):
        delay_s = 45 + median.total_seconds() * rng.lognormvariate(0.0, 1.1)
        at = after + timedelta(seconds=delay_s)
        if rng.random() < liveliness(at) + 0.1:
            break
    return at.replace(microsecond=0)


def at_the_desk(rng: random.Random, after: datetime, median: timedelta) -> datetime:
    """Return when the company reacts: the same, but in office hours only, else next morning."""
    local = later(rng, after, median).astimezone(BERLIN)
    while local.weekday() > 4 or not _DESK_OPENS <= local.time() <= _DESK_SHUTS:
        day = local.date() + timedelta(days=local.time() > _DESK_SHUTS or local.weekday() > 4)
        opening = datetime.combine(day, _DESK_OPENS, BERLIN)
        local = opening + timedelta(seconds=rng.randint(60, 7200))
    return local.astimezone(UTC)

"""When people write: hours, weekdays, delays; and how unevenly chance counts them."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

ZONES = {"de": ZoneInfo("Europe/Berlin"), "en": ZoneInfo("Europe/London")}

_HOURS = (
    12,
    7,
    4,
    3,
    4,
    9,
    25,
    48,
    62,
    66,
    68,
    71,
    82,
    78,
    69,
    66,
    70,
    79,
    90,
    100,
    99,
    86,
    57,
    28,
)
_WEEKDAYS = (1.1, 1.08, 1.04, 1.0, 0.95, 0.86, 0.97)


def awake(at: datetime, lang: str) -> float:
    """Return how busy the local hour is, 0..1."""
    local = at.astimezone(ZONES[lang])
    here, coming = _HOURS[local.hour], _HOURS[(local.hour + 1) % 24]
    return (here + (coming - here) * local.minute / 60) / 100


def season(at: datetime, lang: str) -> float:
    """Return the share of a usual day's posts that falls into the hour at `at`."""
    weekday = at.astimezone(ZONES[lang]).weekday()
    return awake(at, lang) * 100 / sum(_HOURS) * _WEEKDAYS[weekday]


def poisson(rng: random.Random, mean: float) -> int:
    """Return a Poisson count; by its normal limit where `mean` is large."""
    if mean > 50:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    count, product, floor = 0, rng.random(), math.exp(-mean)
    while product > floor:
        count += 1
        product *= rng.random()
    return count


def uneven(rng: random.Random, mean: float, shape: float = 4.0) -> int:
    """Return a count with more spread than Poisson (negative binomial of size `shape`)."""
    return poisson(rng, rng.gammavariate(shape, mean / shape))


def put_off(rng: random.Random, after: datetime, median_h: float, lang: str) -> datetime:
    """Return when somebody reacts: a log-normal delay, longer while people sleep."""
    at = after
    for _ in range(25):
        at = after + timedelta(hours=median_h * rng.lognormvariate(0, 1.15), seconds=20)
        if rng.random() < awake(at, lang) + 0.1:
            break
    return at


def hours(begin: datetime, end: datetime) -> Iterator[datetime]:
    """Yield each full hour of [begin, end)."""
    at = begin
    while at < end:
        yield at
        at += timedelta(hours=1)


def midnight(year: int, month: int, day: int, lang: str) -> datetime:
    """Return the local start of a day, in UTC."""
    return datetime(year, month, day, tzinfo=ZONES[lang]).astimezone(UTC)

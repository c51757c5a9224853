"""The shape of a burst: it grows, stands, and dies away; people sleep through some of it."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from benchmarks.weather.rhythm import awake, uneven
from benchmarks.weather.town import Town

_STEP = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Surge:
    """A burst from `onset`: to `peak_per_h` within `ramp_h`, held `hold_h`, then halving."""

    onset: datetime
    ramp_h: float
    hold_h: float
    half_life_h: float
    peak_per_h: float
    bend: float = 2.0

    def per_hour(self, at: datetime) -> float:
        """Return posts an hour at `at`, were everybody awake."""
        age_h = (at - self.onset) / timedelta(hours=1)
        if age_h < 0:
            return 0.0
        if age_h < self.ramp_h:
            return self.peak_per_h * max(0.03, math.pow(age_h / self.ramp_h, self.bend))
        past_h = max(0.0, age_h - self.ramp_h - self.hold_h)
        return self.peak_per_h * math.pow(0.5, past_h / self.half_life_h)

    def stage(self, at: datetime) -> float:
        """Return how far the rise has come: 0 at the onset, 1 at the peak, more after it."""
        return (at - self.onset) / timedelta(hours=self.ramp_h)

    def moments(self, town: Town) -> Iterator[datetime]:
        """Yield when somebody writes, in order, until little is left or the week ends."""
        at = self.onset
        while at < town.end and (self.stage(at) < 1 or self.per_hour(at) > self.peak_per_h * 0.04):
            night = 0.3 + 0.7 * awake(at, town.lang)
            mean = self.per_hour(at) * night * (_STEP / timedelta(hours=1))
            count = uneven(town.rng, mean, 3.0)
            yield from sorted(at + _STEP * town.rng.random() for _ in range(count))
            at += _STEP


def busy_hour(town: Town) -> float:
    """Return how many posts a usual busy hour has."""
    return town.size.posts_per_day / 24 * 1.7


def pick_onset(town: Town, rng: random.Random) -> datetime:
    """Return a waking moment on the second to fifth day of the week."""
    while True:
        at = town.start + timedelta(hours=24 * rng.uniform(1, 5))
        if rng.random() < awake(at, town.lang):
            return at.replace(microsecond=0)


def storm_sized(town: Town, rng: random.Random, ramp_h: float, onset: datetime) -> Surge:
    """Return a surge as large as storms are: 5 to 14 busy hours in one, at least 9 an hour."""
    peak = max(rng.uniform(9, 20), busy_hour(town) * rng.uniform(5, 14))
    return Surge(
        onset, ramp_h, rng.uniform(0.5, 3), rng.uniform(4, 11), peak, rng.uniform(1.3, 2.6)
    )

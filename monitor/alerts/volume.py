"""How rare is this many posts? One detector for every series: live sources, replay, backtest.

Three steps, each over all series at once (arrays of one entry a series):

1. *Expect.* `SeasonalLevel` keeps a running level and the shape of the day, workdays and
   weekends apart, in local time. What it learns from a burst is capped, so that a storm does not
   become the new normal.
2. *Compare.* The excess over the expectation, in units of the square root of the expectation,
   over one step and over six hours: a flash and a slow rise look different at either alone.
3. *Judge.* `DailyPeaks` remembers the highest excess of each past day. Peaks of social media
   are heavy-tailed, so their logarithms are compared: the rarity is how many standard deviations
   the excess lies above the usual daily peak. 2.0 is about one ordinary day in six weeks.

Step 3 is what keeps the peace: a series whose days often peak at fifty times the usual (a share
price) and one that never does are each measured by their own peaks. Block maxima follow the
extreme-value view (Coles 2001, An Introduction to Statistical Modeling of Extreme Values, ch. 3);
the shrinkage of the spread to a prior and all numbers are ours, chosen on the labelled series
that `benchmarks/alerts.py` names.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HOURS = 24
DAY_TYPES = 2  # workday, weekend
LOWEST_RATE = 0.02  # posts a step; below this an expectation is noise
SMOOTHING = (0.25, 0.5, 0.25)
REFRESH_HOURS = 3
"""How often the shape of the day is drawn anew; it changes over weeks."""


@dataclass(frozen=True, slots=True)
class VolumeSettings:
    """What the detector assumes. Half-lives say how long the past counts.

    `prior_spread` is the standard deviation that the logarithm of daily peaks is expected to
    have before a series has shown its own; it weighs as much as `prior_days` days.
    `threshold` is in standard deviations; an alarm rests for `rest` unless outdone.
    """

    step: timedelta = timedelta(hours=1)
    window: timedelta = timedelta(hours=6)
    level_half_life: timedelta = timedelta(days=3)
    shape_half_life: timedelta = timedelta(days=14)
    peaks_half_life: timedelta = timedelta(days=28)
    prior_spread: float = 0.8
    prior_days: float = 20.0
    threshold: float = 2.0
    rest: timedelta = timedelta(hours=24)

    @property
    def steps_per_day(self) -> int:
        """Steps in 24 hours, at least 1."""
        return max(1, round(timedelta(days=1) / self.step))

    @property
    def window_steps(self) -> int:
        """Steps in the long window, at least 1."""
        return max(1, round(self.window / self.step))


class SeasonalLevel:
    """What each series usually brings at this hour. Unknown steps (NaN) teach it nothing."""

    def __init__(self, series: int, settings: VolumeSettings) -> None:
        per_day = timedelta(days=1) / settings.step
        self._gain = 1 - 0.5 ** (settings.step / settings.level_half_life)
        self._fade = 0.5 ** (1 / (settings.shape_half_life.days * HOURS))
        self._step_hours = HOURS / per_day
        self._level = np.full(series, np.nan)
        self._spread = np.ones(series)  # overdispersion of the negative binomial
        self._seen = np.zeros(series)
        self._sum = np.zeros((series, DAY_TYPES, HOURS))
        self._weight = np.zeros((series, DAY_TYPES, HOURS))
        self._shape = np.ones((series, DAY_TYPES, HOURS))
        self._since_refresh = 0.0

    def expect(self, local: datetime) -> Floats:
        """Return expected posts of the step that begins at `local`; NaN before any was seen."""
        shape = self._shape[:, _day_type(local), local.hour]
        return np.maximum(self._level * shape, LOWEST_RATE)

    def learn(self, counts: Floats, expected: Floats, local: datetime) -> None:
        """Take in one step's counts (NaN: unknown), capped at three deviations above."""
        known = ~np.isnan(counts)
        fresh = known & np.isnan(self._level)
        self._level[fresh] = np.maximum(counts[fresh], 0.1)
        expected = np.where(fresh, self._level, expected)
        spread = np.sqrt(expected + self._spread * expected**2)
        capped = np.minimum(np.where(known, counts, 0.0), expected + 3 * spread)
        self._learn_shape(capped, known, local)
        gain = np.where(known, np.maximum(self._gain, 1 / (self._seen + 20)), 0.0)
        shape = self._shape[:, _day_type(local), local.hour]
        level = np.where(np.isnan(self._level), 0.0, self._level)
        moved = np.maximum(level + gain * (capped / shape - level), LOWEST_RATE)
        self._level = np.where(np.isnan(self._level), np.nan, moved)
        safe = np.where(known, expected, 1.0)
        excess = ((capped - safe) ** 2 - safe) / safe**2
        self._spread = np.clip(self._spread + gain * (excess - self._spread), 0.01, 5.0)
        self._seen += known

    @property
    def spread(self) -> Floats:
        """Overdispersion of each series: variance is mean + spread * mean^2."""
        return self._spread

    def _learn_shape(self, capped: Floats, known: NDArray[np.bool_], local: datetime) -> None:
        day_type, hour = _day_type(local), local.hour
        level = np.maximum(np.where(known, self._level, 1.0), LOWEST_RATE)
        self._sum[:, day_type, hour] += np.where(known, capped / level, 0.0) * self._step_hours
        self._weight[:, day_type, hour] += known * self._step_hours
        self._since_refresh += self._step_hours
        if self._since_refresh >= REFRESH_HOURS:
            fade = self._fade**self._since_refresh
            self._sum *= fade
            self._weight *= fade
            self._since_refresh = 0.0
            self._refresh_shape()

    def _refresh_shape(self) -> None:
        """Hours borrow from their neighbours, then from the other day type, then from flat."""
        total, weight = _smooth(self._sum), _smooth(self._weight)
        both = (total.sum(axis=1) + 6.0) / (weight.sum(axis=1) + 6.0)
        self._shape = (total + 12.0 * both[:, None, :]) / (weight + 12.0)


class DailyPeaks:
    """The highest excess of each past day: a running mean and spread of their logarithms."""

    def __init__(self, series: int, settings: VolumeSettings) -> None:
        self._settings = settings
        self._keep = 0.5 ** (timedelta(days=1) / settings.peaks_half_life)
        self._days = np.zeros(series)
        self._mean = np.zeros(series)
        self._square = np.zeros(series)
        self._running = np.ones(series)
        self._known = np.zeros(series)
        self._steps = 0

    def rarity(self, excess: Floats) -> Floats:
        """Return standard deviations above the usual daily peak; 0 where not yet known."""
        weight = np.maximum(self._days, 1e-9)
        mean = self._mean / weight
        variance = np.maximum(self._square / weight - mean**2, 0.0)
        prior = self._settings.prior_days
        spread = np.sqrt(
            (self._days * variance + prior * self._settings.prior_spread**2) / (self._days + prior)
        )
        above = (np.log(np.maximum(excess, 1e-9)) - mean) / spread
        return np.where((self._days > 0) & (excess > 0), np.maximum(above, 0.0), 0.0)

    def learn(self, excess: Floats, known: NDArray[np.bool_]) -> None:
        """Take in one step; a day of which less than half was known is no day."""
        self._running = np.maximum(self._running, np.where(known, excess, 0.0))
        self._known += known
        self._steps += 1
        if self._steps < self._settings.steps_per_day:
            return
        whole = self._known >= self._steps / 2
        peak = np.log(self._running)
        keep = np.where(whole, self._keep, 1.0)
        self._days = self._days * keep + whole
        self._mean = self._mean * keep + whole * peak
        self._square = self._square * keep + whole * peak**2
        self._running = np.ones_like(self._running)
        self._known = np.zeros_like(self._known)
        self._steps = 0


@dataclass(frozen=True, slots=True)
class VolumeReading:
    """One look at all series: posts of the newest step, what was expected, and how rare it is."""

    counts: Floats
    expected: Floats
    rarity: Floats
    window_counts: Floats
    window_expected: Floats


class VolumeDetector:
    """Watches `series` series in step. A reading uses what came before it and nothing else."""

    def __init__(self, series: int, settings: VolumeSettings | None = None) -> None:
        self.settings = settings or VolumeSettings()
        self.series = series
        self._level = SeasonalLevel(series, self.settings)
        self._short_peaks = DailyPeaks(series, self.settings)
        self._long_peaks = DailyPeaks(series, self.settings)
        self._counts = np.full((self.settings.window_steps, series), np.nan)
        self._expected = np.full((self.settings.window_steps, series), np.nan)
        self._at = 0
        self.known_steps = np.zeros(series)

    def read(self, counts: Floats, local: datetime) -> VolumeReading:
        """Judge the step that began at `local` and learn from it. NaN counts are unknown."""
        counts = np.where(counts >= 0, counts, np.nan)  # a counter that fell says nothing
        expected = self._level.expect(local)
        row = self._at % self.settings.window_steps
        self._counts[row], self._expected[row] = counts, expected
        self._at += 1
        both = ~np.isnan(self._counts) & ~np.isnan(self._expected)
        window_counts = np.where(both, self._counts, 0.0).sum(axis=0)
        window_expected = np.where(both, self._expected, 0.0).sum(axis=0)
        known = both[row]
        short = np.where(known, excess_of(counts, expected), 0.0)
        long = np.where(known, excess_of(window_counts, window_expected), 0.0)
        rarity = np.maximum(self._short_peaks.rarity(short), self._long_peaks.rarity(long))
        self._short_peaks.learn(short, known)
        self._long_peaks.learn(long, known)
        self._level.learn(counts, expected, local)
        self.known_steps += ~np.isnan(counts)
        return VolumeReading(counts, expected, rarity, window_counts, window_expected)

    def peek(
        self, counts: Floats, window_counts: Floats, local: datetime, part: float
    ) -> VolumeReading:
        """Judge a moment between two steps without learning from it.

        `counts` are the posts of the last full step's length up to now, `window_counts` those
        of the last window's length; `part` (0..1) is how much of the step that began at `local`
        has passed.
        """
        current = self._level.expect(local)
        last = self._row(-1)
        oldest = self._row(-self.settings.window_steps)
        expected = part * current + (1 - part) * np.where(np.isnan(last), current, last)
        inside = np.where(np.isnan(self._expected), current, self._expected).sum(axis=0)
        gone = np.where(np.isnan(oldest), current, oldest)
        window_expected = inside + part * (current - gone)
        short = excess_of(counts, expected)
        long = excess_of(window_counts, window_expected)
        rarity = np.maximum(self._short_peaks.rarity(short), self._long_peaks.rarity(long))
        return VolumeReading(counts, expected, rarity, window_counts, window_expected)

    def expect(self, local: datetime) -> Floats:
        """Return expected posts of the step that begins at `local`; NaN where nothing is known."""
        return self._level.expect(local)

    @property
    def spread(self) -> Floats:
        """Overdispersion of each series, as learnt so far."""
        return self._level.spread

    def _row(self, back: int) -> Floats:
        row: Floats = self._expected[(self._at + back) % self.settings.window_steps]
        return row


def excess_of(counts: Floats, expected: Floats) -> Floats:
    """Return the excess over the expectation in Poisson deviations; 0 where unknown."""
    excess: Floats = (counts - expected) / np.sqrt(expected + 1.0)
    return np.nan_to_num(excess, nan=0.0, posinf=0.0, neginf=0.0)


def _day_type(local: datetime) -> int:
    return int(local.weekday() >= 5)


def _smooth(hours: Floats) -> Floats:
    before, own, after = SMOOTHING
    return own * hours + before * np.roll(hours, 1, axis=-1) + after * np.roll(hours, -1, axis=-1)


def return_period_days(rarity: float) -> float:
    """Return in how many ordinary days a daily peak this rare comes once."""
    return 1 / max(0.5 * math.erfc(rarity / math.sqrt(2)), 1e-12)

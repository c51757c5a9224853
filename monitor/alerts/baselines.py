"""What is usual here: posts and criticism by the hour, the negative share by the day.

Fed hour by hour, by replay and by a live tick alike; asked at any moment between two hours.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta, tzinfo

import numpy as np
from numpy.typing import NDArray

from monitor.alerts.buildup import Buildup
from monitor.alerts.volume import Floats, VolumeDetector, VolumeReading, VolumeSettings

HOUR = timedelta(hours=1)
SHARE_DAYS = 28
USUAL_SHARE = 0.2
USUAL_WEIGHT = 10.0
"""A negative share to begin with, worth so many posts, before a source has shown its own."""

STIFFEST, LOOSEST = 200.0, 20.0
"""Bounds of a + b of the beta prior: how surely the next hours resemble the last weeks.

At its loosest, days differ by nine points around a share of 20 %: few posts a day would else make
every day look like any other.
"""


class Baselines:
    """Usual numbers of every source and, in the last two rows, of the company: all, negative."""

    def __init__(self, sources: int, zone: tzinfo, settings: VolumeSettings | None = None) -> None:
        self.sources = sources
        self._zone = zone
        settings = settings or VolumeSettings()
        self._volume = VolumeDetector(sources + 2, settings)
        self._buildup = Buildup(sources + 2, settings)
        self._today = np.zeros((2, sources + 1))
        self._days: deque[NDArray[np.float64]] = deque(maxlen=SHARE_DAYS)
        self._day: object = None
        self.learnt_until: datetime | None = None
        self._back: tuple[object, Floats] | None = None

    def learn(
        self,
        hour: datetime,
        posts: Floats,
        labelled: Floats,
        negative: Floats,
        unknown: NDArray[np.bool_],
        *,
        stormy: bool = False,
    ) -> None:
        """Take in the hour that began at `hour`: one entry a source.

        Unknown sources count as having brought what was expected, so that one failing source
        does not blind the company's rows. A `stormy` hour teaches nothing about criticism.
        """
        local = hour.astimezone(self._zone)
        rows = np.empty(self.sources + 2)
        rows[:-2] = np.where(unknown, np.nan, posts)
        blind = bool(unknown.all()) and self.sources > 0
        rows[-2] = np.nan if blind else np.where(unknown, self._expected(local)[:-2], posts).sum()
        rows[-1] = np.nan if blind or stormy else np.where(unknown, 0.0, negative).sum()
        spread = self._volume.spread
        reading = self._volume.read(rows, local)
        self._buildup.learn(reading.counts, reading.expected, spread)
        self.learnt_until = hour + HOUR
        if not stormy:
            self._learn_share(local, labelled, negative, unknown)

    def _expected(self, local: datetime) -> Floats:
        expected: Floats = np.nan_to_num(self._volume.expect(local))
        return expected

    def _learn_share(
        self, local: datetime, labelled: Floats, negative: Floats, unknown: NDArray[np.bool_]
    ) -> None:
        if self._day is not None and local.date() != self._day:
            self._days.append(self._today)
            self._today = np.zeros_like(self._today)
        self._day = local.date()
        self._today[0, :-1] += np.where(unknown, 0.0, labelled)
        self._today[1, :-1] += np.where(unknown, 0.0, negative)
        self._today[:, -1] = self._today[:, :-1].sum(axis=1)

    def _expected_back(self, local: datetime) -> Floats:
        """Return what the last 0, 1, ... 48 hours usually bring, a row each; kept for the hour."""
        begun = local.replace(minute=0, second=0, microsecond=0)
        key = (begun, self.learnt_until)
        if self._back is None or self._back[0] != key:
            hours = [self._volume.expect(begun - n * HOUR)[: self.sources] for n in range(1, 49)]
            sums = np.cumsum(np.nan_to_num(hours), axis=0)
            self._back = (key, np.vstack([np.zeros(self.sources), sums]))
        return self._back[1]

    def look(self, hour_counts: Floats, window_counts: Floats, now: datetime) -> VolumeReading:
        """Judge the last hour and the last six hours up to `now`, without learning from them."""
        local = now.astimezone(self._zone)
        begun = local.replace(minute=0, second=0, microsecond=0)
        return self._volume.peek(hour_counts, window_counts, local, (local - begun) / HOUR)

    def usual_share(self) -> tuple[Floats, Floats]:
        """Return (a, b) of the beta prior of the negative share, a source each, company last.

        Mean and spread of the last four weeks' days, by the method of moments, shrunk to
        `USUAL_SHARE`; the spread between days is what makes an ordinary bad day unsurprising.
        Today is not among them: a storm shall not explain itself.
        """
        days = [*self._days, np.zeros_like(self._today)]
        posts = np.array([day[0] for day in days])
        negative = np.array([day[1] for day in days])
        total = posts.sum(axis=0)
        mean = (negative.sum(axis=0) + USUAL_WEIGHT * USUAL_SHARE) / (total + USUAL_WEIGHT)
        share = np.divide(negative, posts, out=np.zeros_like(posts), where=posts > 0)
        variance = (posts * (share - mean) ** 2).sum(axis=0) / np.maximum(total, 1)
        chance = mean * (1 - mean) * (posts > 0).sum(axis=0) / np.maximum(total, 1)
        between = np.maximum(variance - chance, 1e-4)
        firmness = np.clip(mean * (1 - mean) / between - 1, LOOSEST, STIFFEST)
        # A source that has hardly been read is not known well: its prior stays loose.
        firmness = np.minimum(firmness, LOOSEST + total / 4)
        return mean * firmness, (1 - mean) * firmness

    @property
    def buildup(self) -> Floats:
        """Return how rare the slow rise of each source is, in deviations above its daily peaks."""
        return self._buildup.rarity[: self.sources]

    @property
    def known_hours(self) -> Floats:
        """Return how many hours of each row were known."""
        return self._volume.known_steps

    def expected_since(self, quiet_hours: Floats, now: datetime) -> Floats:
        """Return posts that the last `quiet_hours` (one number a source) usually bring.

        By the hour of the day, so that a quiet night is no surprise; beyond two days the mean
        of these two days goes on.
        """
        since = self._expected_back(now.astimezone(self._zone))
        whole = np.minimum(quiet_hours.astype(int), 48)
        within: Floats = since[whole, np.arange(self.sources)]
        beyond: Floats = within * np.maximum(quiet_hours, 48) / 48
        return np.where(quiet_hours > 48, beyond, within)

"""The volume detector alone over one series, strictly in order."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

import numpy as np

from monitor.alerts.volume import VolumeDetector, VolumeSettings

LONGEST_HOLE = 10_000
"""Unknown steps that are walked through one by one; a longer hole is walked this far only."""


@dataclass(frozen=True, slots=True)
class Scored:
    """One row of a series. `score` is 0..1 and 0.5 at the threshold; 0 while an alarm rests."""

    timestamp: datetime
    value: float
    score: float
    alarm: bool


class Refractory:
    """Lets a score through only where it beats every score of the last `rest`.

    Without it one burst is a hundred alarms; with it a burst that outgrows the last one still
    speaks up at once.
    """

    def __init__(self, rest: timedelta) -> None:
        self._rest = rest
        self._recent: deque[tuple[datetime, float]] = deque()

    def lets_through(self, at: datetime, score: float) -> bool:
        """Tell whether `score` stands out of what came before; remembers it either way."""
        while self._recent and self._recent[0][0] <= at - self._rest:
            self._recent.popleft()
        stands_out = score > 0 and (not self._recent or score > self._recent[0][1])
        while self._recent and self._recent[-1][1] <= score:
            self._recent.pop()
        self._recent.append((at, score))
        return stands_out


def usual_step(times: Sequence[datetime]) -> timedelta:
    """Return the median distance of neighbouring rows; five minutes where there is none."""
    distances = [(b - a).total_seconds() for a, b in pairwise(times) if b > a]
    return timedelta(seconds=median(distances)) if distances else timedelta(minutes=5)


def backtest(rows: Iterable[tuple[datetime, float]], settings: VolumeSettings) -> Iterator[Scored]:
    """Yield a score for every row, in order; the score at a row knows only rows up to it.

    Rows are (time, value); a value that is negative or no number is unknown and scores 0. Rows
    missing from the grid of `settings.step` are unknown steps, never zeros; a row that is not
    later than the one before it stands as its own step.
    """
    detector = VolumeDetector(1, settings)
    refractory = Refractory(settings.rest)
    unknown = np.array([math.nan])
    previous: datetime | None = None
    for at, value in rows:
        if previous is not None:
            missing = min(round((at - previous) / settings.step) - 1, LONGEST_HOLE)
            for hole in range(1, missing + 1):
                detector.read(unknown, previous + hole * settings.step)
        reading = detector.read(np.array([value]), at)
        rarity = float(reading.rarity[0])
        shown = rarity if refractory.lets_through(at, rarity) else 0.0
        yield Scored(at, value, score_of(shown, settings.threshold), shown >= settings.threshold)
        previous = at


def score_of(rarity: float, threshold: float) -> float:
    """Map a rarity (0 and up) to 0..1, with 0.5 at the threshold."""
    return rarity / (rarity + threshold) if rarity > 0 else 0.0


def with_step(settings: VolumeSettings, step: timedelta) -> VolumeSettings:
    """Return the same assumptions for another width of step."""
    return replace(settings, step=step)

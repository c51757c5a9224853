"""Slow rises: what no single hour and no single quarter of a day shows, their sum does.

A CUSUM of likelihood ratios: each hour says how much likelier it is at twice the usual rate than
at the usual one, and what it says adds up until the series is quiet again (Page 1954, Biometrika
41; for negative binomial counts Hoehle and Paul 2008, Computational Statistics & Data Analysis
52). An hour's count is capped, so that one burst, which is the business of `volume.py`, cannot fill
the sum alone. How high the sum gets on the series' ordinary days decides what is rare.
"""

from __future__ import annotations

import numpy as np

from monitor.alerts.volume import DailyPeaks, Floats, VolumeSettings

RAISED = 2.0
"""The rate that we look for, in usual rates."""

CAP = 2.0
"""Deviations above the expectation beyond which an hour says no more."""


class Buildup:
    """Sums of evidence of many series in step; unknown hours (NaN) say nothing."""

    def __init__(self, series: int, settings: VolumeSettings) -> None:
        self._peaks = DailyPeaks(series, settings)
        self.sums = np.zeros(series)
        self.rarity = np.zeros(series)

    def learn(self, counts: Floats, expected: Floats, spread: Floats) -> None:
        """Take in a step; `spread` is the overdispersion of the negative binomial."""
        known = ~np.isnan(counts) & ~np.isnan(expected)
        said = evidence(np.where(known, counts, 0.0), np.where(known, expected, 1.0), spread)
        self.sums = np.maximum(self.sums + np.where(known, said, 0.0), 0.0)
        self.rarity = self._peaks.rarity(self.sums)
        self._peaks.learn(self.sums, known)


def evidence(counts: Floats, expected: Floats, spread: Floats) -> Floats:
    """Return log P(count | raised rate) - log P(count | usual rate), a negative binomial each.

    Counts are capped at `CAP` deviations above the expectation.
    """
    capped = np.minimum(counts, expected + CAP * np.sqrt(expected + spread * expected**2))
    size = 1 / np.maximum(spread, 0.05)
    more: Floats = (capped + size) * np.log((size + RAISED * expected) / (size + expected))
    said: Floats = capped * np.log(RAISED) - more
    return said

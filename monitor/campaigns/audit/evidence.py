"""Thresholds of the audit, and the tails of the distributions that they are applied to.

All thresholds are ours. They are fixed by a salted hash when a campaign opens and revealed when
it closes, so that nobody can play around them, nor can we turn them afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, gammainc

Floats = NDArray[np.float64]

LEAST_P = 1e-300


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What it takes for a family to speak. `p` values are before the correction over ideas.

    Counts are persons, times hours or days as named. `dilution` is the largest expected share of
    honest voters in a group that is known by statistics only: beyond it nobody is flagged.
    """

    least_group: int = 8
    p_family: float = 1e-5
    p_statistical: float = 1e-8
    false_discovery: float = 0.01
    dilution: float = 0.05
    most_of_group: float = 0.7

    device_people: int = 4
    device_networks: int = 3
    device_top_network: float = 0.75
    device_share: float = 0.6
    network_people: int = 3
    networks: int = 3
    network_lift: float = 3.0
    network_share: float = 0.25
    network_strong: float = 5.0
    mixed_others: int = 3
    apart_people: int = 16
    apart_factor: float = 1.25
    p_apart: float = 1e-3
    wave_hours: float = 3.0
    places: int = 2
    scattered_factor: float = 5.0
    place_share: float = 0.6
    place_own: float = 0.4
    session_hours: float = 12.0
    place_days: int = 3
    place_week_days: int = 7
    place_clock_hours: int = 12

    fresh_hours: float = 1.0
    advance_days: float = 60.0
    aged_days: float = 180.0

    burst_windows_h: tuple[float, ...] = (1.0, 6.0, 24.0)
    least_gaps: int = 20
    longest_gap: float = 12.0  # in medians: longer ones are nights and pauses
    recasts: int = 2

    lockstep_hours: float = 6.0
    lockstep_cells: int = 3
    lockstep_jaccard: float = 0.1
    lockstep_cap: int = 1500
    lockstep_people: int = 8
    lockstep_ties: float = 0.4
    drill_people: int = 12
    drill_occasions: int = 3
    drill_share: float = 0.75
    p_drill: float = 1e-3
    drill_apart_hours: float = 6.0

    def __post_init__(self) -> None:
        # A store keeps thresholds as JSON, which knows no tuples.
        object.__setattr__(self, "burst_windows_h", tuple(self.burst_windows_h))


def binomial_tail(k: ArrayLike, n: ArrayLike, p: ArrayLike) -> Floats:
    """Return P(K >= k) for K ~ Bin(n, p); 1 for k = 0."""
    hits, trials = np.asarray(k, dtype=float), np.asarray(n, dtype=float)
    share = np.clip(np.asarray(p, dtype=float), 1e-9, 1 - 1e-9)
    inside = betainc(np.maximum(hits, 1e-9), np.maximum(trials - hits + 1, 1e-9), share)
    return np.maximum(np.where(hits <= 0, 1.0, inside), LEAST_P)


def poisson_tail(k: ArrayLike, mean: ArrayLike) -> Floats:
    """Return P(K >= k) for K ~ Poisson(mean); 1 for k = 0."""
    hits, rate = np.asarray(k, dtype=float), np.maximum(np.asarray(mean, dtype=float), 1e-12)
    inside = gammainc(np.maximum(hits, 1e-9), rate)
    return np.maximum(np.where(hits <= 0, 1.0, inside), LEAST_P)


def passes_bh(p: Floats, q: float) -> NDArray[np.bool_]:
    """Tell which of the tests pass at false discovery rate `q` (Benjamini and Hochberg 1995)."""
    if not len(p):
        return np.zeros(0, dtype=bool)
    order = np.argsort(p)
    allowed = q * np.arange(1, len(p) + 1) / len(p)
    good = np.flatnonzero(p[order] <= allowed)
    passed = np.zeros(len(p), dtype=bool)
    if len(good):
        passed[order[: good[-1] + 1]] = True
    return passed

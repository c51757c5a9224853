"""When votes come: bursts beyond the campaign's own rhythm, and rhythms that no crowd has."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc, gammaincc

from monitor.campaigns.audit.electorate import HOUR_MS, Electorate
from monitor.campaigns.audit.evidence import LEAST_P, Thresholds, poisson_tail
from monitor.campaigns.columns import Ints
from monitor.types.campaigns import Evidence

Floats = NDArray[np.float64]

BURST_FACTOR = 3.0
FEWEST_DAYS = 5
WINDOWS_OF_COUNTS_H = (3, 6, 12, 24)


def find_burst(at: Ints, people: Electorate, thresholds: Thresholds) -> Evidence | None:
    """Tell whether the votes at `at` (ms, ascending) crowd together more than the campaign does.

    Expected is the campaign's own rhythm, allowed to run three times as high: a viral share or a
    television spot passes this test too, so it never stands alone.
    """
    if len(at) < thresholds.least_group:
        return None
    hour = at / HOUR_MS - people.first_hour
    cumulated = np.concatenate([[0.0], np.cumsum(people.hourly)]) / people.hourly.sum()
    grid = np.arange(len(cumulated))
    best: tuple[float, int, float, float] | None = None
    for window in thresholds.burst_windows_h:
        ends = np.searchsorted(hour, hour + window, side="right")
        number = ends - np.arange(len(hour))
        start = int(np.argmax(number))
        share = np.interp(hour[start] + window, grid, cumulated) - np.interp(
            hour[start], grid, cumulated
        )
        expected = BURST_FACTOR * len(at) * max(float(share), window / len(cumulated) / 4)
        tests = len(at) * len(thresholds.burst_windows_h)
        p = min(1.0, float(poisson_tail(number[start], expected)) * tests)
        if best is None or p < best[0]:
            best = (p, int(number[start]), window, expected / BURST_FACTOR)
    if best is None or best[0] > thresholds.p_family or best[1] < len(at) / 3:
        return None
    p, votes, window, usual = best
    return Evidence(
        family="burst",
        p=max(p, LEAST_P),
        facts={"votes": votes, "hours": window, "expected": round(usual, 1)},
    )


def find_regularity(at: Ints, thresholds: Thresholds) -> Evidence | None:
    """Tell whether votes come more evenly than independent people can.

    Two views: the gaps between votes (nights and pauses left out), and counts over windows of
    hours or a day, which see through honest votes mixed in. Honest crowds are never more even
    than chance (a Poisson process), because their interest rises and falls.
    """
    views = [view for view in (_even_gaps(at, thresholds), _even_counts(at, thresholds)) if view]
    if not views:
        return None
    p, facts = min(views, key=lambda view: view[0])
    p = min(1.0, p * 2)
    if p > thresholds.p_family:
        return None
    return Evidence(family="regularity", p=max(p, LEAST_P), facts=facts)


def _even_gaps(at: Ints, thresholds: Thresholds) -> tuple[float, dict[str, float]] | None:
    gaps = np.diff(at) / 1000
    if len(gaps) < thresholds.least_gaps:
        return None
    median = float(np.median(gaps))
    kept = gaps[(gaps <= thresholds.longest_gap * median) & (gaps > 0)]
    if median <= 0 or len(kept) < thresholds.least_gaps or len(kept) < 0.7 * len(gaps):
        return None
    # Moran's statistic: 2n(log mean - mean log) is large for uneven, near 0 for even gaps; for a
    # Poisson process it is chi-square with n - 1 degrees after Bartlett's correction. Leaving out
    # long gaps makes what is left look more even; the median of an exponential times 12 keeps
    # all but 0.02 % of its gaps, so that the test stays honest.
    n = len(kept)
    moran = 2 * n * (np.log(kept.mean()) - np.log(kept).mean()) / (1 + (n + 1) / (6 * n))
    p = float(gammainc((n - 1) / 2, moran / 2))
    facts = {
        "gap_min": round(median / 60, 1),
        "cv": round(float(kept.std() / kept.mean()), 2),
        "gaps": n,
    }
    return p, facts


def _even_counts(at: Ints, thresholds: Thresholds) -> tuple[float, dict[str, float]] | None:
    span_h = (int(at[-1]) - int(at[0])) / HOUR_MS if len(at) else 0.0
    best: tuple[float, dict[str, float]] | None = None
    for window in WINDOWS_OF_COUNTS_H:
        windows = int(span_h // window)
        if windows < 10 or windows * window < FEWEST_DAYS * 24 or len(at) < 3 * windows:
            continue
        start = int(at[0]) + 1  # the first vote only marks the beginning
        place = (at - start) // (window * HOUR_MS)
        number = np.bincount(place[(place >= 0) & (place < windows)], minlength=windows)
        mean = float(number.mean())
        if mean < 1:
            continue  # nearly all came at the one moment of the first
        dispersion = float(((number - mean) ** 2).sum() / mean)
        p = min(1.0, float(gammainc((windows - 1) / 2, dispersion / 2)) * len(WINDOWS_OF_COUNTS_H))
        if best is None or p < best[0]:
            facts = {
                "window_h": float(window),
                "mean": round(float(mean), 1),
                "fano": round(dispersion / (windows - 1), 2),
            }
            best = (p, facts)
    return best


def never_sleeps(at: Ints, people: Electorate, thresholds: Thresholds) -> Evidence | None:
    """Tell whether votes come through the nights, day after day, as the campaign's own never do.

    The campaign's quiet hours are its six least busy ones of the day (UTC). A single busy night
    is no evidence; most nights of a week and more are.
    """
    if len(at) < 2 * thresholds.least_gaps:
        return None
    hours = (np.arange(len(people.hourly)) + people.first_hour) % 24
    profile = np.bincount(hours, weights=people.hourly, minlength=24)
    quiet = np.argsort(profile)[:6]
    usual = max(float(profile[quiet].sum() / profile.sum()), 0.01)
    hour, day = (at // HOUR_MS) % 24, at // (24 * HOUR_MS)
    by_night = np.isin(hour, quiet)
    nights, days = len(np.unique(day[by_night])), len(np.unique(day))
    if days < FEWEST_DAYS or nights < 0.5 * days:
        return None
    spread = np.bincount(hour, minlength=24)
    # Fans of an early show vote by night as well, but at one hour and not around the clock.
    if (spread > 0).sum() < 18 or spread.max() > 0.2 * len(at):
        return None
    night = int(by_night.sum())
    variance = 3.0 * len(at) * usual * (1 - usual)  # honest nights differ from day to day
    z = (night - 2 * len(at) * usual) / np.sqrt(variance)
    p = float(gammaincc(0.5, z * z / 2) / 2) if z > 0 else 1.0
    if p > thresholds.p_family:
        return None
    facts = {"night": round(night / len(at), 2), "usual": round(usual, 2), "days": days}
    return Evidence(family="regularity", p=max(p, LEAST_P), facts=facts)

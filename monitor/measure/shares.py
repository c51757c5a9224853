"""Shares with honest error bars."""

from __future__ import annotations

from math import sqrt

from monitor.types.digest import Share


def wilson(successes: int, trials: int, z: float = 1.96) -> tuple[float, float]:
    """Confidence interval (lower, upper) of a share, both in 0..1, sane for small counts.

    `trials` is more than 0; `z` is a quantile of the standard normal (1.96: 95 %).
    Source: Wilson (1927), JASA 22(158), 209-212.
    """
    share = successes / trials
    shrink = 1 + z * z / trials
    centre = (share + z * z / (2 * trials)) / shrink
    half = z * sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)) / shrink
    # At 0 and at all of them the bound is exact; rounding would put the share outside its bounds.
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == trials else min(1.0, centre + half)
    return low, high


def share(successes: int, trials: int) -> Share:
    """Return a share with its 95 % interval; without trials the interval is unknown."""
    if trials <= 0:
        return Share(successes, 0)
    return Share(successes, trials, *wilson(successes, trials))


def apart(one: Share, other: Share) -> bool:
    """Whether two shares differ by more than chance: their intervals do not touch."""
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return False
    return one.low > other.high or one.high < other.low

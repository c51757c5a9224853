"""The engagement rate: (likes + comments) / followers x 100, with what chance alone would do.

Interactions are counts, not yes-or-no: one follower may like and comment, and strangers may do
both. So the interval is that of a Poisson count, not Wilson's of a share.
"""

from __future__ import annotations

from monitor.types.digest import Band, Rate

GOOD = (3.0, 8.0)
"""Percent between which engagement counts as good."""

SURE = 0.8
"""Probability from which a band is said; below it there is too little to tell."""


def engagement_rate(
    interactions: int | None, followers: int | None, good: tuple[float, float] = GOOD
) -> Rate:
    """Return the rate in percent of `followers`, unknown (never 0) where a part is missing.

    `interactions` are likes and comments; 250 of 5,000 followers are 5 %. Followers of 0 or less
    give no rate. The interval is exact (Garwood 1936, Biometrika 28, 437-442).
    """
    if interactions is None or interactions < 0:
        return Rate(denominator=followers, missing="counts")
    if followers is None or followers <= 0:
        return Rate(numerator=interactions, denominator=followers, missing="followers")
    low, high = poisson_interval(interactions)
    return Rate(
        value=100 * interactions / followers,
        numerator=interactions,
        denominator=followers,
        low=100 * low / followers,
        high=100 * high / followers,
        band=band(interactions, followers, good),
    )


def poisson_interval(events: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of the mean behind a count of 0 or more."""
    from scipy.special import gammaincinv

    tail = (1 - confidence) / 2
    low = 0.0 if events == 0 else float(gammaincinv(events, tail))
    return low, float(gammaincinv(events + 1, 1 - tail))


def band(interactions: int, followers: int, good: tuple[float, float] = GOOD) -> Band:
    """Say low (under `good`), good or high (above it) where that is at least 80 % sure.

    The rate is judged after the data alone (Jeffreys' prior), so a page of 40 followers gets
    `unclear` where one of 4,000 with the same rate gets its band.
    """
    from scipy.special import gammainc

    shape = interactions + 0.5
    below_low = float(gammainc(shape, followers * good[0] / 100))
    below_high = float(gammainc(shape, followers * good[1] / 100))
    if below_low >= SURE:
        return "low"
    if 1 - below_high >= SURE:
        return "high"
    return "good" if below_high - below_low >= SURE else "unclear"

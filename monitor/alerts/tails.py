"""Tails and intervals: how surprising a count is, how sure a share."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

LN10 = math.log(10.0)
CAP = 300.0
"""Largest surprise: beyond it floating point has no probabilities left."""

MOST_TRIALS = 5_000


def share_interval(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return (low, high) of a share after the data alone (Jeffreys' prior); (0, 1) without trials.

    Source: Brown, Cai, DasGupta (2001), Statistical Science 16(2), 101-133.
    """
    if trials <= 0:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    a, b = successes + 0.5, trials - successes + 0.5
    low = 0.0 if successes == 0 else float(special.betaincinv(a, b, tail))
    high = 1.0 if successes == trials else float(special.betaincinv(a, b, 1 - tail))
    return low, high


def share_surprise(successes: int, trials: int, a: float, b: float) -> float:
    """Return -log10 P(K >= successes) for K of `trials`, beta-binomial with prior (a, b).

    0 is no surprise, 3 is one in a thousand; at most `CAP`. More than `MOST_TRIALS` trials are
    scaled down to it: by then chance is gone and only the prior's spread is left.
    """
    if successes <= 0 or trials <= 0:
        return 0.0
    if trials > MOST_TRIALS:
        successes, trials = max(1, round(successes * MOST_TRIALS / trials)), MOST_TRIALS
    k = np.arange(successes, trials + 1)
    logs = (
        special.betaln(k + a, trials - k + b)
        - special.betaln(a, b)
        - math.log(trials + 1)
        - special.betaln(trials - k + 1, k + 1)
    )
    return min(max(-float(special.logsumexp(logs)) / LN10, 0.0), CAP)


def count_surprise(count: float, size: float, rate: float) -> tuple[float, float]:
    """Return (-log10 P(Y <= count), -log10 P(Y >= count)) for Y negative binomial.

    `size` is the shape a, `rate` the success probability b / (b + F) of the gamma-Poisson
    mixture with mean size * (1 - rate) / rate.
    """
    lower = float(special.betainc(size, count + 1, rate))
    upper = 1.0 if count <= 0 else float(special.betainc(count, size, 1 - rate))
    return _surprise(lower), _surprise(upper)


def _surprise(probability: float) -> float:
    return min(-math.log10(probability), CAP) if probability > 0 else CAP

"""What surveys tell: the net promoter score and the customer loyalty index."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

from monitor.measure.kpi_parts import whole
from monitor.measure.shares import wilson
from monitor.types.kpis import KpiFacts, Measured

LOYALTY = ("recommend", "buy_again", "buy_other")
"""The three questions of the customer loyalty index, answered on 1 (certainly) to 6 (never)."""


def net_promoter_interval(promoters: int, detractors: int, answers: int) -> tuple[float, float]:
    """Return the 95 % interval of promoters' minus detractors' share, both ends in -1..1.

    The intervals of both shares are combined with their correlation within one sample.
    Sources: Newcombe (1998), Stat. Med. 17, 2635-2650; Zou and Donner (2008), 27, 1693-1702.
    """
    p, d = promoters / answers, detractors / answers
    (p_low, p_high), (d_low, d_high) = wilson(promoters, answers), wilson(detractors, answers)
    spread = (1 - p) * (1 - d)
    together = -sqrt(p * d / spread) if spread > 0 else 0.0
    # Of nothing but promoters and detractors the two shares are one: they mirror exactly.
    together = max(-1.0, together)

    def reach(one: float, other: float) -> float:
        return sqrt(max(0.0, one * one + other * other - 2 * together * one * other))

    low, high = reach(p - p_low, d_high - d), reach(p_high - p, d - d_low)
    return max(-1.0, p - d - low), min(1.0, p - d + high)


def net_promoter_score(facts: KpiFacts) -> Measured:
    """Return % of 9 and 10 minus % of 0 to 6; 7 and 8 count in the base only."""
    scores = facts.scores.get("nps", {})
    answers = sum(scores.values())
    if not answers:
        return Measured(needs=("nps",))
    promoters = sum(n for score, n in scores.items() if score >= 9)
    detractors = sum(n for score, n in scores.items() if score <= 6)
    low, high = net_promoter_interval(promoters, detractors, answers)
    return Measured(
        value=100 * (promoters - detractors) / answers,
        numerator=promoters - detractors,
        denominator=answers,
        low=100 * low,
        high=100 * high,
        parts={
            "promoters": promoters,
            "passives": answers - promoters - detractors,
            "detractors": detractors,
        },
    )


def loyalty_index(facts: KpiFacts) -> Measured:
    """Return the mean of the three answers, 1 -> 100 and 6 -> 0; the questions weigh alike."""
    needs = tuple(q for q in LOYALTY if not sum(facts.scores.get(q, {}).values()))
    if needs:
        return Measured(needs=needs)
    points = [_loyalty_points(facts.scores[question]) for question in LOYALTY]
    total = whole(sum(points))
    return Measured(
        value=total / len(LOYALTY),
        numerator=total,
        denominator=len(LOYALTY),
        parts={f"{question}_answers": sum(facts.scores[question].values()) for question in LOYALTY},
    )


def _loyalty_points(scores: Mapping[int, int]) -> float:
    """Return the mean of answers on 1..6 on the scale 1 -> 100, 6 -> 0."""
    return sum((6 - score) * 20 * n for score, n in scores.items()) / sum(scores.values())

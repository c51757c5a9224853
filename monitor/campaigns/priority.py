"""Which item of the queue comes first, and why. Pure: facts in, a number and its reasons out."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of an item. `reach` counts reactions, `age_h` hours since it was queued.

    Probabilities are 0..1; `overdue` says that its time goal has passed.
    """

    toxic: float = 0.0
    negative: bool = False
    idea: bool = False
    question: bool = False
    reach: int = 0
    age_h: float = 0.0
    overdue: bool = False
    storm: bool = False


def prioritise(facts: Facts) -> tuple[float, tuple[str, ...]]:
    """Return the priority (0 to about 200) and the reasons, heaviest first.

    A storm comes before everything, then insults, then what many see, then what waits long.
    The weights are ours; only their order matters.
    """
    parts = [
        (60.0 * (facts.storm and facts.negative), "storm"),
        (50.0 * facts.toxic * (facts.toxic >= 0.5), f"toxic {facts.toxic:.0%}"),
        (25.0 * facts.overdue, "overdue"),
        (10.0 * math.log10(1 + facts.reach) * (facts.reach > 0), f"reach {facts.reach}"),
        (8.0 * facts.negative, "negative"),
        (6.0 * facts.question, "question"),
        (4.0 * facts.idea, "idea"),
        (min(facts.age_h / 12, 10.0), f"waits {facts.age_h:.0f} h"),
    ]
    weighty = sorted((part for part in parts if part[0] >= 1), reverse=True)
    return round(sum(weight for weight, _ in parts), 1), tuple(reason for _, reason in weighty)


def suggest(facts: Facts) -> str | None:
    """Return what the classifier would do; it never does it by itself."""
    if facts.toxic >= 0.8:
        return "hide"
    if facts.question:
        return "answer"
    return "approve" if facts.idea else None

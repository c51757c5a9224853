"""How far ideas came: from a proposal to a launch, and how long an answer took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from statistics import median

from monitor.types.campaigns import IDEA_STATUSES, OPEN_STATUSES, Idea


def known_at(ideas: Iterable[Idea], at: datetime) -> list[Idea]:
    """Return the ideas that were there at a moment, as they stood.

    Only the latest change of a status is kept: an idea that was answered before `at` and changed
    again after it is told as submitted.
    """
    return [
        replace(idea, status="submitted", status_at=None)
        if idea.status_at is not None and idea.status_at > at
        else idea
        for idea in ideas
        if idea.created_at is None or idea.created_at <= at
    ]


def count_statuses(ideas: Iterable[Idea]) -> dict[str, int]:
    """Return how many ideas stand where, in the order of the statuses, without empty ones."""
    counted = Counter(idea.status for idea in ideas)
    return {status: counted[status] for status in IDEA_STATUSES if counted[status]}


def days_to_answer(ideas: Sequence[Idea]) -> float | None:
    """Return the median of days from submission to answer; None where nobody was answered."""
    took = [
        (idea.status_at - idea.created_at).total_seconds() / 86_400
        for idea in ideas
        if idea.status not in OPEN_STATUSES and idea.status_at and idea.created_at
    ]
    return median(took) if took else None

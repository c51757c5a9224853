"""How far the ideas of a campaign came: which wait for the company's word, and how long. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median

from monitor.types.campaigns import IDEA_STATUSES, OPEN_STATUSES, Funnel, Idea, Tally

DAY_S = 86_400


def spoken_for(ideas: Sequence[Idea]) -> list[tuple[Idea, Idea]]:
    """Return each idea with the one whose status it takes: itself, or that which it joined.

    Joining is no answer yet. Who proposed a joined idea waits until the other is answered.
    """
    known = {idea.idea: idea for idea in ideas}
    return [(idea, _root(idea, known)) for idea in ideas]


def _root(idea: Idea, known: dict[str, Idea]) -> Idea:
    for _ in range(len(known)):  # joins make no circle; a damaged store shall not hang us
        into = known.get(idea.joined_into or "")
        if into is None:
            break
        idea = into
    return idea


def still_open(ideas: Sequence[Idea]) -> list[Idea]:
    """Return the ideas that wait for a word of the company; joined ones wait with the other."""
    return [idea for idea, root in spoken_for(ideas) if root.status in OPEN_STATUSES]


def find_funnel(
    ideas: Sequence[Idea], tally: Tally, now: datetime, *, overdue_days: float
) -> Funnel:
    """Return how far the ideas came, with the votes; `by_status` counts joined ideas as joined."""
    pairs = spoken_for(ideas)
    answered = [pair for pair in pairs if pair[1].status not in OPEN_STATUSES]
    took = [
        max((root.status_at - idea.created_at).total_seconds(), 0) / DAY_S
        for idea, root in answered
        if root.status_at is not None and idea.created_at is not None
    ]
    late = timedelta(days=overdue_days)
    waiting = still_open(ideas)
    by_status = Counter(idea.status for idea in ideas)
    return Funnel(
        ideas=len(ideas),
        by_status={status: by_status[status] for status in IDEA_STATUSES if by_status[status]},
        answered=len(answered),
        answered_share=round(len(answered) / len(ideas), 4) if ideas else None,
        days_to_answer=round(median(took), 2) if took else None,
        overdue=sum(
            idea.created_at is not None and now - idea.created_at > late for idea in waiting
        ),
        overdue_after_days=overdue_days,
        votes_cast=tally.cast,
        votes_counted=tally.counted,
        voters=tally.voters,
    )

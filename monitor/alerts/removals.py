"""Criticism that moderators removed: hostile posts may go, civil ones may not go unseen.

The lesson of Pril 2011: comments that vanish while the mood is falling are the second storm.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from monitor.alerts.baselines import Baselines
from monitor.alerts.settings import RuleSettings
from monitor.alerts.voices import in_window, now_ms
from monitor.types.alerts import Finding, Part
from monitor.types.observation import COMPANY, NEGATIVE, UNKNOWN, Observation, Removals

DAY = timedelta(days=1)
EXAMPLES = 5


def removed_criticism(
    observation: Observation, baselines: Baselines, settings: RuleSettings
) -> list[Finding]:
    """Find sources where moderators removed civil criticism while the mood is falling.

    It counts when `removed_least` went within `removed_within`, the last of them within a day,
    when criticism is a larger share of what was removed than of what was written today, and when
    today is no kinder than usual. How long a post stood before it went makes no difference.
    """
    at = now_ms(observation)
    gone = removed_since(observation.removals, at, settings.removed_within)
    fresh = removed_since(observation.removals, at, DAY)
    sources = len(observation.sources)
    civil = np.bincount(gone.source[gone.civil], minlength=sources)
    still = np.bincount(fresh.source[fresh.civil], minlength=sources) > 0
    a, b = baselines.usual_share()
    findings = []
    for i in np.flatnonzero((civil >= settings.removed_least) & still):
        usual = float(a[i] / (a[i] + b[i]))
        today = _negative_share_today(observation, at, int(i))
        mine = gone.where(gone.source == i)
        share = float(mine.civil.mean())
        if (today is not None and today < usual) or share <= (usual if today is None else today):
            continue
        count = int(civil[i])
        findings.append(
            Finding(
                rule="criticism_removed",
                source=observation.sources[i],
                level=2,
                score=float(count),
                size=count,
                parts=(
                    Part("removed_criticism", count, 0, 1.0),
                    Part(
                        "negative_among_removed",
                        round(share, 3),
                        round(usual if today is None else today, 3),
                        0.7,
                    ),
                ),
                posts=tuple(str(uid) for uid in mine.uid[mine.civil][-EXAMPLES:]),
            )
        )
    return findings


def count_removed(observation: Observation) -> int:
    """Return how many civil critical posts moderators removed within the last day."""
    at = now_ms(observation)
    return int(removed_since(observation.removals, at, DAY).civil.sum())


def removed_since(removals: Removals, at: int, length: timedelta) -> Removals:
    """Return what went within `length` before `at` (ms)."""
    start = at - round(length.total_seconds() * 1000)
    first, last = np.searchsorted(removals.at, (start, at), "right")
    return removals.where(slice(int(first), int(last)))


def _negative_share_today(observation: Observation, at: int, source: int) -> float | None:
    """Return the negative share of what was written in a day; None where nothing is labelled."""
    posts = observation.posts
    rows = in_window(posts, at, DAY)
    mine = (posts.source[rows] == source) & (posts.role[rows] != COMPANY)
    moods: NDArray[np.int64] = posts.sentiment[rows][mine]
    known = moods[moods != UNKNOWN]
    return float((known == NEGATIVE).mean()) if len(known) else None

"""Rules about one source at a time: bursts, mood, silence, failure.

All of them look at all sources at once; a loop runs only over the few that stand out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from monitor.alerts.baselines import Baselines
from monitor.alerts.settings import RuleSettings
from monitor.alerts.tails import share_interval, share_surprise
from monitor.alerts.voices import distinct, find_voices, in_window, now_ms, originals
from monitor.types.alerts import Finding, Part, QueueLoad, SourceHealth
from monitor.types.observation import (
    COMPANY,
    NEGATIVE,
    Floats,
    Observation,
    PostColumns,
)

HOUR = timedelta(hours=1)
WINDOW = timedelta(hours=6)
DAY = timedelta(days=1)
MOOD_WINDOW = timedelta(hours=3)
MOOD_ABOVE = 0.10
OWN_POST_MOVES = timedelta(days=2)
"""How long a post of the company explains what is written beneath it."""

EXAMPLES = 5


def volume_spikes(
    observation: Observation, baselines: Baselines, settings: RuleSettings
) -> list[Finding]:
    """Find sources with far more posts than their own daily peaks explain, now or in sum.

    Posts beneath a fresh post of the company are explained by it and left out. What is unknown
    within the last six hours makes the source unknown, not quiet.
    """
    posts, at, sources = observation.posts, now_ms(observation), len(observation.sources)
    fresh = posts.under_own > at - _ms(OWN_POST_MOVES)
    counted = (posts.role != COMPANY) & ~fresh
    hour = _per_source(posts, at, HOUR, counted, sources)
    six = _per_source(posts, at, WINDOW, counted, sources)
    pad = np.full(2, np.nan)
    reading = baselines.look(
        np.concatenate([hour, pad]), np.concatenate([six, pad]), observation.now
    )
    old_enough = baselines.known_hours[:sources] >= settings.min_history / HOUR
    burst = reading.rarity[:sources]
    # Comments beneath our own posts are in the sum too: what they do not explain must be above
    # the usual by itself.
    above = six > reading.window_expected[:sources]
    buildup = np.where(above, baselines.buildup, 0.0)
    rarity = np.maximum(burst, buildup)
    stands_out = (rarity >= settings.volume_rarity) & old_enough & (six >= settings.volume_least)
    stands_out &= ~_unknown_now(observation, at)
    return [
        Finding(
            rule="volume_spike",
            source=observation.sources[i],
            score=float(rarity[i]),
            size=int(six[i]),
            parts=(
                Part("posts_1h", float(hour[i]), round(float(reading.expected[i]), 2), 1.0),
                Part("posts_6h", float(six[i]), round(float(reading.window_expected[i]), 2), 1.0),
                _rarity_part(float(burst[i]), float(buildup[i]), settings.volume_rarity),
            ),
            posts=_newest(posts, at, counted & (posts.source == i)),
        )
        for i in np.flatnonzero(stands_out)
    ]


def _rarity_part(burst: float, buildup: float, threshold: float) -> Part:
    """Say which of the two it was: a burst, or many hours of somewhat more."""
    name = "rarity" if burst >= threshold or burst >= buildup else "buildup"
    return Part(name, round(max(burst, buildup), 2), threshold, 1.0)


def sentiment_spikes(
    observation: Observation, baselines: Baselines, settings: RuleSettings
) -> list[Finding]:
    """Find sources whose negative share is beyond chance and beyond their ordinary bad days."""
    posts, at = observation.posts, now_ms(observation)
    rows = in_window(posts, at, MOOD_WINDOW)
    window, original = posts.where(rows), originals(posts)[rows]
    critical = (window.sentiment == NEGATIVE) & (window.role != COMPANY)
    per_source = np.bincount(window.source[critical], minlength=len(observation.sources))
    a, b = baselines.usual_share()
    old_enough = baselines.known_hours >= settings.min_history / HOUR
    findings = []
    for i in np.flatnonzero(per_source >= settings.sentiment_authors):
        mine = window.source == i
        voices = find_voices(window.where(mine), original[mine])
        few = voices.labelled < settings.sentiment_least
        if few or voices.critical < settings.sentiment_authors or not old_enough[i]:
            continue
        surprise = share_surprise(voices.critical, voices.labelled, float(a[i]), float(b[i]))
        usual = float(a[i] / (a[i] + b[i]))
        low, _ = share_interval(voices.critical, voices.labelled)
        if surprise < settings.sentiment_surprise or low < usual + MOOD_ABOVE:
            continue
        findings.append(
            Finding(
                rule="sentiment_spike",
                source=observation.sources[i],
                level=2,
                score=surprise,
                size=voices.critical,
                parts=(
                    Part("negative_share", round(voices.share, 3), round(usual, 3), 1.0),
                    Part("critical_voices", voices.critical, None, 0.5, hours=MOOD_WINDOW / HOUR),
                    Part("surprise", round(surprise, 1), settings.sentiment_surprise, 1.0),
                ),
                posts=tuple(str(uid) for uid in voices.posts.uid[:EXAMPLES]),
            )
        )
    return findings


def silent_sources(
    observation: Observation, baselines: Baselines, settings: RuleSettings, quiet_hours: Floats
) -> list[Finding]:
    """Find sources that should have brought posts by now and brought none.

    `quiet_hours` says for each source since how many hours nothing came. The surprise is that of
    no post where a Poisson mean was expected; a source in a gap is unknown, not silent.
    """
    sources = len(observation.sources)
    expected = baselines.expected_since(quiet_hours, observation.now)
    surprise = np.where(quiet_hours >= 6, expected / np.log(10), 0.0)
    old_enough = baselines.known_hours[:sources] >= settings.min_history / HOUR
    silent = (surprise >= settings.silence_surprise) & old_enough
    silent &= ~_unknown_now(observation, now_ms(observation))
    return [
        Finding(
            rule="source_silent",
            source=observation.sources[i],
            score=float(surprise[i]),
            parts=(
                Part("quiet_hours", round(float(quiet_hours[i]), 1), None, 1.0),
                Part("expected_posts", 0.0, round(float(expected[i]), 1), 1.0),
            ),
        )
        for i in np.flatnonzero(silent)
    ]


def failed_sources(
    health: Iterable[SourceHealth], now_s: float, settings: RuleSettings
) -> list[Finding]:
    """Find sources that have failed for longer than `silent_after`."""
    findings = []
    for one in health:
        if one.failing_since is None:
            continue
        hours = (now_s - one.failing_since.timestamp()) / 3600
        if hours >= settings.silent_after / HOUR:
            part = Part("failing_hours", round(hours, 1), settings.silent_after / HOUR, 1.0)
            findings.append(
                Finding(rule="source_failed", source=one.source, score=hours, parts=(part,))
            )
    return findings


def overdue_queues(queues: Sequence[QueueLoad]) -> list[Finding]:
    """Find moderation queues with items past their goal."""
    return [
        Finding(
            rule="queue_overdue",
            subject=queue.queue,
            score=queue.overdue,
            size=queue.overdue,
            parts=(Part("overdue", queue.overdue, 0, 1.0), Part("open", queue.open, None, 0.3)),
        )
        for queue in queues
        if queue.overdue > 0
    ]


def _per_source(
    posts: PostColumns, at: int, length: timedelta, counted: NDArray[np.bool_], sources: int
) -> Floats:
    rows = in_window(posts, at, length)
    chosen = posts.source[rows][counted[rows]]
    return np.bincount(chosen, minlength=sources).astype(float)


def _unknown_now(observation: Observation, at: int) -> NDArray[np.bool_]:
    """Mark sources with a gap within the last six hours."""
    unknown = np.zeros(len(observation.sources), dtype=bool)
    for gap in observation.gaps:
        if gap.end > at - _ms(WINDOW) and gap.start < at:
            unknown[gap.source] = True
    return unknown


def _newest(posts: PostColumns, at: int, mine: NDArray[np.bool_]) -> tuple[str, ...]:
    rows = in_window(posts, at, WINDOW)
    chosen = posts.where(rows).where(mine[rows])
    first = chosen.where(distinct(chosen.author))
    return tuple(str(uid) for uid in first.uid[:EXAMPLES])


def _ms(span: timedelta) -> int:
    return round(span.total_seconds() * 1000)

"""Cuts what is known at one moment out of columns that know more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from monitor.alerts.baselines import Baselines
from monitor.alerts.text_signs import calls_to_act, copy_key, first_tag, speaks_of_removal
from monitor.types.observation import (
    COMPANY,
    NEGATIVE,
    UNKNOWN,
    Floats,
    Ints,
    Observation,
    PostColumns,
    Removals,
    Resonance,
    Span,
    Strays,
)

HOUR_MS = 3_600_000
STRAY_HOURS = 6
REACH = timedelta(hours=30)
"""How far back the posts of an observation go."""

PRESS_PLATFORMS = frozenset({"rss", "feed", "news", "gdelt", "press"})
"""Platforms on which a third party is press: it reports, and is no private person."""


def read_signs(text: str) -> tuple[bool, bool, int | None, str | None]:
    """Return (calls to act, speaks of removal, copy key, first tag) of a text."""
    return calls_to_act(text), speaks_of_removal(text), copy_key(text), first_tag(text)


def is_press(platform: str) -> bool:
    """Whether third parties on a platform count as press."""
    return platform in PRESS_PLATFORMS


def known_at(posts: PostColumns, now_ms: int, reach: timedelta = REACH) -> PostColumns:
    """Return posts written within `reach` before `now_ms` and seen by then."""
    start = now_ms - round(reach.total_seconds() * 1000)
    first = int(np.searchsorted(posts.created, start, "right"))
    last = int(np.searchsorted(posts.created, now_ms, "right"))
    span = posts.where(slice(first, last))
    late = span.seen > now_ms
    return span.where(~late) if late.any() else span


def observe(
    posts: PostColumns,
    now: datetime,
    *,
    sources: Sequence[str],
    platforms: Sequence[str],
    gaps: Sequence[Span],
    baselines: Baselines,
    strays: Strays,
    removals: Removals,
    own_posts: Sequence[Resonance] = (),
) -> Observation:
    """Return what may be known at `now`."""
    at = round(now.timestamp() * 1000)
    reach = round(REACH.total_seconds() * 1000)
    return Observation(
        now=now,
        sources=tuple(sources),
        platforms=tuple(platforms),
        press=tuple(is_press(platform) for platform in platforms),
        posts=known_at(posts, at),
        strays=count_strays(strays, at, len(sources)),
        removals=removals.where(slice(0, int(np.searchsorted(removals.at, at, "right")))),
        gaps=tuple(gap for gap in gaps if gap.start < at and gap.end > at - reach),
        history_h=baselines.known_hours[: len(sources)],
        own_posts=tuple(_seen_by(post, now) for post in own_posts if post.created <= now),
    )


def count_strays(strays: Strays, now_ms: int, sources: int) -> Ints:
    """Return for each source how many strays of the last six hours are known at `now_ms`."""
    first = int(np.searchsorted(strays.created, now_ms - STRAY_HOURS * HOUR_MS, "right"))
    last = int(np.searchsorted(strays.created, now_ms, "right"))
    known = strays.seen[first:last] <= now_ms
    return np.bincount(strays.source[first:last][known], minlength=sources)


def _seen_by(post: Resonance, now: datetime) -> Resonance:
    age_h = (now - post.created) / timedelta(hours=1)
    looks = tuple(look for look in post.looks if look.age_h <= age_h)
    return Resonance(
        uid=post.uid,
        source=post.source,
        created=post.created,
        followers=post.followers,
        looks=looks,
    )


def count_hour(
    posts: PostColumns, start_ms: int, seen_until: int, sources: int
) -> tuple[Floats, Floats, Floats]:
    """Return (posts, labelled, negative) per source of the hour that began at `start_ms`.

    The company's own posts are left out: what it writes is not what people say.
    """
    first = int(np.searchsorted(posts.created, start_ms, "left"))
    last = int(np.searchsorted(posts.created, start_ms + HOUR_MS, "left"))
    rows = slice(first, last)
    counted = (posts.role[rows] != COMPANY) & (posts.seen[rows] <= seen_until)
    source, mood = posts.source[rows][counted], posts.sentiment[rows][counted]

    def per_source(chosen: NDArray[np.int64]) -> Floats:
        return np.bincount(chosen, minlength=sources).astype(float)

    return (
        per_source(source),
        per_source(source[mood != UNKNOWN]),
        per_source(source[mood == NEGATIVE]),
    )


def unknown_hour(
    start_ms: int, first_hours: NDArray[np.int64], gaps: Sequence[Span]
) -> NDArray[np.bool_]:
    """Mark sources of which the hour is unknown: not watched yet, or in a gap."""
    unknown: NDArray[np.bool_] = first_hours > start_ms
    for gap in gaps:
        if gap.start < start_ms + HOUR_MS and gap.end > start_ms:
            unknown[gap.source] = True
    return unknown


def moment_of(ms: int) -> datetime:
    """Return a moment in UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC)

"""Cuts what is known at one moment out of columns that know more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from monitor.alerts.baselines import Baselines
from monitor.alerts.text_signs import calls_to_act, copy_key, first_tag, speaks_of_removal
from monitor.locale.words import telling_words
from monitor.types.observation import (
    COMPANY,
    EARLIER_A_DAY,
    EARLIER_DAYS,
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
    TextSigns,
)

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
STRAY_HOURS = 6
REACH = timedelta(hours=30)
"""How far back the posts of an observation go."""

READ_AT_MOST = 500
"""Signs of a text that are read for words; what it is about stands at its beginning."""

PRESS_PLATFORMS = frozenset({"rss", "feed", "news", "gdelt", "press"})
"""Platforms on which a third party is press: it reports, and is no private person."""


def read_signs(text: str) -> TextSigns:
    """Return what a text shows of the signs that the rules count."""
    return TextSigns(
        call=calls_to_act(text),
        removal=speaks_of_removal(text),
        key=copy_key(text),
        tag=first_tag(text),
        words=telling_words(text, READ_AT_MOST),
    )


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
    earlier: tuple[tuple[str, ...], ...] = (),
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
        earlier=earlier,
    )


def earlier_words(posts: PostColumns, now_ms: int, critics: Ints) -> tuple[tuple[str, ...], ...]:
    """Return words of criticism of the weeks before `now_ms`, a text each, oldest first.

    `critics` are the rows of criticism among `posts`. Of each day of the last four weeks the
    newest up to this time of day, the last day left out: as the store chooses for a live tick.
    """
    chosen: list[int] = []
    created = posts.created[critics]
    ends = now_ms - DAY_MS * np.arange(EARLIER_DAYS + 1, 0, -1)
    edges = np.searchsorted(created, ends, "right").tolist()
    for first, last in pairwise(edges):
        day = critics[max(first, last - 2 * EARLIER_A_DAY) : last]
        chosen += day[posts.seen[day] <= now_ms][-EARLIER_A_DAY:].tolist()
    return tuple(posts.words[chosen].tolist())


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

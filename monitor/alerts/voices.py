"""From posts to voices: one person is one voice, and a text copied by many is one voice too.

Fifty posts of one angry man and five hundred copies of one bot are one voice each: what makes a
storm is that different people say it in their own words (Lamba, Malik, Pfeffer 2015: storms do
not grow out of existing networks).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from monitor.types.observation import COMPANY, NEGATIVE, UNKNOWN, Observation, PostColumns

Rows = NDArray[np.bool_]

LEAK = 0.2
"""Share of posts about others that may pass for posts about us, generously."""


@dataclass(frozen=True, slots=True)
class Voices:
    """Who spoke in a window. `posts` holds the first post of each critical voice.

    `labelled` counts distinct voices whose mood is known, the critical ones included; `raw` is
    the number of critical posts before authors and copies were joined, `loudest` the share of
    them that the two most active authors wrote (0 where authors are unknown).
    """

    posts: PostColumns
    labelled: int
    raw: int
    loudest: float = 0.0

    @property
    def critical(self) -> int:
        """Distinct critical voices."""
        return len(self.posts)

    @property
    def share(self) -> float:
        """Critical voices among those whose mood is known, 0..1."""
        return self.critical / self.labelled if self.labelled else 0.0


def in_window(posts: PostColumns, end_ms: int, length: timedelta) -> slice:
    """Return the rows written in (end - length, end]; `posts` are ordered by time."""
    start_ms = end_ms - round(length.total_seconds() * 1000)
    first = int(np.searchsorted(posts.created, start_ms, "right"))
    last = int(np.searchsorted(posts.created, end_ms, "right"))
    return slice(first, last)


def originals(posts: PostColumns) -> Rows:
    """Mark the first post of each text; later copies by whomever are not marked."""
    _, first = np.unique(posts.key, return_index=True)
    marked = np.zeros(len(posts), dtype=bool)
    marked[first] = True
    return marked


def distinct(authors: NDArray[np.int64]) -> Rows:
    """Mark each author's first row; posts without a known author stand for themselves."""
    marked = authors < 0
    _, first = np.unique(authors, return_index=True)
    marked[first] = True
    return marked


def find_voices(posts: PostColumns, original: Rows) -> Voices:
    """Return the voices of a window; the company's own posts are none.

    Who was critical once counts as critical, whatever else they wrote.
    """
    others = (posts.role != COMPANY) & (posts.sentiment != UNKNOWN)
    negative = others & (posts.sentiment == NEGATIVE)
    critical = np.flatnonzero(negative & original)
    critical = critical[distinct(posts.author[critical])]
    # Kind words are alike without being copies ("Respect to the team!"): all of them count.
    rest = np.flatnonzero(others & ~negative)
    rest = rest[distinct(posts.author[rest])]
    known = posts.author[critical]
    rest = rest[(posts.author[rest] < 0) | ~np.isin(posts.author[rest], known[known >= 0])]
    authors = posts.author[negative]
    _, counts = np.unique(authors[authors >= 0], return_counts=True)
    raw = int(negative.sum())
    loudest = float(np.sort(counts)[-2:].sum() / raw) if raw and len(counts) else 0.0
    return Voices(posts.where(critical), len(critical) + len(rest), raw, loudest)


def without_leaks(voices: Voices, strays: NDArray[np.int64]) -> Voices:
    """Take off as many critics of each source as strays are likely to have slipped in there.

    When the news of a storm front that bears our name floods a search, a classifier that is right
    nine times in ten still lets a dozen of its posts through as criticism of us.
    """
    likely = np.ceil(LEAK * strays).astype(int)
    keep = np.ones(len(voices.posts), dtype=bool)
    for source in np.flatnonzero(likely):
        keep[np.flatnonzero(voices.posts.source == source)[: likely[source]]] = False
    dropped = int((~keep).sum())
    if not dropped:
        return voices
    return Voices(voices.posts.where(keep), voices.labelled - dropped, voices.raw, voices.loudest)


def newcomers(voices: PostColumns, now_ms: int, history_h: float, least_h: float) -> float | None:
    """Return the share of voices first heard of within the last day; None where not known.

    Without authors, or while the store is younger than the least history, nobody can be called
    new.
    """
    known = voices.author >= 0
    if history_h < least_h or known.sum() < max(3, len(voices) / 2):
        return None
    day_ms = 24 * 3_600_000
    return float((voices.first_seen[known] > now_ms - day_ms).mean())


def now_ms(observation: Observation) -> int:
    """Return the observation's moment in milliseconds."""
    return round(observation.now.timestamp() * 1000)

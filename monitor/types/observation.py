"""What the rules look at: posts as columns, so that a thousand sources cost as little as one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

UNKNOWN = -1
NEGATIVE, NEUTRAL, POSITIVE = 0, 1, 2
"""Codes of `sentiment`; `UNKNOWN` where nobody has labelled the post yet."""

CUSTOMER, COMPANY, THIRD_PARTY, OTHER = 0, 1, 2, 3
"""Codes of `role`."""

NEVER = np.iinfo(np.int64).max
"""A moment that has not come."""

EARLIER_DAYS, EARLIER_A_DAY = 28, 30
"""Days whose criticism shows what is usual, and how many texts of each are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostColumns:
    """Posts that count (no spam, no strangers, no copies), ordered by `created`.

    One entry a post in every column. Times are milliseconds since 1970. `source`, `platform` and
    `author` are numbers that stand for names (`author` -1: unknown; `key` tells copies: equal
    for texts with the same words, unique for others). `first_seen` is when the author's first
    post came. `under_own` is when the company's post above it was written (-1: there is none).
    `words` are the telling words of criticism that was read, () elsewhere.
    """

    uid: NDArray[np.object_]
    created: Ints
    seen: Ints
    source: Ints
    platform: Ints
    author: Ints
    first_seen: Ints
    role: Ints
    sentiment: Ints
    toxic: Flags
    call: Flags
    about_removal: Flags
    key: Ints
    tag: Ints
    followers: Floats
    under_own: Ints
    words: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.created)

    def where(self, rows: NDArray[np.bool_] | NDArray[np.intp] | slice) -> PostColumns:
        """Return the chosen rows, in order."""
        return PostColumns(**{name: getattr(self, name)[rows] for name in self.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSigns:
    """What the rules count in one text.

    Whether it calls to act and speaks of `removal`; a `key` that copies share (None: too short
    to tell); its first hashtag; the `words` that tell something, each once, as written.
    """

    call: bool
    removal: bool
    key: int | None
    tag: str | None
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """A post's likes and comments at an age in hours. Comments are the greater of told and seen."""

    age_h: float
    interactions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Resonance:
    """One post of the company and how people reacted to it so far, oldest look first.

    `followers` is the number that its source had then, None where unknown.
    """

    uid: str
    source: str
    created: datetime
    followers: int | None
    looks: tuple[Look, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """A time [`start`, `end`) in milliseconds in which a source (its number) is unknown."""

    source: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Strays:
    """Posts that were left out as being about others: when written, when seen (ms), where."""

    created: Ints
    seen: Ints
    source: Ints


@dataclass(frozen=True, slots=True)
class Removals:
    """What moderators removed, ordered by the moment of it (ms); how old the post was is no matter.

    `civil` marks criticism that was not hostile: what may not go unseen.
    """

    at: Ints
    source: Ints
    civil: Flags
    uid: NDArray[np.object_]

    def where(self, rows: NDArray[np.bool_] | NDArray[np.intp] | slice) -> Removals:
        """Return the chosen rows, in order."""
        return Removals(self.at[rows], self.source[rows], self.civil[rows], self.uid[rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Everything that the rules see at `now`: nothing that was learnt later is in it.

    `posts` are those written in the last 30 hours (older ones do not move a rule) and seen by
    now. `strays` counts, for each source, posts of the last six hours that were left out as being
    about others. `removals` go back as far as the rule about them asks, and are earlier than now.
    `gaps` reach into these days. `own_posts` are the company's newest with their
    reactions; `history_h` is for how many hours each source has been watched. `earlier` are the
    telling words of criticism of the weeks before, a text each, oldest first.
    """

    now: datetime
    sources: tuple[str, ...]
    platforms: tuple[str, ...]
    press: tuple[bool, ...]
    posts: PostColumns
    strays: Ints
    removals: Removals
    gaps: tuple[Span, ...]
    history_h: Floats
    own_posts: tuple[Resonance, ...] = ()
    earlier: tuple[tuple[str, ...], ...] = ()

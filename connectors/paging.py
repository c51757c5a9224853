"""Pieces of listings: what a walk yields, how records become a page; and walks forward by key.

A walker knows no platform. It is given a function that asks for one piece of a listing, and
yields steps; each step's cursor is a place from which a later run goes on. `backward.py` walks
listings that answer newest first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from itertools import islice
from typing import Any, TypeVar

from connectors.errors import BadResponse
from connectors.types import (
    Budget,
    Counts,
    Cursor,
    Followers,
    Gap,
    Json,
    Page,
    Post,
    Rejected,
    Source,
    Tombstone,
)

T = TypeVar("T")
Found = Post | Tombstone | Iterable[Post | Tombstone] | None
"""What a record turns out to be: a post, the end of one, several of these, or nothing of ours."""

UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError)
"""What a garbled record may raise while it is parsed; anything else is a bug of ours."""


S = TypeVar("S")
A = TypeVar("A")


def guarded(
    walk: Callable[[S, Source, A], Iterator[Page]],
) -> Callable[[S, Source, A], Iterator[Page]]:
    """Make `fetch` and `refresh` keep their word: a kind of ConnectorError, nothing else.

    What an answer of an unexpected shape raises outside of its records is a BadResponse: the API
    changed or we misread it. The cause stays chained, so that a bug of ours can be found.
    """

    @wraps(walk)
    def read(self: S, source: Source, asked: A) -> Iterator[Page]:
        try:
            yield from walk(self, source, asked)
        except UNREADABLE as error:
            raise BadResponse(
                f"an answer is not of the shape that we know ({type(error).__name__}: {error}); "
                "the API may have changed",
                source=source.name,
            ) from error

    return read


@dataclass(frozen=True, slots=True)
class Listing:
    """One answer: its raw records, and what to ask with for the next piece (None: no more)."""

    items: Sequence[Json]
    next: Json = None


@dataclass(frozen=True, slots=True)
class Step:
    """One piece of a walk: raw records, the cursor behind them, and the thread they belong to."""

    items: Sequence[Json]
    cursor: Cursor
    thread: Json = None


def parse_each(
    items: Iterable[Json], parse: Callable[[Json], T]
) -> tuple[list[T], tuple[Rejected, ...]]:
    """Parse records one by one: a garbled one is kept with its reason, its neighbours arrive."""
    parsed: list[T] = []
    rejected: list[Rejected] = []
    for raw in items:
        try:
            parsed.append(parse(raw))
        except UNREADABLE as error:
            rejected.append(Rejected(f"{type(error).__name__}: {error}", raw))
    return parsed, tuple(rejected)


def make_page(
    items: Iterable[Json],
    parse: Callable[[Json], Found],
    cursor: Cursor,
    *,
    budget: Budget | None = None,
    followers: tuple[Followers, ...] = (),
    gaps: tuple[Gap, ...] = (),
    counts: tuple[Counts, ...] = (),
) -> Page:
    """Turn raw records into a page. A post that comes twice in it keeps its last word."""
    # several at once are listed here, so that a garbled part rejects its own record only
    found, bad = parse_each(items, lambda raw: _listed(parse(raw)))
    flat = [one for several in found for one in several]
    posts = {one.uid: one for one in flat if isinstance(one, Post)}
    return Page(
        posts=tuple(posts.values()),
        deleted=tuple(one for one in flat if isinstance(one, Tombstone)),
        counts=counts,
        rejected=bad,
        cursor=cursor,
        budget=budget,
        followers=followers,
        gaps=gaps,
    )


def unheard_threads(posts: Iterable[Post], most: int = 10) -> list[str]:
    """Name posts that have more answers than are among `posts`, at most so many of them.

    A walk sees that a thread has grown by the count of its root, which tells direct answers only:
    answers to answers show when their own parents are asked for again.
    """
    listed = list(posts)
    heard = Counter(post.parent_id for post in listed)
    found = (p.native_id for p in listed if (p.replies or 0) > heard[p.native_id])
    return list(islice(found, most))


def _listed(found: Found) -> list[Post | Tombstone]:
    if found is None:
        return []
    return [found] if isinstance(found, Post | Tombstone) else list(found)


def key_or_none(key: Callable[[Json], T], raw: Json) -> T | None:
    """Apply `key` to a record that may be garbled."""
    try:
        return key(raw)
    except UNREADABLE:
        return None


def walk_forward(
    listing: Callable[[Json, int], Listing],
    key: Callable[[Json], Any],
    start: Json,
    page: int = 1,
    max_pages: int = 50,
) -> Iterator[Step]:
    """Walk a listing that answers oldest first from a key on, moving by key, not by page.

    `listing(after, page)` asks for what comes at or after `after`; its `next` is truthy while
    there is more. Keys are JSON values that compare. A record that changes while we read cannot
    pull others past us; page numbers serve only where a whole piece shares one key.
    Cursor: {"after", "page"}.
    """
    after = start
    for _ in range(max_pages):
        piece = listing(after, page)
        keys = [k for raw in piece.items if (k := key_or_none(key, raw)) is not None]
        largest = max(keys, default=after) if after is None else max([*keys, after])
        if piece.next and largest == after:
            page += 1
        else:
            after, page = largest, 1
        yield Step(piece.items, {"after": after, "page": page})
        if not piece.next:
            return

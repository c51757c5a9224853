"""Walkers: how to read a listing without missing a post, whatever moves while we read.

A walker knows no platform. It is given a function that asks for one piece of a listing, and
yields steps; each step's cursor is a place from which a later run goes on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from connectors.errors import BadResponse, Unavailable
from connectors.moments import parse_moment
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
    Tombstone,
)

T = TypeVar("T")
Found = Post | Tombstone | Iterable[Post | Tombstone] | None
"""What a record turns out to be: a post, the end of one, several of these, or nothing of ours."""

UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError)
"""What a garbled record may raise while it is parsed; anything else is a bug of ours."""


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


Threads = Callable[[Json], tuple[str, int] | None]
"""Names the thread under a record and tells how many posts it has; None where there is none."""


@dataclass(slots=True, kw_only=True)
class Backward:
    """Walks a listing that answers newest first, back to the mark of the last complete walk.

    The mark moves only when it has been reached: a walk that is cut leaves its place in the
    cursor, and the next run finishes it before it starts at the top. The mark is reached when
    most of a piece lies behind it, so that pinned or re-surfaced posts stop nothing. `overlap`
    is read again each time, for posts that turn up late; `deep` likewise, once per `deep_every`.
    A time in the future never becomes the mark: it would hide all that comes until then.

    A first walk reads `first_pages` even where all lies before `since`: in a quiet place the
    newest posts are old, and worth having.

    Threads under the records are read when they have grown; a run may be cut inside of them too.
    Cursor, times as ISO 8601: {"mark", "deep_at", "sizes"} and, in a cut walk, {"top", "next",
    "reached", "todo", "pieces"}.
    """

    key: Callable[[Json], datetime]
    now: datetime
    source: str
    since: datetime | None = None
    overlap: timedelta = timedelta()
    deep: timedelta = timedelta()
    deep_every: timedelta = timedelta(hours=1)
    max_pages: int = 50
    first_pages: int = 5

    def walk(
        self,
        listing: Callable[[Json], Listing],
        cursor: Cursor | None,
        threads: Threads = lambda raw: None,
        thread: Callable[[str, Json], Listing] = lambda name, place: Listing(()),
    ) -> Iterator[Step]:
        """Yield steps, newest first, each thread after the piece that named it.

        `listing(place)` asks for the piece at `place` (None: the top), `thread(name, place)` for
        a piece of a thread. Raises BadResponse where places go in circles.
        """
        state: dict[str, Any] = _copy(cursor or {})
        # first what a cut run left, then from the top
        walks = 2 if "top" in state else 1
        left = self.max_pages
        for _ in range(walks):
            floor, visited, done = self._floor(state), set[str](), False
            while not done:
                if left <= 0:
                    return
                left -= 1
                if state.get("todo"):
                    try:
                        items, name = self._thread_piece(state, thread, visited)
                    except Unavailable as error:
                        if error.retry_after is None:
                            # one thread that always fails must not hold up all others for ever
                            self._put_back(state)
                            yield Step((), _copy(state))
                        raise
                else:
                    items, name = self._piece(state, listing, threads, floor, visited), None
                done = state["reached"] and not state["todo"]
                if done:
                    self._close(state)
                yield Step(items, _copy(state), thread=name)

    def _piece(
        self,
        state: dict[str, Any],
        listing: Callable[[Json], Listing],
        threads: Threads,
        floor: datetime,
        visited: set[str],
    ) -> Sequence[Json]:
        piece = listing(state.get("next"))
        self._refuse_circles(visited, piece.next)
        keys = [k for raw in piece.items if (k := key_or_none(self.key, raw)) is not None]
        if "top" not in state:
            state["top"] = min(max(keys), self.now).isoformat() if keys else None
        behind = sum(key <= floor for key in keys)
        state["next"] = piece.next
        is_first = not state.get("mark")
        state["pieces"] = state.get("pieces", 0) + 1
        is_enough = not is_first or state["pieces"] >= self.first_pages
        state["reached"] = piece.next is None or (is_enough and 2 * behind > len(keys))
        state["todo"] = self._open_threads(
            piece.items, state, threads, _BEGINNING if is_first else floor
        )
        return piece.items

    def _thread_piece(
        self,
        state: dict[str, Any],
        thread: Callable[[str, Json], Listing],
        visited: set[str],
    ) -> tuple[Sequence[Json], str]:
        name, size, place, failures = state["todo"][0]
        piece = thread(name, place)
        if piece.next is None:
            del state["todo"][0]
            _remember(state.setdefault("sizes", {}), name, size)
        else:
            self._refuse_circles(visited, [name, piece.next])
            state["todo"][0] = [name, size, piece.next, failures]
        return piece.items, name

    def _put_back(self, state: dict[str, Any]) -> None:
        """Let a thread that failed wait behind the others; after three runs it is left out."""
        name, size, place, failures = state["todo"].pop(0)
        if failures + 1 < _MOST_FAILURES:
            state["todo"].append([name, size, place, failures + 1])
        else:
            _remember(state.setdefault("sizes", {}), name, size)

    def _floor(self, state: dict[str, Any]) -> datetime:
        """How far back this walk has to go."""
        floor = self.since or _BEGINNING
        if state.get("mark"):
            last = state.get("deep_at")
            is_due = last is None or self.now - parse_moment(last) >= self.deep_every
            back = max(self.deep, self.overlap) if is_due else self.overlap
            floor = max(floor, parse_moment(state["mark"]) - back)
            state["deepens"] = is_due
        else:
            state["deepens"] = True
        return floor

    def _open_threads(
        self, items: Sequence[Json], state: dict[str, Any], threads: Threads, floor: datetime
    ) -> list[list[Json]]:
        sizes = state.get("sizes", {})
        todo: list[list[Json]] = []
        for raw in items:
            moment, found = key_or_none(self.key, raw), key_or_none(threads, raw)
            if found is None or moment is None or moment < floor:
                continue
            name, size = found
            if size > 0 and sizes.get(name, 0) < size and all(name != known[0] for known in todo):
                todo.append([name, size, None, 0])
        return todo

    def _close(self, state: dict[str, Any]) -> None:
        """The walk is complete: only now the mark moves."""
        tops = [top for top in (state.pop("top", None), state.get("mark")) if top]
        state["mark"] = max(tops, key=parse_moment) if tops else None
        if state.pop("deepens", False):
            state["deep_at"] = self.now.isoformat()
        for name in ("next", "reached", "todo", "pieces"):
            state.pop(name, None)

    def _refuse_circles(self, visited: set[str], place: Json) -> None:
        if place is None:
            return
        name = json.dumps(place)
        if name in visited:
            raise BadResponse(
                "paging goes in circles: a page names an earlier one as the next",
                source=self.source,
            )
        visited.add(name)


def _copy(state: Json) -> Any:
    """A snapshot: what was yielded must not change while the walk goes on."""
    return json.loads(json.dumps(state))


def walk_several(
    walks: Mapping[str, Callable[[Cursor | None], Iterable[Step]]], cursor: Cursor | None
) -> Iterator[tuple[str, Step]]:
    """Walk several listings of one source, each with its own part of the cursor.

    Each run begins with the listing after the one that was finished last, so that runs which
    are always cut early starve none of them.
    """
    state: dict[str, Any] = dict(cursor or {})
    names = list(walks)
    first = names.index(state["turn"]) if state.get("turn") in names else 0
    for number, name in enumerate(names[first:] + names[:first], start=first + 1):
        for step in walks[name](state.get(name)):
            state[name] = step.cursor
            if "top" not in step.cursor:
                state["turn"] = names[number % len(names)]
            yield name, Step(step.items, dict(state), step.thread)


_BEGINNING = datetime.min.replace(tzinfo=UTC)
_SIZES_KEPT = 300
_MOST_FAILURES = 3


def _remember(sizes: dict[str, int], name: str, size: int) -> None:
    sizes.pop(name, None)
    sizes[name] = size
    for oldest in list(sizes)[: max(len(sizes) - _SIZES_KEPT, 0)]:
        del sizes[oldest]


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

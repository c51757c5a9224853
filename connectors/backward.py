"""Walks of listings that answer newest first: what is new at once, a backlog after it.

Walkers know no platform. They are given functions that ask for one piece of a listing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.errors import BadResponse, ConnectorError, Unavailable
from connectors.moments import parse_moment
from connectors.paging import Listing, Step, key_or_none
from connectors.types import Cursor, Json

Threads = Callable[[Json], tuple[str, int] | None]
"""Names the thread under a record and tells how many posts it has; None where there is none."""

_BEGINNING = datetime.min.replace(tzinfo=UTC)
_SIZES_KEPT = 300
_MOST_FAILURES = 3
_WALK = ("top", "began", "next", "reached", "todo", "pieces", "deepens", "looked")
"""Keys of the cursor that belong to the walk under way."""


@dataclass(slots=True, kw_only=True)
class Backward:
    """Walks a listing that answers newest first, back to the mark of the last complete walk.

    The mark moves only when it has been reached: a walk that is cut leaves its place in the
    cursor. The next run looks at the top first, down to where the cut walk began, so that no
    backlog holds up what is new; then it goes on with the cut walk. A look that is cut itself is
    finished before the next one begins, and between two looks the cut walk gets on by a piece at
    least: however tightly runs are cut, both come to their end.

    The mark is reached when most of a piece lies behind it, so that pinned or re-surfaced posts
    stop nothing. `overlap` is read again each time, for posts that turn up late; `deep` likewise,
    once per `deep_every`, counted from where the last such walk began: however long it took, what
    turned up behind its back is not older than that. A time in the future never becomes the mark:
    it would hide all that comes until then.

    A first walk reads `first_pages` even where all lies before `since`: in a quiet place the
    newest posts are old, and worth having.

    Threads under the records are read when they have grown; a run may be cut inside of them too.
    Cursor, times as ISO 8601: {"mark", "deep_mark", "deep_at", "sizes"}; while a walk is under
    way {"top", "began": its own first top, "next", "reached", "todo", "pieces", "deepens"}, and
    "looked" where the top was looked at since its last piece; while that walk is such a look,
    "below": the same of the cut walk that waits for it.
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
        places = _Places(self.source, state)
        is_fresh = False
        for _ in range(self.max_pages):
            if "top" not in state:
                if is_fresh:
                    return  # nothing is left to do, and the top was looked at in this run
                is_fresh = True
            elif not is_fresh and state["top"] and not state.keys() & {"below", "looked"}:
                state["below"] = _take_walk(state)
                is_fresh = True
                places.forget()
            if state.get("todo"):
                try:
                    items, name = self._thread_piece(state, thread, places)
                except (Unavailable, BadResponse) as error:
                    if getattr(error, "retry_after", None) is None and _answers(listing):
                        # one thread that always fails must not hold up all others for ever
                        _put_back(state)
                        yield Step((), _copy(state))
                    raise
            else:
                items, name = self._piece(state, listing, threads, places), None
            state.pop("looked", None)
            if state["reached"] and not state["todo"]:
                self._close(state)
                places.forget()
            yield Step(items, _copy(state), thread=name)

    def _piece(
        self,
        state: dict[str, Any],
        listing: Callable[[Json], Listing],
        threads: Threads,
        places: _Places,
    ) -> Sequence[Json]:
        piece = places.ask(listing, state)
        floor = self._floor(state)
        keys = [k for raw in piece.items if (k := key_or_none(self.key, raw)) is not None]
        if "top" not in state:
            state["top"] = min(max(keys), self.now).isoformat() if keys else None
            state["began"] = state["top"]
        behind = sum(key <= floor for key in keys)
        state["next"] = piece.next
        is_first = not state.get("mark") and "below" not in state
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
        places: _Places,
    ) -> tuple[Sequence[Json], str]:
        name, size, place, failures = state["todo"][0]
        piece = thread(name, place)
        if piece.next is None:
            del state["todo"][0]
            _remember(state.setdefault("sizes", {}), name, size)
        else:
            places.refuse_circles([name, piece.next])
            state["todo"][0] = [name, size, piece.next, failures]
        return piece.items, name

    def _floor(self, state: dict[str, Any]) -> datetime:
        """How far back this walk has to go: a look only down to the walk that waits for it."""
        floor = self.since or _BEGINNING
        mark = state.get("mark")
        if "below" in state:
            state["deepens"] = False
            return max(floor, parse_moment(state["below"]["top"]) - self.overlap)
        if "deepens" not in state:
            deep_at = state.get("deep_at")
            is_due = deep_at is None or self.now - parse_moment(deep_at) >= self.deep_every
            state["deepens"] = is_due or not mark
        if not mark:
            return floor
        wanted = parse_moment(mark) - self.overlap
        if state["deepens"]:
            last = state.get("deep_mark") or mark
            wanted = min(wanted, parse_moment(last) - self.deep)
        return max(floor, wanted)

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
            if not isinstance(size, int):
                continue
            if size > 0 and sizes.get(name, 0) < size and all(name != known[0] for known in todo):
                todo.append([name, size, None, 0])
        return todo

    def _close(self, state: dict[str, Any]) -> None:
        """The walk is complete: only now the mark moves, or that of the walk which waits."""
        done = _take_walk(state)
        if done.get("deepens"):
            state["deep_at"], state["deep_mark"] = self.now.isoformat(), done["began"]
        if below := state.pop("below", None):
            state |= {**below, "top": _later(done["top"], below["top"]), "looked": True}
        else:
            state["mark"] = _later(done["top"], state.get("mark"))


def walk_several(
    walks: Mapping[str, Callable[[Cursor | None], Iterable[Step]]], cursor: Cursor | None
) -> Iterator[tuple[str, Step]]:
    """Walk several listings of one source, each with its own part of the cursor.

    Each run begins with the listing after the one that was at work last, so that runs which are
    always cut early starve none of them, and the backlog of one holds up no other.
    """
    state: dict[str, Any] = dict(cursor or {})
    names = list(walks)
    first = names.index(state["turn"]) if state.get("turn") in names else 0
    for number, name in enumerate(names[first:] + names[:first], start=first + 1):
        for step in walks[name](state.get(name)):
            state[name], state["turn"] = step.cursor, names[number % len(names)]
            yield name, Step(step.items, dict(state), step.thread)


class _Places:
    """The places of a listing: those kept from the last run may have expired meanwhile, those of
    this run come once."""

    def __init__(self, source: str, state: Mapping[str, Any]) -> None:
        walks = (state, state.get("below", {}))
        self._kept = {json.dumps(walk["next"]) for walk in walks if walk.get("next") is not None}
        self._source = source
        self._visited: set[str] = set()

    def ask(self, listing: Callable[[Json], Listing], state: dict[str, Any]) -> Listing:
        """Ask for the piece that comes next. Raises BadResponse where places go in circles."""
        place = state.get("next")
        try:
            piece = listing(place)
        except BadResponse:
            if json.dumps(place) not in self._kept:
                raise
            # platforms let their places expire; whoever begins at the top again misses nothing
            _take_walk(state)
            self._kept.clear()
            piece = listing(None)
        if piece.next is not None:
            self.refuse_circles(piece.next)
        return piece

    def refuse_circles(self, place: Json) -> None:
        """Raises BadResponse for a place that was named before."""
        name = json.dumps(place)
        if name in self._visited:
            raise BadResponse(
                "paging goes in circles: a page names an earlier one as the next",
                source=self._source,
            )
        self._visited.add(name)

    def forget(self) -> None:
        """Another walk begins: it may come by the same places."""
        self._visited.clear()


def _copy(state: Json) -> Any:
    """A snapshot: what was yielded must not change while the walk goes on."""
    return json.loads(json.dumps(state))


def _take_walk(state: dict[str, Any]) -> dict[str, Any]:
    """Take the walk under way out of the cursor."""
    return {name: state.pop(name) for name in _WALK if name in state}


def _later(one: str | None, other: str | None) -> str | None:
    return max((at for at in (one, other) if at), key=parse_moment, default=None)


def _answers(listing: Callable[[Json], Listing]) -> bool:
    """Whether the platform is there: where all fails, it says nothing about one thread."""
    try:
        listing(None)
    except ConnectorError:
        return False
    return True


def _put_back(state: dict[str, Any]) -> None:
    """Let a thread that failed wait behind the others; after three runs it is left out."""
    state.pop("looked", None)
    name, size, place, failures = state["todo"].pop(0)
    if failures + 1 < _MOST_FAILURES:
        state["todo"].append([name, size, place, failures + 1])
    else:
        _remember(state.setdefault("sizes", {}), name, size)


def _remember(sizes: dict[str, int], name: str, size: int) -> None:
    sizes.pop(name, None)
    sizes[name] = size
    for oldest in list(sizes)[: max(len(sizes) - _SIZES_KEPT, 0)]:
        del sizes[oldest]

"""Walks that need a trick: page numbers without an anchor, and forward walks by time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from connectors.moments import from_epoch
from connectors.paging import Listing, Step, walk_forward
from connectors.types import Cursor, Json


def piece_after(read: int, most: int, overlap: int = 5) -> tuple[int, int]:
    """Return the page number (from 1) and page size that go on after `read` records.

    Pages that are only numbered slide forward when records before them vanish, and what slides
    over the border is never seen. So each page repeats at least `overlap` records of the one
    before: the size is chosen between `most` / 2 and `most` so that a page begins just there.
    """
    start = max(read - overlap, 0)
    size = max(range(most // 2, most + 1), key=lambda size: size - start % size)
    return start // size + 1, size


def walk_by_time(
    listing: Callable[[datetime | None, int], Listing],
    key: Callable[[Json], datetime],
    cursor: Cursor | None,
    *,
    now: datetime,
    since: datetime | None,
    overlap: timedelta,
    max_pages: int,
) -> Iterator[Step]:
    """Walk a listing that answers oldest change first, by the time of the change.

    `listing(after, page)` asks for what changed at or after `after`; its `next` is truthy while
    there is more. A run after a complete one begins `overlap` earlier, for changes that turn up
    late. A time in the future never becomes the mark.
    Cursor: {"after": epoch seconds, "page"}, and "whole" after a complete walk.
    """
    state: dict[str, Any] = dict(cursor or {})
    mark, page = state.get("after"), state.get("page", 1)
    start = mark if mark is not None else _seconds(since) if since else None
    if start is not None and state.get("whole"):
        start -= overlap.total_seconds()
    more = False

    def piece(after: Json, number: int) -> Listing:
        nonlocal more
        found = listing(None if after is None else from_epoch(after), number)
        more = bool(found.next)
        return found

    for step in walk_forward(piece, lambda raw: _seconds(key(raw)), start, page, max_pages):
        if more:
            yield step
            continue
        reached = [at for at in (mark, step.cursor["after"]) if at is not None]
        after = min(max(reached), _seconds(now)) if reached else None
        yield replace(step, cursor={"after": after, "page": 1, "whole": True})


def _seconds(moment: datetime) -> int:
    return math.floor(moment.timestamp())

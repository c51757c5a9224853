"""Turns a town into lines of a posts file, in the order in which a watcher would see them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from benchmarks.weather.town import Post, Row, Town


def lines_of(town: Town) -> Iterator[Row]:
    """Yield every line, oldest sighting first; what falls after the week is left out."""
    rng = random.Random(f"sightings {town.start}")
    timed: list[tuple[datetime, Row]] = []
    lost = _lost(town)
    for post in town.posts:
        if post.at < town.end and post.id not in lost:
            seen = _seen(town, post, post.at, rng)
            timed.append((seen, _finish(post.row | {"seen_at": seen})))
    for at, post, reason in town.removals:
        if at < town.end and post.id not in lost:
            seen = _seen(town, post, at, rng)
            gone = {"deleted_at": at, "deleted_reason": reason, "seen_at": seen}
            timed.append((seen, _finish(post.row | gone)))
    timed += [(at, _finish(row)) for at, row in town.other]
    for outage in town.outages:
        if outage.lost:
            gap = {"type": "gap", "source": outage.place.source, "from": outage.begin}
            timed.append((outage.end, _finish(gap | {"to": outage.end})))
    timed.sort(key=lambda pair: pair[0])
    for _, line in timed:
        yield line


def rfc3339(at: datetime) -> str:
    """Return `at` as posts files write it, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _lost(town: Town) -> set[str]:
    return {
        post.id
        for outage in town.outages
        for post in town.posts
        if outage.lost and outage.place is post.place and outage.begin <= post.at < outage.end
    }


def _seen(town: Town, post: Post, at: datetime, rng: random.Random) -> datetime:
    """Return when the watcher sees it: at the next look, or when an outage is over."""
    for outage in town.outages:
        if outage.place is post.place and outage.begin <= at < outage.end:
            return outage.end + timedelta(seconds=rng.randint(1, 900))
    look = timedelta(minutes=post.place.poll_min)
    return at + look - (at - town.begin) % look


def _finish(row: Row) -> Row:
    return {
        key: rfc3339(value) if isinstance(value, datetime) else value
        for key, value in row.items()
        if value is not None
    }

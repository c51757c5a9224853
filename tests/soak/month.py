"""A month of a service in an hour: every hour what `run` does, with a clock that is moved on.

    python -m tests.soak.month STORE DAYS SOURCES

Prints memory (bytes) and open files after each day, as JSON a line; leaves with 1 if the store
does not hold every post in the end, its log is damaged, or retention left something behind.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from connectors.errors import Unavailable
from connectors.types import Account, Cursor, Page, Post, Source
from monitor.app import App
from monitor.config import parse_settings
from tests.fakes import FakeClassifier, FakeConnector, make_post

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
HISTORY_DAYS = 14
"""A first fetch brings what was written before, as it does from real platforms."""


class Town(FakeConnector):
    """Every source gets a post every two hours; each eleventh call fails as platforms do."""

    def __init__(self) -> None:
        super().__init__([])
        self.now = START
        self.rnd = random.Random(5)
        self.calls = 0

    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        self.calls += 1
        if self.calls % 11 == 0:  # not 10: with 100 sources it would always be the same ones
            told = self.rnd.choice(("name resolution failed", "connection reset", "timed out"))
            raise Unavailable(f"{source.name}: {told}; it is tried again", source=source.name)
        oldest = START - timedelta(days=HISTORY_DAYS)
        since = oldest if cursor is None else datetime.fromisoformat(cursor["until"])
        posts: list[Post] = []
        at = since
        while at + 2 * HOUR <= self.now:
            at += 2 * HOUR
            posts.append(
                make_post(
                    f"{source.name}-{at:%m%d%H}",
                    "Alles gut!" if self.rnd.random() < 0.3 else "Der Deckel klemmt",
                    source=source.name,
                    author=Account(id=f"u{self.rnd.randrange(500)}"),
                    created_at=at,
                    likes=self.rnd.randrange(9),
                )
            )
        yield Page(posts=tuple(posts), cursor={"until": at.isoformat()})


def build(path: Path, sources: int) -> tuple[App, Town]:
    settings = parse_settings(
        {
            "sources": [{"name": f"s{n}", "platform": "rss"} for n in range(sources)],
            "retention": {"raw": "2d", "texts": "10d", "handles": "5d", "counts": "3d"},
        },
        "soak",
    )
    town = Town()
    app = App(settings, path, clock=lambda: town.now)
    app.places.connector = lambda _platform: town  # type: ignore[assignment,method-assign,return-value]
    app.__dict__["classifier"] = FakeClassifier()
    app.store.db.keep_small()
    return app, town


def live(app: App, town: Town, hours: int) -> Iterator[int]:
    """Do every hour what `run` does, and yield each day that is over."""
    for hour in range(hours):
        town.now += HOUR
        if hour % 3 == 0:
            for source in app.places.sources():
                app.fetch_one(source)
        app.label()
        app.tick()
        if hour % 24 == 23:
            app.guard.retain()
            app.digest("day")
            yield hour // 24


def posts_due(hours: int, sources: int) -> int:
    return (HISTORY_DAYS * 24 + hours) // 2 * sources


def main() -> None:
    path, days, sources = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    app, town = build(path, sources)
    process = psutil.Process()
    for _day in live(app, town, days * 24):
        figures = {"memory": process.memory_info().rss, "files": process.num_fds()}
        print(json.dumps(figures), flush=True)
    for source in app.places.sources():
        app.fetch_one(source)  # what an outage left for later
        app.fetch_one(source)
    assert app.store.posts.count() == posts_due(days * 24, sources)
    assert app.guard.log.verify().ok
    app.guard.retain()
    assert app.guard.retain(dry_run=True)["texts"] == 0
    app.close()


if __name__ == "__main__":
    main()

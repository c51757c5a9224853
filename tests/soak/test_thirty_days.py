"""A simulated month of a service, driven by its own steps: memory, files, errors, odd clocks."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from connectors.errors import Unavailable
from connectors.types import Account, Cursor, Page, Post, Source
from monitor.app import App
from monitor.config import parse_settings
from monitor.errors import StoreError
from monitor.store import database
from tests.fakes import FakeClassifier, FakeConnector, make_post

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Town(FakeConnector):
    """Every source gets a post every two hours; each tenth call fails as platforms do."""

    def __init__(self) -> None:
        super().__init__([])
        self.now = START
        self.rnd = random.Random(5)
        self.calls = 0

    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        self.calls += 1
        if self.calls % 10 == 0:
            told = self.rnd.choice(("name resolution failed", "connection reset", "timed out"))
            raise Unavailable(f"{source.name}: {told}; it is tried again", source=source.name)
        since = START if cursor is None else datetime.fromisoformat(cursor["until"])
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
    app.connector = lambda _platform: town  # type: ignore[assignment,method-assign,return-value]
    app.__dict__["classifier"] = FakeClassifier()
    return app, town


def live(app: App, town: Town, hours: int) -> Iterator[int]:
    """Do every hour what `run` does, and yield each day that is over."""
    for hour in range(hours):
        town.now += HOUR
        if hour % 3 == 0:
            for source in app.sources():
                app.fetch_one(source)
        app.label()
        app.tick()
        if hour % 24 == 23:
            app.guard.retain()
            app.digest("day")
            yield hour // 24


def posts_due(hours: int, sources: int) -> int:
    return hours // 2 * sources


@pytest.mark.parametrize(
    ("days", "sources"), [(3, 6), pytest.param(30, 100, marks=pytest.mark.soak)]
)
@pytest.mark.timeout(7200)
def test_a_month_leaves_no_memory_no_file_and_no_error(
    tmp_path: Path, days: int, sources: int
) -> None:
    app, town = build(tmp_path / "store.db", sources)
    process = psutil.Process()
    memory: list[int] = []
    files: list[int] = []
    for _day in live(app, town, days * 24):
        memory.append(process.memory_info().rss)
        files.append(process.num_fds())
    for source in app.sources():
        app.fetch_one(source)  # what an outage left for later
        app.fetch_one(source)
    assert app.store.posts.count() == posts_due(days * 24, sources)
    assert files[-1] <= files[0], "no file stays open"
    print(f"memory after each day: {[size >> 20 for size in memory]} MB")
    if days >= 30:
        assert memory[-1] < memory[0] * 1.05
    assert app.guard.log.verify().ok
    assert app.guard.retain(dry_run=True)["texts"] == 0
    app.close()


@pytest.mark.parametrize("jump", [timedelta(days=-1), timedelta(days=1)])
def test_a_clock_that_jumps_a_day_loses_and_doubles_nothing(
    tmp_path: Path, jump: timedelta
) -> None:
    app, town = build(tmp_path / "store.db", 3)
    list(live(app, town, 48))
    town.now += jump
    list(live(app, town, 48))
    town.now -= jump
    list(live(app, town, 24))
    for source in app.sources():
        app.fetch_one(source)
        app.fetch_one(source)
    reached = 120 + (24 if jump > timedelta() else 0)
    held = app.store.posts.count()
    assert held >= posts_due(120, 3)
    assert held <= posts_due(reached, 3)
    with sqlite3.connect(tmp_path / "store.db") as connection:
        assert connection.execute("SELECT count(DISTINCT uid) FROM posts").fetchone() == (held,)
    connection.close()
    app.close()


def test_a_locked_store_costs_a_turn_and_the_next_one_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.1)
    app, town = build(tmp_path / "store.db", 2)
    list(live(app, town, 6))
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    town.now += 4 * HOUR
    with pytest.raises(StoreError, match="another process is writing"):
        app.fetch_one(app.sources()[0])
    other.execute("ROLLBACK")
    other.close()
    for _ in range(2):
        for source in app.sources():
            app.fetch_one(source)
    assert app.store.posts.count() == posts_due(10, 2)
    app.close()

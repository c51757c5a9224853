"""A simulated month of a service, driven by its own steps: memory, files, errors, odd clocks."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.errors import StoreError
from monitor.store import database
from tests.soak.month import HOUR, build, live, posts_due

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("days", "sources"), [(3, 6), pytest.param(30, 100, marks=pytest.mark.soak)]
)
@pytest.mark.timeout(7200)
def test_a_month_leaves_no_memory_no_file_and_no_error(
    tmp_path: Path, days: int, sources: int
) -> None:
    command = [sys.executable, "-m", "tests.soak.month", str(tmp_path / "store.db")]
    done = subprocess.run(
        [*command, str(days), str(sources)],
        env={**os.environ, **environment_of_the_unit()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    after_each_day = [json.loads(line) for line in done.stdout.splitlines()]
    memory = [day["memory"] for day in after_each_day]
    print(f"memory after each day: {[size >> 20 for size in memory]} MB")
    assert len(memory) == days
    assert after_each_day[-1]["files"] <= after_each_day[0]["files"], "no file stays open"
    if days >= 30:
        assert memory[-1] < memory[0] * 1.05
        assert memory[-1] < memory[10] * 1.01, "nothing is kept day by day"


def environment_of_the_unit() -> dict[str, str]:
    """Return the settings of the allocator with which the service is deployed."""
    unit = (ROOT / "deploy" / "sturmglas.service").read_text(encoding="utf-8")
    found = dict(re.findall(r"^Environment=(MALLOC_\w+)=(\S+)$", unit, re.MULTILINE))
    assert found, "the unit sets none"
    return found


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
    for source in app.places.sources():
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
        app.fetch_one(app.places.sources()[0])
    other.execute("ROLLBACK")
    other.close()
    for _ in range(2):
        for source in app.places.sources():
            app.fetch_one(source)
    assert app.store.posts.count() == posts_due(10, 2)
    app.close()

"""A whole pass killed at random moments: nothing lost, nothing double, and it goes on by itself."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.soak.service import PAGES, POSTS_A_PAGE, SOURCES

KILLS = int(os.environ.get("STURMGLAS_KILLS", "30"))
POSTS = SOURCES * PAGES * POSTS_A_PAGE


@pytest.mark.timeout(7200)
def test_a_service_killed_at_random_moments_loses_nothing_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    """Each pass is killed until it comes through; then another begins with an empty store."""
    whole = time.monotonic()
    subprocess.run(command(tmp_path / "calm"), check=True)
    whole = time.monotonic() - whole
    rnd = random.Random(11)
    killed = begun = 0
    while killed < KILLS:
        begun += 1
        killed += kill_until_done(tmp_path / f"pass{begun}", rnd, whole, KILLS - killed)
    assert killed == KILLS


def command(folder: Path) -> list[str]:
    """Return how the service is started that keeps and sends what it does in `folder`."""
    folder.mkdir(exist_ok=True)
    module = [sys.executable, "-m", "tests.soak.service"]
    return [*module, str(folder / "store.db"), str(folder / "sent")]


def kill_until_done(folder: Path, rnd: random.Random, whole: float, most: int) -> int:
    """Kill a pass again and again until it comes to its end by itself, or `most` times.

    `whole` is how long a calm pass takes, s. Returns the number of kills.
    """
    killed = 0
    while killed < most:
        process = subprocess.Popen(command(folder))
        try:
            code = process.wait(timeout=rnd.uniform(0.05, 0.9) * whole)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            code = process.wait()
        if code == 0:
            break
        assert code == -signal.SIGKILL, "a pass after a kill begins and ends well"
        killed += 1
        check_store(folder / "store.db")
    subprocess.run(command(folder), check=True)
    check_outcome(folder / "store.db", folder / "sent", killed)
    return killed


def check_outcome(store: Path, sent: Path, killed: int) -> None:
    """A pass that came through holds everything once, and told everything."""
    check_store(store)
    with sqlite3.connect(store) as connection:
        count = connection.execute("SELECT count(*), count(DISTINCT uid) FROM posts").fetchone()
        assert count == (POSTS, POSTS)
        assert connection.execute("SELECT count(*) FROM counts").fetchone() == (POSTS,)
        assert connection.execute("SELECT count(*) FROM labels").fetchone() == (POSTS,)
        opened = connection.execute(
            "SELECT count(*), count(DISTINCT alert) FROM alert_events WHERE event = 'opened'"
        ).fetchone()
        assert opened[0] == opened[1] > 0, "an alert opens once"
        waiting = connection.execute(
            "SELECT count(*) FROM deliveries WHERE state NOT IN ('sent', 'merged')"
        ).fetchone()
        assert waiting == (0,)
        silent = connection.execute(
            "SELECT alert FROM alert_events e WHERE event = 'opened' AND NOT EXISTS "
            "(SELECT 1 FROM deliveries d WHERE d.thread = e.alert OR d.key GLOB e.alert || '*')"
        ).fetchall()
        assert silent == [], "an alert that was saved was told"
        told = {row[0] for row in connection.execute(
            "SELECT key FROM deliveries WHERE state = 'sent'")}  # fmt: skip
    connection.close()
    arrived = Counter(sent.read_text().split("\n")[:-1])
    assert set(arrived) >= told, "what is marked as sent did arrive"
    doubles = sum(n - 1 for n in arrived.values())
    assert doubles <= killed, "at most one repeated message per crash"


def check_store(store: Path) -> None:
    """A store is whole after any kill, and a page came with its cursor or not at all."""
    if not store.exists():
        return
    with sqlite3.connect(store, timeout=30) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'posts'").fetchone():
            rows = connection.execute(
                "SELECT coalesce(json_extract(s.cursor, '$.page'), 0) * ?, "
                "(SELECT count(*) FROM posts p WHERE p.source_id = s.id) FROM sources s",
                (POSTS_A_PAGE,),
            ).fetchall()
            assert all(promised == held for promised, held in rows)
    connection.close()

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
    store, sent = tmp_path / "store.db", tmp_path / "sent"
    command = [sys.executable, "-m", "tests.soak.service", str(store), str(sent)]
    whole = time.monotonic()
    subprocess.run([*command[:3], str(tmp_path / "calm.db"), str(tmp_path / "calm")], check=True)
    whole = time.monotonic() - whole
    rnd = random.Random(11)
    killed = 0
    for _ in range(KILLS):
        process = subprocess.Popen(command)
        time.sleep(rnd.uniform(0.1, 1.0) * whole)
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        if killed and rnd.random() < 0.1:
            check_store(store)
    subprocess.run(command, check=True)
    assert killed >= KILLS // 3, "most runs were really cut"
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

"""Faults from outside: killed, locked, full, read-only, newer. Nothing is lost, nothing doubled."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from monitor.errors import StoreError
from monitor.store import database
from monitor.store.store import Store
from tests.conftest import NOW
from tests.fakes import make_post

KILLS = int(os.environ.get("STURMGLAS_KILLS", "20"))
ROWS = 30_000


@pytest.fixture(scope="module")
def backlog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("backlog") / "posts.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for n in range(ROWS):
            row = {"platform": "facebook", "source": "s", "native_id": str(n), "likes": n % 7}
            file.write(json.dumps({**row, "text": f"Beitrag Nummer {n}"}) + "\n")
    return path


def test_an_import_killed_at_any_moment_goes_on_without_loss_or_double(
    backlog: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store.db"
    command = [sys.executable, "-m", "monitor", "import", str(backlog), "--db", str(store)]
    rnd = random.Random(7)
    killed = 0
    for _ in range(KILLS):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rnd.uniform(0.1, 1.2))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        if store.exists():
            assert count(store) % 5_000 == 0, "a batch arrives whole or not at all"
    assert killed, "at least one run was really cut"
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["new"] + answer["unchanged"] == ROWS
    assert count(store) == ROWS
    with sqlite3.connect(store) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        looks = connection.execute("SELECT count(*) FROM counts").fetchone()[0]
        assert looks == ROWS
        found = connection.execute("SELECT count(*) FROM posts_fts WHERE posts_fts MATCH 'nummer'")
        assert found.fetchone()[0] == ROWS


def count(store: Path) -> int:
    with sqlite3.connect(store, timeout=30) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM posts").fetchone()[0])
        except sqlite3.OperationalError:
            return 0  # killed before the tables were made


def test_an_interrupted_import_finishes_its_batch_and_leaves_with_130(
    backlog: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store.db"
    command = [sys.executable, "-m", "monitor", "import", "-", "--source", "s", "--db", str(store)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        rows = backlog.read_bytes().splitlines(keepends=True)
        process.stdin.write(b"".join(rows[:6_000]))
        process.stdin.flush()
        deadline = time.monotonic() + 30
        while count(store) < 5_000 if store.exists() else True:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(BrokenPipeError):  # it may have left between two batches
            process.stdin.write(b"".join(rows[6_000:12_000]))
            process.stdin.close()
        assert process.wait(30) == 130
    assert count(store) in (5_000, 10_000)


def test_a_store_that_was_killed_while_it_was_being_made_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE _sqlite_migrations (id INTEGER PRIMARY KEY, migration_set TEXT, "
            "name TEXT, applied_at TEXT)"
        )
    connection.close()
    store = Store(path)
    assert store.ingest.save_posts([make_post()], NOW).new == 1
    store.close()


def test_a_locked_store_is_said_to_be_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.1)
    path = tmp_path / "store.db"
    Store(path).close()
    store = Store(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="another process is writing"):
        store.ingest.save_posts([make_post()], NOW)
    other.execute("ROLLBACK")
    assert store.ingest.save_posts([make_post()], NOW).new == 1
    store.close()
    other.close()


def test_two_processes_may_have_the_store_open_at_once(tmp_path: Path) -> None:
    one, other = Store(tmp_path / "store.db"), Store(tmp_path / "store.db")
    one.ingest.save_posts([make_post("1")], NOW)
    other.ingest.save_posts([make_post("2")], NOW)
    assert one.posts.count() == other.posts.count() == 2
    one.close()
    other.close()


def test_a_full_disk_is_said_and_nothing_is_half_written(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.db")
    pages = store.db.value("PRAGMA page_count")
    store.db.connection.execute(f"PRAGMA max_page_count = {pages + 20}")
    many = [make_post(str(n), f"Beitrag {n} " * 40) for n in range(2_000)]
    with pytest.raises(StoreError, match="disk is full"):
        store.ingest.save_posts(many, NOW)
    assert store.posts.count() == 0
    store.db.connection.execute("PRAGMA max_page_count = 1000000")
    assert store.ingest.save_posts(many, NOW).new == 2_000
    store.close()


def test_a_store_of_a_newer_version_is_refused_with_a_clear_message(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    Store(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
            "VALUES ('posts', 'from_the_future', '2030-01-01')"
        )
    connection.close()
    with pytest.raises(StoreError, match=r"newer Sturmglas.*from_the_future"):
        Store(path)


@pytest.mark.parametrize(
    "content", [b"no database at all" * 100, b"SQLite format 3\0" + b"x" * 500]
)
def test_a_file_that_is_no_store_is_named_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"store\.db"):
        Store(path)
    assert path.read_bytes() == content


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist; create it"):
        Store(tmp_path / "nowhere" / "store.db")

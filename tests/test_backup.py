"""Backup, restore and upgrade: nothing is lost, nothing half-replaced."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.app import App
from monitor.backup import restore_backup, save_backup
from monitor.config import Settings
from monitor.errors import StoreError, UsageError
from monitor.store.store import Store
from tests.conftest import NOW
from tests.fakes import make_post

SCHEMAS = sorted((Path(__file__).parent / "fixtures" / "schema").glob("*.sql"))


def open_app(path: Path) -> App:
    return App(Settings(), path, clock=lambda: NOW)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    opened = open_app(tmp_path / "store.db")
    opened.store.ingest.save_posts([make_post(str(n)) for n in range(500)], NOW)
    yield opened
    opened.close()


def test_a_backup_is_a_whole_store_with_its_keys(app: App, tmp_path: Path) -> None:
    app.guard.object("facebook:u9")
    copied = save_backup(app, tmp_path / "copy.db")
    assert (copied.posts, copied.keys) == (500, True)
    other = open_app(tmp_path / "copy.db")
    assert other.keys.id == app.keys.id
    assert other.store.posts.count() == 500
    assert other.guard.log.verify().ok
    other.close()
    assert (tmp_path / "copy.db").stat().st_mode & 0o077 == 0


def test_a_backup_made_while_others_write_is_one_moment(app: App, tmp_path: Path) -> None:
    stop = threading.Event()
    writer = open_app(tmp_path / "store.db")
    assert writer.store.posts.count() == 500

    def write() -> None:
        number = 1_000
        while not stop.is_set():
            pair = [make_post(str(number)), make_post(str(number + 1))]
            writer.store.ingest.save_posts(pair, NOW)
            number += 2

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for n in range(5):
            assert save_backup(app, tmp_path / f"copy{n}.db").posts % 2 == 0
    finally:
        stop.set()
        thread.join()
        writer.close()


def test_a_backup_overwrites_nothing_unasked(app: App, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("mine")
    with pytest.raises(UsageError, match="exists and is left"):
        save_backup(app, tmp_path / "copy.db")
    with pytest.raises(UsageError, match="is the store itself"):
        save_backup(app, tmp_path / "store.db", force=True)
    save_backup(app, tmp_path / "copy.db", force=True)


def test_a_restore_brings_back_what_was_and_nothing_else(app: App, tmp_path: Path) -> None:
    save_backup(app, tmp_path / "copy.db")
    app.store.ingest.save_posts([make_post("later")], NOW)
    app.close()
    again = open_app(tmp_path / "store.db")
    restore_backup(again, tmp_path / "copy.db")
    assert again.store.posts.count() == 500
    assert again.guard.log.verify().ok
    assert [e.action for e in again.guard.log.entries()] == ["backup", "restored"]
    again.close()


def test_a_restore_onto_a_new_machine_brings_the_keys(app: App, tmp_path: Path) -> None:
    save_backup(app, tmp_path / "copy.db")
    (tmp_path / "new").mkdir()
    other = open_app(tmp_path / "new" / "store.db")
    restore_backup(other, tmp_path / "copy.db")
    assert other.keys.id == app.keys.id
    assert other.store.posts.count() == 500
    other.close()


@pytest.mark.parametrize("content", [b"", b"no store", b"SQLite format 3\0" + b"x" * 5000])
def test_what_is_no_backup_replaces_nothing(app: App, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.db").write_bytes(content)
    app.close()
    again = open_app(tmp_path / "store.db")
    with pytest.raises(StoreError):
        restore_backup(again, tmp_path / "bad.db")
    assert again.store.posts.count() == 500
    again.close()


def test_a_damaged_backup_is_found_before_it_replaces_anything(app: App, tmp_path: Path) -> None:
    save_backup(app, tmp_path / "copy.db")
    content = bytearray((tmp_path / "copy.db").read_bytes())
    content[8192:12288] = b"\xff" * 4096
    (tmp_path / "copy.db").write_bytes(content)
    with pytest.raises(StoreError, match=r"damaged|no backup"):
        restore_backup(app, tmp_path / "copy.db")
    assert app.store.posts.count() == 500


def test_a_restore_in_a_pipe_needs_yes(app: App, tmp_path: Path) -> None:
    save_backup(app, tmp_path / "copy.db")
    command = [sys.executable, "-m", "monitor", "--db", str(tmp_path / "store.db"), "restore"]
    asked = subprocess.run(
        [*command, str(tmp_path / "copy.db")], capture_output=True, stdin=subprocess.DEVNULL,
        text=True, check=False,
    )  # fmt: skip
    assert asked.returncode == 2
    assert "add --yes" in asked.stderr
    done = subprocess.run(
        [*command, str(tmp_path / "copy.db"), "--yes"], capture_output=True, check=False
    )
    assert done.returncode == 0


# --- upgrade ----------------------------------------------------------------------------------


def old_store(path: Path, schema: Path) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(schema.read_text(encoding="utf-8"))
    connection.close()


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda path: path.stem)
def test_the_store_of_each_release_can_be_opened(schema: Path, tmp_path: Path) -> None:
    old_store(tmp_path / "store.db", schema)
    store = Store(tmp_path / "store.db")
    assert [post.uid for post in store.posts.search("undicht")] == ["facebook:1"]
    thanks = store.posts.load("facebook:2")
    assert thanks is not None
    assert thanks.labels is not None
    assert thanks.labels.sentiment == "positive"
    assert store.ingest.save_posts([make_post("3")], NOW).new == 1
    assert store.db.value("PRAGMA integrity_check") == "ok"
    store.close()


def test_an_upgrade_leaves_a_copy_from_before(tmp_path: Path) -> None:
    old_store(tmp_path / "store.db", SCHEMAS[0])
    with sqlite3.connect(tmp_path / "store.db") as connection:
        for table in ("tombstones", "processing_log", "records", "erased_ideas"):
            connection.execute(f"DROP TABLE {table}")
        for kind, name in (("TRIGGER", "labels_of_emptied"), ("INDEX", "posts_with_raw"),
                           ("TRIGGER", "erased_ideas_stay_erased")):  # fmt: skip
            connection.execute(f"DROP {kind} IF EXISTS {name}")
        connection.execute("ALTER TABLE posts DROP COLUMN emptied_at")
        connection.execute("DELETE FROM _sqlite_migrations WHERE migration_set = 'privacy'")
    connection.close()
    store = Store(tmp_path / "store.db")
    assert store.posts.count() == 2
    store.close()
    (copy,) = tmp_path.glob("store.db.before-upgrade-*")
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT count(*) FROM posts").fetchone() == (2,)
    connection.close()


def test_a_new_store_needs_no_copy(tmp_path: Path) -> None:
    Store(tmp_path / "store.db").close()
    Store(tmp_path / "store.db").close()
    assert not list(tmp_path.glob("*before-upgrade*"))

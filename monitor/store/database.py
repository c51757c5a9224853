"""Opens the store: one SQLite file, many readers, one writer at a time.

Everything that SQLite can refuse (locked, full, read-only, newer schema) becomes a `StoreError`
that says what a person can do about it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlite_utils
from sqlite_utils import Migrations

from monitor.errors import StoreError
from monitor.store.copying import copy_store
from monitor.store.migrations import alerts, campaigns, digest, kpis, outbox, posts, privacy
from monitor.types.moments import to_ms

__all__ = [
    "MIGRATIONS",
    "Database",
    "explain",
    "from_ms",
    "optional_moment",
    "optional_ms",
    "to_ms",
]

MIGRATIONS: tuple[Migrations, ...] = (
    posts.migrations,
    digest.migrations,
    campaigns.migrations,
    alerts.migrations,
    outbox.migrations,
    privacy.migrations,
    kpis.migrations,
)
"""Sets of migrations in the order in which they are applied."""

BUSY_TIMEOUT_S = 15.0
"""How long a writer waits for another one before it gives up."""


CACHE_KB = 65_536
"""Pages that SQLite holds: an import of a million posts walks through all of the indexes."""

SMALL_CACHE_KB = 512
"""The same for a service: the system caches the file anyway (measured: a tick and a digest over a
million posts take no longer), and it would grow with the store until it is full."""


def from_ms(ms: int) -> datetime:
    """Return the moment in UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def optional_ms(moment: datetime | None) -> int | None:
    """Like `to_ms`, with None for unknown."""
    return None if moment is None else to_ms(moment)


def optional_moment(ms: int | None) -> datetime | None:
    """Like `from_ms`, with None for unknown."""
    return None if ms is None else from_ms(ms)


class Database:
    """A connection, and the only way to read and write through it.

    May be used from several threads: each transaction and each read holds the lock.
    `path` is a file, or None for a store in memory.
    """

    def __init__(self, path: Path | None, *, migrate: bool = True) -> None:
        self.path = path
        self.lock = threading.RLock()
        with self._explained():
            self.connection = self._connect()
            if migrate:
                self._migrate()

    def _connect(self) -> sqlite3.Connection:
        if self.path is not None and not self.path.parent.is_dir():
            raise StoreError(
                "{path}: the folder {parent} does not exist; create it, or name "
                "another place with --db or [store] path",
                path=self.path,
                parent=self.path.parent,
            )
        if self.path is not None and not self.path.exists():
            # People's words: for the owner's eyes. SQLite's own files take over these rights.
            with suppress(OSError):
                self.path.touch(mode=0o600)
        connection = sqlite3.connect(
            str(self.path) if self.path else ":memory:",
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = WAL")
        # NORMAL with WAL never corrupts; at worst a power cut takes the last transactions,
        # and a cursor goes with its page, so that they are fetched again.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KB}")
        connection.execute("PRAGMA temp_store = MEMORY")
        return connection

    def _migrate(self) -> None:
        db = sqlite_utils.Database(self.connection)
        self._refuse_newer(db)
        if any(migration_set.pending(db) for migration_set in MIGRATIONS):
            # A store that was killed while it was being made holds nothing to lose.
            if self.path is not None and db.table("posts").exists():
                # An upgrade that goes wrong half-way shall cost nobody their store.
                now = datetime.now(UTC)
                copy = f"{self.path.name}.before-upgrade-{now:%Y%m%dT%H%M%S}"
                copy_store(self.connection, self.path.with_name(copy))
            for migration_set in MIGRATIONS:
                migration_set.apply(db)

    def _refuse_newer(self, db: sqlite_utils.Database) -> None:
        if not db.table("_sqlite_migrations").exists():
            return
        known = {(s.name, m.name) for s in MIGRATIONS for m in s._migrations}
        rows = self.connection.execute("SELECT migration_set, name FROM _sqlite_migrations")
        newer = sorted(
            {name for set_name, name in map(tuple, rows) if (set_name, name) not in known}
        )
        if newer:
            raise StoreError(
                "{path}: written by a newer Sturmglas (its schema has {newer}); "
                "install that version, or restore a backup made with this one",
                path=self.path,
                newer=", ".join(newer),
            )

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything inside is written, or nothing is. Nested use joins the outer transaction."""
        with self.lock, self._explained():
            if self.connection.in_transaction:
                yield self.connection
                return
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
            except BaseException:
                self.connection.rollback()
                raise
            self.connection.execute("COMMIT")

    def rows(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        with self.lock, self._explained():
            return self.connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        with self.lock, self._explained():
            row: sqlite3.Row | None = self.connection.execute(sql, parameters).fetchone()
            return row

    def value(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> Any:
        """Return the first column of the first row, or None."""
        row = self.row(sql, parameters)
        return None if row is None else row[0]

    def keep_small(self) -> None:
        """Hold few pages in memory from now on, as a program does that runs for months."""
        with self.lock:
            self.connection.execute(f"PRAGMA cache_size = -{SMALL_CACHE_KB}")

    def close(self) -> None:
        """Close the connection; the object is of no use afterwards."""
        self.connection.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise StoreError(
                "{path}: {error}", path=self.path or "store in memory", error=explain(error)
            ) from error
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
                raise  # a bug of ours, not an outage
            raise StoreError(
                "{path}: {error}; this is no store of Sturmglas, or it is damaged: "
                "restore a backup, or name another file",
                path=self.path,
                error=error,
            ) from error


def explain(error: sqlite3.OperationalError) -> str:
    """Turn SQLite's complaint into a fact and a remedy."""
    complaint = str(error)
    remedies = {
        "locked": "another process is writing; wait for it, or stop it, and run again",
        "full": "the disk is full; make room and run again, nothing was half-written",
        "readonly": "the file or its folder is read-only; change its rights, or name another store",
        "unable to open": "cannot be opened; check the path and the rights of its folder",
        "disk I/O": "the disk reported an error; check it, then run again",
    }
    for sign, remedy in remedies.items():
        if sign in complaint:
            return f"{complaint}: {remedy}"
    return complaint

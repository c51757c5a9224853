"""Copies of the store: made while others write, checked, and put back in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from monitor.errors import StoreError

PAGES_A_STEP = 4096
"""Pages copied before others may write again: 16 MB."""

Steps = Callable[[int, int], None]
"""Told after each step: pages done, pages in all."""


def copy_store(
    connection: sqlite3.Connection, target: Path, steps: Steps = lambda _done, _all: None
) -> None:
    """Copy an open store to a new file, as it is at one moment, and check the copy.

    The file appears under its name only when it is whole. Raises StoreError.
    """
    draft = target.with_name(target.name + ".part")
    draft.unlink(missing_ok=True)
    try:
        draft.touch(mode=0o600, exist_ok=False)
        with closing(sqlite3.connect(draft)) as copy:
            connection.backup(copy, pages=PAGES_A_STEP, progress=_told(steps))
            copy.execute("PRAGMA journal_mode = DELETE")
        check_store(draft)
        draft.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            "{file}: the copy failed: {error}; make room, or name another place",
            file=target,
            error=error,
        ) from error
    finally:
        draft.unlink(missing_ok=True)


def check_store(path: Path) -> int:
    """Return how many posts a copy holds. Raises StoreError for a damaged one or another file."""
    if not path.is_file():
        raise StoreError("{file}: no such file; name one that `sturmglas backup` wrote", file=path)
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as copy:
            found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if found != "ok":
                raise StoreError(
                    "{file}: damaged ({found}); take another backup", file=path, found=found
                )
            copy.execute("SELECT count(*) FROM _sqlite_migrations").fetchone()
            return int(copy.execute("SELECT count(*) FROM posts").fetchone()[0])
    except sqlite3.Error as error:
        raise StoreError("{file}: no backup of a store: {error}", file=path, error=error) from error


def put_back(
    source: Path, connection: sqlite3.Connection, steps: Steps = lambda _done, _all: None
) -> None:
    """Replace everything in an open store by a copy, in one transaction. Raises StoreError.

    Killed in the middle, the store is as it was before.
    """
    try:
        with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as copy:
            copy.backup(connection, pages=-1, progress=_told(steps))
    except sqlite3.Error as error:
        raise StoreError(
            "{file}: cannot be put back: {error}; stop `sturmglas run` and whoever reads the "
            "store, then run again; nothing was changed",
            file=source,
            error=error,
        ) from error


def _told(steps: Steps) -> Callable[[int, int, int], None]:
    return lambda _status, left, total: steps(total - left, total)

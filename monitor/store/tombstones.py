"""Tombstones: keyed hashes of what must not come back, in the store and in a file beside it.

The file `<store>.tombstones` outlives the store: a backup that is put back, or a file that is
imported anew, meets it. It and the table are brought together whenever the store is opened; for
each kind and key the latest moment wins, so that joining two of them is always safe.

The kinds:
`erased` an account: what it wrote up to that moment stays away; `objected` and `withdrawn` an
account: nothing is collected between the two; `post` the uid of an erased post;
`handle` a handle: masked where others mention it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from monitor.errors import StoreError
from monitor.store.database import Database

Kind = Literal["erased", "objected", "withdrawn", "post", "handle"]
KINDS = get_args(Kind)
FIRST_LINE = "sturmglas tombstones v1 key "


@dataclass(frozen=True, slots=True)
class Tombstone:
    """`key` is the keyed hash (hex) of an account, a uid or a handle; `at` is ms since 1970."""

    kind: Kind
    key: str
    at: int


class Tombstones:
    """The tombstones of one store. `key_id` names the operator's key that made them."""

    def __init__(self, db: Database, path: Path | None) -> None:
        self.db = db
        self.path = path

    def load(self) -> dict[tuple[str, str], int]:
        """Return (kind, key) -> moment in ms of all tombstones of the store."""
        rows = self.db.rows("SELECT kind, key, at FROM tombstones")
        return {(row[0], row[1]): row[2] for row in rows}

    def version(self) -> str:
        """Return a text that changes whenever a tombstone is added, also by another process."""
        return str(self.db.value("SELECT value FROM meta WHERE key = 'tombstones'") or "")

    def save(self, stones: Iterable[Tombstone]) -> None:
        """Add tombstones to the table."""
        with self.db.transaction() as connection:
            connection.executemany(
                "INSERT INTO tombstones (kind, key, at) VALUES (?, ?, ?) "
                "ON CONFLICT (kind, key) DO UPDATE SET at = max(at, excluded.at)",
                [(stone.kind, stone.key, stone.at) for stone in stones],
            )
            connection.execute(
                "INSERT INTO meta (key, value) VALUES ('tombstones', '1') "
                "ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + 1"
            )

    def append(self, stones: Iterable[Tombstone], key_id: str) -> None:
        """Add tombstones to the file, on the disk before this returns."""
        if self.path is None:
            return
        lines = [f"{stone.kind} {stone.at} {stone.key}\n" for stone in stones]
        try:
            fresh = not self.path.exists() or not self.path.stat().st_size
            with self.path.open("a", encoding="ascii") as file:
                # A newline first ends a line that a kill may have cut.
                file.write(f"{FIRST_LINE}{key_id}\n" if fresh else "\n")
                file.writelines(lines)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StoreError(
                "{file}: cannot be written ({error}); without it an erasure would not "
                "outlive a restored backup: make room or change the rights, then run again",
                file=self.path,
                error=error,
            ) from error

    def read(self, path: Path | None = None) -> tuple[list[Tombstone], str | None]:
        """Return the tombstones of a file (default: ours) and the id of the key that made them.

        A line that was cut by a kill is left out: whoever wrote it had not gone on yet.
        """
        path = path or self.path
        if path is None or not path.exists():
            return [], None
        try:
            lines = path.read_text(encoding="ascii").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise StoreError(
                "{file}: cannot be read ({error}); restore it from a backup, "
                "for it keeps erased persons erased",
                file=path,
                error=error,
            ) from error
        key_id = next((x.removeprefix(FIRST_LINE) for x in lines if x.startswith(FIRST_LINE)), None)
        return [stone for line in lines if (stone := _parse(line)) is not None], key_id


def _parse(line: str) -> Tombstone | None:
    parts = line.split()
    if len(parts) != 3 or parts[0] not in KINDS or not parts[1].isdigit() or len(parts[2]) != 32:
        return None
    kind: Kind = parts[0]  # type: ignore[assignment]  # checked against KINDS above
    return Tombstone(kind, parts[2], int(parts[1]))

"""Versions of the record of processing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from monitor.store.database import Database, from_ms, to_ms


class Records:
    """Keeps each version that differed from the one before."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def last(self) -> tuple[datetime, Mapping[str, Any]] | None:
        """Return (when, record) of the newest version."""
        row = self.db.row("SELECT at, body FROM records ORDER BY id DESC LIMIT 1")
        return None if row is None else (from_ms(row["at"]), json.loads(row["body"]))

    def save(self, at: datetime, record: Mapping[str, Any]) -> None:
        """Keep a version."""
        with self.db.transaction() as connection:
            connection.execute(
                "INSERT INTO records (at, body) VALUES (?, ?)",
                (to_ms(at), json.dumps(record, ensure_ascii=False)),
            )

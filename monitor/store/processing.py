"""The processing log: what was done with personal data, append-only and chained by keyed hashes.

Each entry's hash covers the one before it, under the operator's key, which lies beside the store
and not in it: whoever can only write to the store cannot make a chain that verifies. The file
`<store>.log-head` remembers how long the chain was, so that a cut end is noticed too.
"""

from __future__ import annotations

import hmac
import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from monitor.store.database import Database, from_ms, to_ms

START = "0" * 64


@dataclass(frozen=True, slots=True)
class Entry:
    """One act. `subject` is the keyed hash of an account, never its name; `facts` are numbers."""

    seq: int
    at: datetime
    action: str
    subject: str | None
    facts: Mapping[str, Any]
    hash: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a look at the whole chain found; `first_bad` is the number of the first bad entry."""

    ok: bool
    entries: int
    first_bad: int | None = None
    why: str | None = None


class ProcessingLog:
    """Writes, reads and verifies the log. `key` is the operator's, for the chain."""

    def __init__(self, db: Database, key: bytes, head: Path | None) -> None:
        self.db = db
        self.key = key
        self.head = head

    def add(
        self, action: str, at: datetime, facts: Mapping[str, Any], subject: str | None = None
    ) -> Entry:
        """Append an entry. It is part of the transaction around it, if there is one."""
        with self.db.transaction() as connection:
            last = connection.execute(
                "SELECT seq, hash FROM processing_log ORDER BY seq DESC LIMIT 1"
            ).fetchone()
            seq, before = (last["seq"] + 1, last["hash"]) if last else (1, START)
            body = json.dumps(dict(facts), ensure_ascii=False, sort_keys=True, default=str)
            hashed = self._hash(before, seq, to_ms(at), action, subject, body)
            connection.execute(
                "INSERT INTO processing_log (seq, at, action, subject, facts, hash) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (seq, to_ms(at), action, subject, body, hashed),
            )
        return Entry(seq, at, action, subject, facts, hashed)

    def remember_head(self) -> None:
        """Write down, outside the store, how far the log reaches. After the commit, not before."""
        last = self.db.row("SELECT seq, hash FROM processing_log ORDER BY seq DESC LIMIT 1")
        if self.head is None or last is None:
            return
        draft = self.head.with_name(self.head.name + ".new")
        draft.write_text(f"{last['seq']} {last['hash']}\n", encoding="ascii")
        draft.replace(self.head)

    def forget_head(self) -> None:
        """Forget how far the log reached: it was replaced by an older one, on purpose."""
        if self.head is not None:
            self.head.unlink(missing_ok=True)

    def entries(self) -> Iterator[Entry]:
        """Yield the entries, oldest first."""
        for row in self.db.rows("SELECT * FROM processing_log ORDER BY seq"):
            yield _entry(row)

    def count_since(self, action: str, since: datetime) -> int:
        """Return how many entries of an action were made since a moment."""
        sql = "SELECT count(*) FROM processing_log WHERE action = ? AND at >= ?"
        return int(self.db.value(sql, (action, to_ms(since))))

    def count_by_action(self) -> dict[str, int]:
        """Return how often each action was done."""
        sql = "SELECT action, count(*) FROM processing_log GROUP BY 1 ORDER BY 1"
        return {row[0]: row[1] for row in self.db.rows(sql)}

    def verify(self) -> Verified:
        """Recompute the chain and compare its end with what the file beside the store says."""
        rows = self.db.rows("SELECT * FROM processing_log ORDER BY seq")
        before = self._anchor()
        hashes: dict[int, str] = {}
        expected: int | None = None
        for row in rows:
            seq = int(row["seq"])
            if expected is not None and seq != expected:
                return Verified(False, len(rows), expected, "an entry is missing")
            if expected is None and seq != self._first():
                return Verified(False, len(rows), self._first(), "the first entries are missing")
            right = self._hash(before, seq, row["at"], row["action"], row["subject"], row["facts"])
            if not hmac.compare_digest(right, row["hash"]):
                return Verified(False, len(rows), seq, "an entry was changed")
            before, hashes[seq], expected = row["hash"], row["hash"], seq + 1
        return self._against_head(len(rows), hashes, expected or self._first())

    def _against_head(self, count: int, hashes: Mapping[int, str], following: int) -> Verified:
        if self.head is None or not self.head.exists():
            return Verified(True, count)
        remembered = self.head.read_text(encoding="ascii", errors="replace").split()
        if len(remembered) != 2 or not remembered[0].isdecimal():
            return Verified(False, count, following, f"{self.head.name} was changed")
        seq, known = int(remembered[0]), remembered[1]
        if seq >= following:
            return Verified(False, count, following, "the last entries are missing")
        if seq in hashes and hashes[seq] != known:
            return Verified(False, count, seq, "an entry was replaced")
        return Verified(True, count)

    def prune(self, before: datetime) -> int:
        """Drop entries from before a moment; the chain goes on from the last one dropped."""
        with self.db.transaction() as connection:
            row = connection.execute(
                "SELECT seq, hash FROM processing_log WHERE at < ? AND seq < "
                "(SELECT max(seq) FROM processing_log) ORDER BY seq DESC LIMIT 1",
                (to_ms(before),),
            ).fetchone()
            if row is None:
                return 0
            connection.executemany(
                "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)",
                [("log_pruned_to", str(row["seq"])), ("log_pruned_hash", row["hash"])],
            )
            return connection.execute(
                "DELETE FROM processing_log WHERE seq <= ?", (row["seq"],)
            ).rowcount

    def _first(self) -> int:
        return int(self.db.value("SELECT value FROM meta WHERE key = 'log_pruned_to'") or 0) + 1

    def _anchor(self) -> str:
        return str(self.db.value("SELECT value FROM meta WHERE key = 'log_pruned_hash'") or START)

    def _hash(self, before: str, *entry: int | str | None) -> str:
        line = json.dumps([before, *entry], ensure_ascii=True)
        return hmac.digest(self.key, line.encode("ascii"), sha256).hex()


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(
        row["seq"], from_ms(row["at"]), row["action"], row["subject"], json.loads(row["facts"]),
        row["hash"],
    )  # fmt: skip

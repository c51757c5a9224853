"""The ledger's other entries, its signed heads, and the findings of audits."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from monitor.campaigns.merkle import Frontier
from monitor.store.database import Database, from_ms, to_ms
from monitor.types.campaigns import Evidence, Finding, Head, LedgerEvent


class Ledgers:
    """Reads and writes entries that are no votes, heads and findings."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def events(self, campaign_id: int) -> list[LedgerEvent]:
        """Return the entries that are no votes, in their order."""
        rows = self.db.rows(
            "SELECT * FROM ledger_events WHERE campaign_id = ? ORDER BY seq", (campaign_id,)
        )
        return [
            LedgerEvent(
                seq=row["seq"],
                type=row["type"],
                at=from_ms(row["at"]),
                body=json.loads(row["body"]),
                private=json.loads(row["private"]),
            )
            for row in rows
        ]

    def save_event(self, campaign_id: int, event: LedgerEvent) -> None:
        """Append one entry."""
        with self.db.transaction() as connection:
            connection.execute(
                "INSERT INTO ledger_events (campaign_id, seq, type, at, body, private) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (
                    campaign_id,
                    event.seq,
                    event.type,
                    to_ms(event.at),
                    json.dumps(event.body),
                    json.dumps(event.private),
                ),
            )

    def heads(self, campaign_id: int) -> list[Head]:
        """Return all heads, the shortest log first."""
        rows = self.db.rows(
            "SELECT size, root, tip, at, key, signature FROM ledger_heads "
            "WHERE campaign_id = ? ORDER BY size",
            (campaign_id,),
        )
        return [Head(**dict(row)) for row in rows]

    def last(self, campaign_id: int) -> tuple[Frontier, str] | None:
        """Return where to append: the frontier and the hash of the last entry. None: no entry."""
        row = self.db.row(
            "SELECT size, tip, frontier FROM ledger_heads WHERE campaign_id = ? "
            "ORDER BY size DESC LIMIT 1",
            (campaign_id,),
        )
        return (
            None if row is None else (Frontier.from_bytes(row["size"], row["frontier"]), row["tip"])
        )

    def save_head(self, campaign_id: int, head: Head, frontier: Frontier) -> None:
        """Keep a signed head and what is needed to append after it."""
        values = asdict(head) | {"campaign_id": campaign_id, "frontier": frontier.to_bytes()}
        with self.db.transaction() as connection:
            connection.execute(
                "INSERT INTO ledger_heads "
                "(campaign_id, size, root, tip, at, key, signature, frontier) VALUES "
                "(:campaign_id, :size, :root, :tip, :at, :key, :signature, :frontier)",
                values,
            )

    def mark_checked(self, campaign_id: int, at: datetime) -> None:
        """Remember when every line was hashed anew and all signed heads came out again."""
        with self.db.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)",
                (f"ledger_checked:{campaign_id}", str(to_ms(at))),
            )

    def checked_at(self, campaign_id: int) -> datetime | None:
        """Return when that was last, None where it never was."""
        saved = self.db.value(
            "SELECT value FROM meta WHERE key = ?", (f"ledger_checked:{campaign_id}",)
        )
        return None if saved is None else from_ms(int(saved))

    def findings(self, campaign_id: int) -> list[Finding]:
        """Return the findings of all audits, oldest first."""
        rows = self.db.rows(
            "SELECT body FROM findings WHERE campaign_id = ? ORDER BY found_at, finding",
            (campaign_id,),
        )
        return [_finding(json.loads(row[0])) for row in rows]

    def save_findings(self, campaign_id: int, findings: Sequence[Finding], now: datetime) -> None:
        """Keep findings; one that is known is refreshed."""
        with self.db.transaction() as connection:
            connection.executemany(
                "INSERT INTO findings (campaign_id, finding, found_at, body) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (campaign_id, finding) DO UPDATE SET body = excluded.body",
                (
                    (campaign_id, found.finding, to_ms(now), json.dumps(asdict(found)))
                    for found in findings
                ),
            )


def _finding(body: Mapping[str, Any]) -> Finding:
    evidence = tuple(Evidence(**one) for one in body["evidence"])
    return Finding(
        **dict(body)
        | {
            "evidence": evidence,
            "families": tuple(body["families"]),
            "entries": tuple(body["entries"]),
        }
    )

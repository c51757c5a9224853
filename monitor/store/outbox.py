"""The outbox of the store: a message is kept under its key, then sent, then marked.

A crash between sending and marking may send it once more, never not at all. What was sent keeps
its subject, receiver and receipt; its words are dropped, so that erasure need not search them.
"""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from monitor.store.database import Database, from_ms, optional_moment, to_ms
from monitor.types.messages import Delivery, Handle, Message, Receipt


class Outbox:
    """Messages on their way."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def put(self, messages: Iterable[tuple[Message, datetime]], now: datetime) -> int:
        """Queue (message, due time); one whose key the receiver has had is left out.

        Returns how many were new.
        """
        added = 0
        with self.db.transaction() as connection:
            for message, due in messages:
                added += connection.execute(
                    "INSERT OR IGNORE INTO deliveries (key, receiver, thread, kind, subject, "
                    "payload, posts, created_at, due_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (message.key, message.receiver, message.thread, message.kind,
                     message.subject, _dump(message), json.dumps(message.posts), to_ms(now),
                     to_ms(due)),
                ).rowcount  # fmt: skip
        return added

    def due(self, receiver: str, now: datetime, limit: int = 100) -> list[Delivery]:
        """Return what may be sent now, oldest first: of each thread only its first message."""
        rows = self.db.rows(
            "SELECT * FROM deliveries WHERE id IN (SELECT min(id) FROM deliveries "
            "WHERE receiver = ? AND state = 'waiting' GROUP BY thread) AND due_at <= ? "
            "ORDER BY id LIMIT ?",
            (receiver, to_ms(now), limit),
        )
        return [_delivery(row) for row in rows]

    def waiting(self, receiver: str) -> list[Delivery]:
        """Return what waits for a receiver, oldest first."""
        rows = self.db.rows(
            "SELECT * FROM deliveries WHERE receiver = ? AND state = 'waiting' ORDER BY id",
            (receiver,),
        )
        return [_delivery(row) for row in rows]

    def count_waiting(self, receiver: str) -> int:
        """Return how many messages wait for a receiver."""
        return int(
            self.db.value(
                "SELECT count(*) FROM deliveries WHERE receiver = ? AND state = 'waiting'",
                (receiver,),
            )
        )

    def oldest(self, receiver: str) -> tuple[datetime, datetime] | None:
        """Return (queued, due) of the first message that waits, None where none does."""
        row = self.db.row(
            "SELECT created_at, due_at FROM deliveries WHERE receiver = ? AND state = 'waiting' "
            "ORDER BY id LIMIT 1",
            (receiver,),
        )
        return None if row is None else (from_ms(row[0]), from_ms(row[1]))

    def mark_attempt(self, delivery: Delivery) -> None:
        """Remember that a message is about to leave, so that a crash is known afterwards."""
        with self.db.transaction() as connection:
            connection.execute(
                "UPDATE deliveries SET attempts = attempts + 1 WHERE id = ?", (delivery.id,)
            )

    def mark_sent(self, delivery: Delivery, receipt: Receipt, now: datetime) -> None:
        """Remember that a message arrived, and how to come back to its thread."""
        with self.db.transaction() as connection:
            connection.execute(
                "UPDATE deliveries SET state = 'sent', sent_at = ?, receipt = ?, payload = NULL, "
                "error = NULL WHERE id = ?",
                (to_ms(now), receipt.id, delivery.id),
            )
            connection.execute(
                "INSERT OR REPLACE INTO delivery_threads (receiver, thread, handle) "
                "VALUES (?, ?, ?)",
                (delivery.message.receiver, delivery.message.thread, json.dumps(receipt.handle)),
            )

    def mark_failed(self, delivery: Delivery, error: str, again_at: datetime | None) -> None:
        """Remember a failed attempt; without `again_at` the message is dead and a person looks."""
        with self.db.transaction() as connection:
            connection.execute(
                "UPDATE deliveries SET error = ?, state = ?, "
                "due_at = coalesce(?, due_at) WHERE id = ?",
                (error, "dead" if again_at is None else "waiting",
                 None if again_at is None else to_ms(again_at), delivery.id),
            )  # fmt: skip

    def postpone(self, receiver: str, until: datetime) -> None:
        """Let nothing go to a receiver before `until`."""
        with self.db.transaction() as connection:
            connection.execute(
                "UPDATE deliveries SET due_at = ? WHERE receiver = ? AND state = 'waiting' "
                "AND due_at < ?",
                (to_ms(until), receiver, to_ms(until)),
            )

    def hasten(self, receiver: str, thread: str, now: datetime) -> None:
        """Let nothing of a thread wait any longer: its newest message must not be held up."""
        with self.db.transaction() as connection:
            connection.execute(
                "UPDATE deliveries SET due_at = ? WHERE receiver = ? AND thread = ? "
                "AND state = 'waiting' AND due_at > ? AND attempts = 0",
                (to_ms(now), receiver, thread, to_ms(now)),
            )

    def merge(self, old: Sequence[Delivery], message: Message, now: datetime) -> Delivery:
        """Let one message stand for several waiting ones. Returns it."""
        with self.db.transaction() as connection:
            self.put([(message, now)], now)
            row = connection.execute(
                "SELECT * FROM deliveries WHERE receiver = ? AND key = ?",
                (message.receiver, message.key),
            ).fetchone()
            connection.executemany(
                "UPDATE deliveries SET state = 'merged', merged_into = ?, payload = NULL "
                "WHERE id = ?",
                [(row["id"], delivery.id) for delivery in old if delivery.id != row["id"]],
            )
        return _delivery(row)

    def handle(self, receiver: str, thread: str) -> Handle | None:
        """Return how to come back to a thread, None where nothing of it arrived yet."""
        saved = self.db.value(
            "SELECT handle FROM delivery_threads WHERE receiver = ? AND thread = ?",
            (receiver, thread),
        )
        return None if saved is None else json.loads(saved)

    def count_sent(self, receiver: str, since: datetime) -> int:
        """Return how many messages arrived at a receiver since a moment."""
        return int(
            self.db.value(
                "SELECT count(*) FROM deliveries WHERE receiver = ? AND state = 'sent' "
                "AND sent_at >= ?",
                (receiver, to_ms(since)),
            )
        )

    def states(self) -> dict[str, dict[str, int]]:
        """Return numbers of messages by receiver and state, for `status`."""
        found: dict[str, dict[str, int]] = {}
        for receiver, state, count in self.db.rows(
            "SELECT receiver, state, count(*) FROM deliveries GROUP BY 1, 2 ORDER BY 1, 2"
        ):
            found.setdefault(receiver, {})[state] = count
        return found

    def dead(self) -> list[Delivery]:
        """Return messages that no retry will save, newest first."""
        rows = self.db.rows("SELECT * FROM deliveries WHERE state = 'dead' ORDER BY id DESC")
        return [_delivery(row) for row in rows]

    def deliveries_of(self, uids: Sequence[str]) -> list[tuple[str, str, datetime, str | None]]:
        """Return (receiver, subject, sent at, receipt) of messages that quote any of the posts."""
        rows = self.db.rows(
            "SELECT DISTINCT d.id, d.receiver, d.subject, d.sent_at, d.receipt "
            "FROM deliveries d, json_each(d.posts) p WHERE d.state = 'sent' "
            "AND p.value IN (SELECT value FROM json_each(?)) ORDER BY d.id",
            (json.dumps(list(uids)),),
        )
        return [(r["receiver"], r["subject"], from_ms(r["sent_at"]), r["receipt"]) for r in rows]

    def forget(self, before: datetime) -> int:
        """Drop what was done with before a moment. Returns how many messages went."""
        with self.db.transaction() as connection:
            connection.execute(
                "UPDATE deliveries SET merged_into = NULL WHERE created_at < ?", (to_ms(before),)
            )
            return connection.execute(
                "DELETE FROM deliveries WHERE created_at < ? AND state <> 'waiting' AND id NOT IN "
                "(SELECT merged_into FROM deliveries WHERE merged_into IS NOT NULL)",
                (to_ms(before),),
            ).rowcount


def _dump(message: Message) -> str:
    return json.dumps(
        {
            "text": message.text,
            "html": message.html,
            "slack": message.slack,
            "note": message.note,
            "pictures": {
                name: base64.b64encode(picture).decode()
                for name, picture in message.pictures.items()
            },
        },
        ensure_ascii=False,
    )


def _delivery(row: sqlite3.Row) -> Delivery:
    payload: Mapping[str, Any] = json.loads(row["payload"] or "{}")
    return Delivery(
        id=row["id"],
        message=Message(
            key=row["key"],
            receiver=row["receiver"],
            thread=row["thread"],
            kind=row["kind"],
            subject=row["subject"],
            text=payload.get("text", ""),
            html=payload.get("html", ""),
            slack=payload.get("slack", {}),
            note=payload.get("note", ""),
            pictures={
                name: base64.b64decode(picture)
                for name, picture in payload.get("pictures", {}).items()
            },
            posts=tuple(json.loads(row["posts"])),
        ),
        state=row["state"],
        created_at=from_ms(row["created_at"]),
        due_at=from_ms(row["due_at"]),
        attempts=row["attempts"],
        error=row["error"],
        sent_at=optional_moment(row["sent_at"]),
        receipt=row["receipt"],
    )

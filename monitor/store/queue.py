"""The moderation queue and its decisions in the store."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from monitor.errors import NotFound
from monitor.store.database import Database, from_ms, optional_moment, to_ms
from monitor.types.campaigns import Decision, Idea, QueueItem, QueueState

WAITING: tuple[QueueState, ...] = ("waiting", "hide_proposed")

_ITEMS = """
    SELECT q.*, c.name AS campaign, p.role, l.toxic, l.spam, l.sentiment,
           coalesce(p.text, trim(i.title || ' ' || i.text), '') AS words
    FROM queue q
    LEFT JOIN campaigns c ON c.id = q.campaign_id
    LEFT JOIN posts p ON p.uid = q.post_uid
    LEFT JOIN labels l ON l.post_id = p.id
    LEFT JOIN campaign_ideas i ON i.campaign_id = q.campaign_id AND i.idea = q.idea
"""


class Queue:
    """Reads and writes items and decisions. One open item a subject, however often it is found."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def items(self, campaign_id: int | None = None, *, everything: bool = False) -> list[QueueItem]:
        """Return what waits (or everything), first things first."""
        where = "(:campaign IS NULL OR q.campaign_id = :campaign)"
        if not everything:
            where += " AND q.state IN ('waiting', 'hide_proposed')"
        rows = self.db.rows(
            f"{_ITEMS} WHERE {where} ORDER BY q.priority DESC, q.queued_at, q.id",
            {"campaign": campaign_id},
        )
        return [_item(row) for row in rows]

    def item(self, name: str) -> QueueItem:
        """Return an item by number, subject, post or idea. Raises NotFound."""
        row = self.db.row(
            f"{_ITEMS} WHERE CAST(q.id AS TEXT) = :name OR q.subject = :name "
            "OR q.post_uid = :name OR q.idea = :name ORDER BY CAST(q.id AS TEXT) = :name DESC",
            {"name": name},
        )
        if row is None:
            raise NotFound(
                "item {name}: not in the queue; `sturmglas queue` lists what waits", name=name
            )
        return _item(row)

    def add(
        self,
        subject: str,
        *,
        queued_at: datetime,
        due_at: datetime,
        post: str | None = None,
        campaign_id: int | None = None,
        idea: str | None = None,
    ) -> None:
        """Put something into the queue, unless it is there or was decided already."""
        with self.db.transaction() as connection:
            connection.execute(
                "INSERT INTO queue (campaign_id, subject, post_uid, idea, queued_at, due_at) "
                "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (subject) DO NOTHING",
                (campaign_id, subject, post, idea, to_ms(queued_at), to_ms(due_at)),
            )

    def set_priority(
        self, item: int, priority: float, reasons: Sequence[str], suggestion: str | None
    ) -> None:
        """Refresh an item's priority."""
        with self.db.transaction() as connection:
            connection.execute(
                "UPDATE queue SET priority = ?, reasons = ?, suggestion = ? WHERE id = ?",
                (priority, json.dumps(reasons), suggestion, item),
            )

    def claim(self, items: Sequence[int], by: str, now: datetime) -> None:
        """Reserve items for a person."""
        with self.db.transaction() as connection:
            connection.executemany(
                "UPDATE queue SET claimed_by = ?, claimed_at = ? WHERE id = ?",
                ((by, to_ms(now), item) for item in items),
            )

    def decide(self, item: QueueItem, state: QueueState, now: datetime, **words: Any) -> Decision:
        """Record a decision and the state that follows; the item is nobody's any more."""
        fields = {"policy": None, "into": None, "text": None, "undoes": None} | words
        with self.db.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO decisions (queue_id, at, action, by, reason, policy, into_id, text, "
                "state_before, state_after, undoes) VALUES (:item, :at, :action, :by, :reason, "
                ":policy, :into, :text, :before, :after, :undoes)",
                fields
                | {"item": item.item, "at": to_ms(now), "before": item.state, "after": state},
            )
            connection.execute(
                "UPDATE queue SET state = ?, claimed_by = NULL, claimed_at = NULL WHERE id = ?",
                (state, item.item),
            )
        row = self.db.row("SELECT * FROM decisions WHERE id = ?", (cursor.lastrowid,))
        assert row is not None, "written a moment ago"
        return _decision(row)

    def decisions(self, item: int | None = None) -> list[Decision]:
        """Return the decisions on an item (or all), oldest first."""
        rows = self.db.rows(
            "SELECT * FROM decisions WHERE (:item IS NULL OR queue_id = :item) ORDER BY id",
            {"item": item},
        )
        return [_decision(row) for row in rows]

    def candidates(self, since: datetime) -> list[sqlite3.Row]:
        """Return posts that a moderator should see: ideas, questions, insults, anger.

        Only what people outside wrote, not spam, not copied, still standing; with what the
        priority needs, and whether one of the company's accounts has answered.
        """
        return self.db.rows(
            """
            SELECT p.uid, p.seen_at, p.created_at, l.idea, l.toxic, l.sentiment, l.kind,
                   l.probabilities,
                   coalesce(p.likes, 0) + coalesce(p.replies, 0) + coalesce(p.shares, 0) AS reach,
                   q.post_id IS NOT NULL AS asks,
                   EXISTS (SELECT 1 FROM posts a WHERE a.parent_uid = p.uid
                           AND a.role = 'company') AS answered
            FROM posts p JOIN labels l ON l.post_id = p.id LEFT JOIN asking q ON q.post_id = p.id
            WHERE p.role != 'company' AND p.deleted_at IS NULL AND p.text != ''
              AND l.spam = 0 AND l.relevant = 1 AND l.copy = 0
              AND coalesce(p.created_at, p.seen_at) >= ?
              AND (l.idea = 1 OR l.toxic = 1 OR q.post_id IS NOT NULL)
            """,
            (to_ms(since),),
        )

    def post_as_idea(self, uid: str, name: str) -> Idea:
        """Return a standing post as the idea `name`; its author is the account's key, for erasure.

        Raises NotFound for a post that is not held, was deleted or has no words.
        """
        row = self.db.row(
            "SELECT p.title, p.text, p.created_at, p.platform, a.key FROM posts p "
            "LEFT JOIN authors a ON a.id = p.author_id "
            "WHERE p.uid = ? AND p.deleted_at IS NULL AND p.text != ''",
            (uid,),
        )
        if row is None:
            raise NotFound(
                "post {uid}: not held with its words; sturmglas posts lists what is", uid=uid
            )
        return Idea(
            idea=name,
            title=row["title"] or row["text"][:80],
            text=row["text"],
            author=row["key"],
            created_at=optional_moment(row["created_at"]),
            source=row["platform"],
            post_uid=uid,
        )

    def holds_post(self, uid: str) -> bool:
        """Tell whether a post of that uid is held."""
        return self.db.value("SELECT 1 FROM posts WHERE uid = ?", (uid,)) is not None

    def storm_since(self) -> datetime | None:
        """Return when the storm began that is on now, None where there is none."""
        sql = "SELECT min(opened_at) FROM alerts WHERE rule = 'storm' AND closed_at IS NULL"
        return optional_moment(self.db.value(sql))


def _item(row: sqlite3.Row) -> QueueItem:
    labelled = row["sentiment"] is not None
    civil = row["sentiment"] == "negative" and not row["toxic"] and not row["spam"]
    # What nobody has looked at yet may be civil criticism, and is treated as if it were.
    critical = civil if labelled else row["post_uid"] is not None
    return QueueItem(
        item=row["id"],
        subject=row["subject"],
        campaign=row["campaign"],
        post=row["post_uid"],
        idea=row["idea"],
        text=row["words"],
        state=cast("QueueState", row["state"]),
        priority=row["priority"],
        reasons=tuple(json.loads(row["reasons"])),
        suggestion=row["suggestion"],
        queued_at=from_ms(row["queued_at"]),
        due_at=from_ms(row["due_at"]),
        claimed_by=row["claimed_by"],
        claimed_at=optional_moment(row["claimed_at"]),
        civil_criticism=bool(critical) and row["role"] != "company",
    )


def _decision(row: sqlite3.Row) -> Decision:
    return Decision(
        id=row["id"],
        item=row["queue_id"],
        at=from_ms(row["at"]),
        action=row["action"],
        by=row["by"],
        reason=row["reason"],
        policy=row["policy"],
        into=row["into_id"],
        text=row["text"],
        state_before=row["state_before"],
        state_after=row["state_after"],
        undoes=row["undoes"],
    )

"""Campaigns and their ideas in the store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import cast

from monitor.campaigns.rules import parse_rules
from monitor.errors import NotFound
from monitor.store.database import (
    Database,
    from_ms,
    optional_moment,
    optional_ms,
    to_ms,
)
from monitor.types.campaigns import Campaign, Candidate, Idea, IdeaStatus


class Campaigns:
    """Reads and writes campaigns and ideas; votes and ledger have rooms of their own."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def load(self, name: str) -> Campaign:
        """Return the campaign. Raises NotFound naming those that exist."""
        row = self.db.row("SELECT * FROM campaigns WHERE name = ?", (name,))
        if row is None:
            known = ", ".join(campaign.name for campaign in self.all()) or "none yet"
            raise NotFound("campaign {name}: not held; known are: {known}", name=name, known=known)
        return _campaign(row)

    def find(self, name: str) -> Campaign | None:
        """Return the campaign, or None."""
        row = self.db.row("SELECT * FROM campaigns WHERE name = ?", (name,))
        return None if row is None else _campaign(row)

    def all(self) -> list[Campaign]:
        """Return every campaign, oldest first."""
        return [_campaign(row) for row in self.db.rows("SELECT * FROM campaigns ORDER BY id")]

    def create(self, name: str, rules: str, rules_hash: str, now: datetime) -> None:
        """Add a campaign that is not open yet, or replace the rules of one."""
        with self.db.transaction() as connection:
            connection.execute(
                "INSERT INTO campaigns (name, rules, rules_hash, created_at) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (name) DO UPDATE SET rules = excluded.rules, "
                "rules_hash = excluded.rules_hash",
                (name, rules, rules_hash, to_ms(now)),
            )

    def mark_opened(self, campaign_id: int, now: datetime, key_id: str, salt: str) -> None:
        """Record when the rules were frozen, by whose key, and the salt of the thresholds."""
        with self.db.transaction() as connection:
            connection.execute(
                "UPDATE campaigns SET opened_at = ?, key_id = ?, thresholds_salt = ? WHERE id = ?",
                (to_ms(now), key_id, salt, campaign_id),
            )

    def mark_closed(self, campaign_id: int, now: datetime) -> None:
        """Record when the operator closed the campaign."""
        with self.db.transaction() as connection:
            connection.execute(
                "UPDATE campaigns SET closed_at = ? WHERE id = ?", (to_ms(now), campaign_id)
            )

    def replace_key(self, campaign_id: int, key_id: str) -> None:
        """Record that another key signs from now on."""
        with self.db.transaction() as connection:
            connection.execute(
                "UPDATE campaigns SET key_id = ? WHERE id = ?", (key_id, campaign_id)
            )

    def thresholds_salt(self, campaign_id: int) -> str:
        """Return the salt under which the audit's thresholds were committed."""
        sql = "SELECT thresholds_salt FROM campaigns WHERE id = ?"
        return str(self.db.value(sql, (campaign_id,)) or "")

    def ideas(self, campaign_id: int) -> list[Idea]:
        """Return the ideas in the order of their numbers: position is number."""
        rows = self.db.rows(
            "SELECT * FROM campaign_ideas WHERE campaign_id = ? ORDER BY number", (campaign_id,)
        )
        return [_idea(row) for row in rows]

    def candidates(self, campaign_id: int) -> list[Candidate]:
        """Return what a count needs of the ideas, in the order of their numbers."""
        rows = self.db.rows(
            "SELECT idea, title, created_at FROM campaign_ideas WHERE campaign_id = ? "
            "ORDER BY number",
            (campaign_id,),
        )
        return [Candidate(idea, title, optional_moment(created)) for idea, title, created in rows]

    def idea(self, idea: str, campaign_id: int | None = None) -> tuple[int, Idea]:
        """Return an idea and its campaign's id. Raises NotFound, also where two have that id."""
        rows = self.db.rows(
            "SELECT * FROM campaign_ideas WHERE idea = ? AND (? IS NULL OR campaign_id = ?)",
            (idea, campaign_id, campaign_id),
        )
        if not rows:
            raise NotFound("idea {idea}: not held in any campaign", idea=idea)
        if len(rows) > 1:
            raise NotFound(
                "idea {idea}: held in several campaigns; name one with --campaign", idea=idea
            )
        return int(rows[0]["campaign_id"]), _idea(rows[0])

    def idea_numbers(self, campaign_id: int) -> dict[str, int]:
        """Return the number of each idea by its id."""
        rows = self.db.rows(
            "SELECT idea, number FROM campaign_ideas WHERE campaign_id = ?", (campaign_id,)
        )
        return {row[0]: row[1] for row in rows}

    def save_ideas(self, campaign_id: int, ideas: Iterable[Idea]) -> tuple[int, int]:
        """Add ideas and refresh the words of known ones; returns (new, known).

        Status and joining are the moderators' and are not touched.
        """
        with self.db.transaction() as connection:
            sql = "SELECT count(*) FROM campaign_ideas WHERE campaign_id = ?"
            before = connection.execute(sql, (campaign_id,)).fetchone()[0]
            count = 0
            number = before
            known = self.idea_numbers(campaign_id)
            for idea in ideas:
                count += 1
                if idea.idea not in known:
                    known[idea.idea] = number
                    number += 1
                connection.execute(_UPSERT_IDEA, _idea_values(campaign_id, known[idea.idea], idea))
        return number - before, count - (number - before)

    def set_status(
        self, campaign_id: int, idea: str, status: IdeaStatus, reason: str, now: datetime
    ) -> None:
        """Record the company's word on an idea."""
        with self.db.transaction() as connection:
            connection.execute(
                "UPDATE campaign_ideas SET status = ?, status_reason = ?, status_at = ? "
                "WHERE campaign_id = ? AND idea = ?",
                (status, reason, to_ms(now), campaign_id, idea),
            )

    def set_joined(self, campaign_id: int, idea: str, into: str | None) -> None:
        """Record into which idea this one was joined (None: it stands alone again)."""
        with self.db.transaction() as connection:
            connection.execute(
                "UPDATE campaign_ideas SET joined_into = ? WHERE campaign_id = ? AND idea = ?",
                (into, campaign_id, idea),
            )

    def names_in(self, text: str) -> list[str]:
        """Return whose id, name or handle stands in a text: authors of ideas and of posts."""
        rows = self.db.rows(
            "SELECT author FROM campaign_ideas WHERE instr(lower(:text), lower(author)) "
            "UNION SELECT name FROM authors WHERE instr(lower(:text), lower(name)) "
            "UNION SELECT ltrim(handle, '@') FROM authors "
            "WHERE instr(lower(:text), lower(ltrim(handle, '@')))",
            {"text": text},
        )
        return [row[0] for row in rows if row[0]]

    def erase_author(self, author: str) -> int:
        """Forget who proposed ideas; the ideas stay. Returns how many they were."""
        with self.db.transaction() as connection:
            sql = "UPDATE campaign_ideas SET author = NULL WHERE author = ?"
            return connection.execute(sql, (author,)).rowcount


_UPSERT_IDEA = """
    INSERT INTO campaign_ideas
        (campaign_id, number, idea, title, text, author, created_at, source, post_uid)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (campaign_id, idea) DO UPDATE SET
        title = excluded.title, text = excluded.text,
        author = coalesce(excluded.author, author),
        created_at = coalesce(excluded.created_at, created_at),
        source = coalesce(excluded.source, source)
"""


def _idea_values(campaign_id: int, number: int, idea: Idea) -> Sequence[object]:
    return (
        campaign_id,
        number,
        idea.idea,
        idea.title,
        idea.text,
        idea.author,
        optional_ms(idea.created_at),
        idea.source,
        idea.post_uid,
    )


def _campaign(row: sqlite3.Row) -> Campaign:
    return Campaign(
        id=row["id"],
        rules=parse_rules(row["rules"], where=f"rules of campaign {row['name']}"),
        rules_hash=row["rules_hash"],
        created_at=from_ms(row["created_at"]),
        opened_at=optional_moment(row["opened_at"]),
        closed_at=optional_moment(row["closed_at"]),
        key_id=row["key_id"],
    )


def _idea(row: sqlite3.Row) -> Idea:
    return Idea(
        idea=row["idea"],
        title=row["title"],
        text=row["text"],
        author=row["author"],
        created_at=optional_moment(row["created_at"]),
        source=row["source"],
        status=cast("IdeaStatus", row["status"]),
        status_reason=row["status_reason"],
        status_at=optional_moment(row["status_at"]),
        joined_into=row["joined_into"],
        post_uid=row["post_uid"],
    )

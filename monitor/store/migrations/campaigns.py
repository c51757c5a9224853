"""Campaigns, their ideas, votes, ledger and the moderation queue.

Votes lie in blocks of columns, not in rows: what is appended is never changed, and 2 million of
them must fold in seconds. What names a person (`voters.voter`, `secret`, `vote_blocks.ids`) can
be blanked by an erasure; nothing else depends on it.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("campaigns")


@migrations()
def create_campaigns(db: Database) -> None:
    """Lay out everything that campaigns, votes and moderation write."""
    db.executescript(
        """
        CREATE TABLE campaigns (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            rules TEXT NOT NULL,
            rules_hash TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            opened_at INTEGER,
            closed_at INTEGER,
            key_id TEXT,
            thresholds_salt TEXT
        );
        CREATE TABLE campaign_ideas (
            campaign_id INTEGER NOT NULL REFERENCES campaigns(id),
            number INTEGER NOT NULL,
            idea TEXT NOT NULL,
            title TEXT NOT NULL DEFAULT '',
            text TEXT NOT NULL DEFAULT '',
            author TEXT,
            created_at INTEGER,
            source TEXT,
            post_uid TEXT,
            status TEXT NOT NULL DEFAULT 'submitted',
            status_reason TEXT,
            status_at INTEGER,
            joined_into TEXT,
            PRIMARY KEY (campaign_id, number)
        ) WITHOUT ROWID;
        CREATE UNIQUE INDEX campaign_ideas_by_id ON campaign_ideas (campaign_id, idea);

        CREATE TABLE voters (
            campaign_id INTEGER NOT NULL REFERENCES campaigns(id),
            number INTEGER NOT NULL,
            voter TEXT,
            tag BLOB NOT NULL,
            secret BLOB,
            PRIMARY KEY (campaign_id, number)
        ) WITHOUT ROWID;
        CREATE UNIQUE INDEX voters_by_id ON voters (campaign_id, voter) WHERE voter IS NOT NULL;
        CREATE TABLE referrers (
            campaign_id INTEGER NOT NULL REFERENCES campaigns(id),
            number INTEGER NOT NULL,
            referrer TEXT NOT NULL,
            PRIMARY KEY (campaign_id, number)
        ) WITHOUT ROWID;
        CREATE TABLE vote_keys (
            campaign_id INTEGER NOT NULL REFERENCES campaigns(id),
            key BLOB NOT NULL,
            digest BLOB NOT NULL,
            PRIMARY KEY (campaign_id, key)
        ) WITHOUT ROWID;
        CREATE TABLE vote_blocks (
            campaign_id INTEGER NOT NULL REFERENCES campaigns(id),
            first_seq INTEGER NOT NULL,
            size INTEGER NOT NULL,
            columns BLOB NOT NULL,
            commitments BLOB NOT NULL,
            ids TEXT NOT NULL,
            PRIMARY KEY (campaign_id, first_seq)
        );

        CREATE TABLE ledger_events (
            campaign_id INTEGER NOT NULL REFERENCES campaigns(id),
            seq INTEGER NOT NULL,
            type TEXT NOT NULL,
            at INTEGER NOT NULL,
            body TEXT NOT NULL,
            private TEXT NOT NULL DEFAULT '{}',
            PRIMARY KEY (campaign_id, seq)
        ) WITHOUT ROWID;
        CREATE TABLE ledger_heads (
            campaign_id INTEGER NOT NULL REFERENCES campaigns(id),
            size INTEGER NOT NULL,
            root TEXT NOT NULL,
            tip TEXT NOT NULL,
            at TEXT NOT NULL,
            key TEXT NOT NULL,
            signature TEXT NOT NULL,
            frontier BLOB NOT NULL,
            PRIMARY KEY (campaign_id, size)
        ) WITHOUT ROWID;
        CREATE TABLE findings (
            campaign_id INTEGER NOT NULL REFERENCES campaigns(id),
            finding TEXT NOT NULL,
            found_at INTEGER NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (campaign_id, finding)
        ) WITHOUT ROWID;

        CREATE TABLE queue (
            id INTEGER PRIMARY KEY,
            campaign_id INTEGER REFERENCES campaigns(id),
            subject TEXT NOT NULL UNIQUE,
            post_uid TEXT,
            idea TEXT,
            state TEXT NOT NULL DEFAULT 'waiting',
            priority REAL NOT NULL DEFAULT 0,
            reasons TEXT NOT NULL DEFAULT '[]',
            suggestion TEXT,
            queued_at INTEGER NOT NULL,
            due_at INTEGER NOT NULL,
            claimed_by TEXT,
            claimed_at INTEGER
        );
        CREATE INDEX queue_by_state ON queue (state, priority DESC, queued_at);
        CREATE TABLE decisions (
            id INTEGER PRIMARY KEY,
            queue_id INTEGER NOT NULL REFERENCES queue(id),
            at INTEGER NOT NULL,
            action TEXT NOT NULL,
            by TEXT NOT NULL,
            reason TEXT NOT NULL,
            policy TEXT,
            into_id TEXT,
            text TEXT,
            state_before TEXT NOT NULL,
            state_after TEXT NOT NULL,
            undoes INTEGER REFERENCES decisions(id)
        );
        CREATE INDEX decisions_by_item ON decisions (queue_id, id);
        """
    )

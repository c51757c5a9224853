"""The outbox: what shall be told, to whom, in which order, and what became of it."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("outbox")


@migrations()
def create_outbox(db: Database) -> None:
    """Lay out deliveries and the threads that receivers remember."""
    db.executescript(
        """
        CREATE TABLE deliveries (
            id INTEGER PRIMARY KEY,
            key TEXT NOT NULL,
            receiver TEXT NOT NULL,
            thread TEXT NOT NULL,
            kind TEXT NOT NULL,
            state TEXT NOT NULL DEFAULT 'waiting',
            subject TEXT NOT NULL,
            payload TEXT,
            posts TEXT NOT NULL DEFAULT '[]',
            created_at INTEGER NOT NULL,
            due_at INTEGER NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0,
            error TEXT,
            sent_at INTEGER,
            receipt TEXT,
            merged_into INTEGER REFERENCES deliveries(id),
            UNIQUE (receiver, key)
        );
        CREATE INDEX deliveries_waiting ON deliveries (receiver, id) WHERE state = 'waiting';
        CREATE INDEX deliveries_sent ON deliveries (receiver, sent_at) WHERE state = 'sent';
        CREATE TABLE delivery_threads (
            receiver TEXT NOT NULL,
            thread TEXT NOT NULL,
            handle TEXT NOT NULL,
            PRIMARY KEY (receiver, thread)
        ) WITHOUT ROWID;
        """
    )

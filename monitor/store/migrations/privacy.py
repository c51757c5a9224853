"""What privacy needs: emptied posts, tombstones, the processing log, versions of the record.

A post that erasure or retention emptied stays as a row without words, names or author, so that
every figure stays; `emptied_at` tells it from one that its author deleted at the origin.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("privacy")


@migrations()
def create_privacy(db: Database) -> None:
    """Lay out everything that access, erasure, objection, retention and the log write."""
    db.executescript(
        """
        ALTER TABLE posts ADD COLUMN emptied_at INTEGER;
        CREATE INDEX posts_with_raw ON posts (seen_at) WHERE raw IS NOT NULL;

        -- A model that had read the words before they went must not write any of them back.
        CREATE TRIGGER labels_of_emptied BEFORE INSERT ON labels
        WHEN (SELECT emptied_at FROM posts WHERE id = new.post_id) IS NOT NULL BEGIN
            SELECT RAISE(IGNORE);
        END;

        CREATE TABLE tombstones (
            kind TEXT NOT NULL,
            key TEXT NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (kind, key)
        ) WITHOUT ROWID;

        CREATE TABLE processing_log (
            seq INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            action TEXT NOT NULL,
            subject TEXT,
            facts TEXT NOT NULL,
            hash TEXT NOT NULL
        );
        CREATE TRIGGER processing_log_no_update BEFORE UPDATE ON processing_log BEGIN
            SELECT RAISE(ABORT, 'the processing log is append-only');
        END;
        CREATE TRIGGER processing_log_no_delete BEFORE DELETE ON processing_log
        WHEN old.seq > coalesce(
            (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'log_pruned_to'), 0)
        BEGIN
            SELECT RAISE(ABORT, 'the processing log is append-only');
        END;

        CREATE TABLE records (
            id INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            body TEXT NOT NULL
        );

        CREATE TABLE erased_ideas (
            campaign_id INTEGER NOT NULL,
            number INTEGER NOT NULL,
            PRIMARY KEY (campaign_id, number)
        ) WITHOUT ROWID;
        CREATE TRIGGER erased_ideas_stay_erased BEFORE UPDATE OF title, text, author
        ON campaign_ideas WHEN EXISTS (
            SELECT 1 FROM erased_ideas e
            WHERE e.campaign_id = old.campaign_id AND e.number = old.number)
        BEGIN
            SELECT RAISE(IGNORE);
        END;
        """
    )

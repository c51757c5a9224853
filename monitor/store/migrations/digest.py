"""What digests need beside the posts: which posts ask, and labels as they stood at a past moment.

Both are kept by triggers, so that nobody who writes posts or labels has to remember them.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("digest")


@migrations()
def create_digest_tables(db: Database) -> None:
    """Remember questions beyond the life of their texts, and former labels."""
    db.executescript(
        """
        -- A figure must stay when retention or erasure takes the words that it was counted from.
        CREATE TABLE asking (
            post_id INTEGER PRIMARY KEY REFERENCES posts(id) ON DELETE CASCADE
        );
        INSERT INTO asking SELECT id FROM posts WHERE instr(text, '?') OR instr(text, '\uff1f');
        CREATE TRIGGER asking_insert AFTER INSERT ON posts
        WHEN instr(new.text, '?') OR instr(new.text, '\uff1f') BEGIN
            INSERT OR IGNORE INTO asking VALUES (new.id);
        END;
        CREATE TRIGGER asking_update AFTER UPDATE OF text ON posts
        WHEN new.text <> '' AND new.text IS NOT old.text BEGIN
            DELETE FROM asking WHERE post_id = new.id;
            INSERT INTO asking SELECT new.id
            WHERE instr(new.text, '?') OR instr(new.text, '\uff1f');
        END;

        CREATE TABLE former_labels (
            post_id INTEGER NOT NULL REFERENCES posts(id) ON DELETE CASCADE,
            replaced_at INTEGER NOT NULL,
            lang TEXT,
            sentiment TEXT NOT NULL,
            initiator TEXT NOT NULL,
            kind TEXT NOT NULL,
            idea INTEGER NOT NULL,
            toxic INTEGER NOT NULL,
            spam INTEGER NOT NULL,
            relevant INTEGER NOT NULL,
            copy INTEGER NOT NULL,
            unsure TEXT NOT NULL,
            PRIMARY KEY (post_id, replaced_at)
        ) WITHOUT ROWID;
        CREATE TRIGGER former_labels_update AFTER UPDATE ON labels
        WHEN (old.sentiment, old.initiator, old.kind, old.idea, old.toxic, old.spam, old.relevant,
              old.copy) IS NOT (new.sentiment, new.initiator, new.kind, new.idea, new.toxic,
              new.spam, new.relevant, new.copy) BEGIN
            -- Of several changes in one go the first knows what stood before all of them.
            INSERT OR IGNORE INTO former_labels
            SELECT old.post_id,
                   max(new.labelled_at, coalesce((SELECT max(at) FROM corrections
                                                  WHERE post_id = new.post_id), 0)),
                   old.lang, old.sentiment, old.initiator, old.kind, old.idea, old.toxic,
                   old.spam, old.relevant, old.copy, old.unsure;
        END;
        """
    )


@migrations()
def keep_the_first_of_several_changes(db: Database) -> None:
    """Ask before the insert: an upsert outside overrules the `OR IGNORE` of a trigger."""
    db.executescript(
        """
        DROP TRIGGER former_labels_update;
        CREATE TRIGGER former_labels_update AFTER UPDATE ON labels
        WHEN (old.sentiment, old.initiator, old.kind, old.idea, old.toxic, old.spam, old.relevant,
              old.copy) IS NOT (new.sentiment, new.initiator, new.kind, new.idea, new.toxic,
              new.spam, new.relevant, new.copy) BEGIN
            -- Of several changes in one go the first knows what stood before all of them.
            INSERT INTO former_labels
            SELECT old.post_id, change.at, old.lang, old.sentiment, old.initiator, old.kind,
                   old.idea, old.toxic, old.spam, old.relevant, old.copy, old.unsure
            FROM (SELECT max(new.labelled_at, coalesce((SELECT max(at) FROM corrections
                             WHERE post_id = new.post_id), 0)) AS at) AS change
            WHERE NOT EXISTS (SELECT 1 FROM former_labels AS held
                              WHERE held.post_id = old.post_id AND held.replaced_at = change.at);
        END;
        """
    )

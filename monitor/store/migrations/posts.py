"""Sources, authors, posts, their counts over time, labels and corrections.

Times are whole milliseconds since 1970 in UTC: they compare fast and know no zone; the views
`posts_readable` and `labels_readable` show them as text for people who look with Datasette.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("posts")


@migrations()
def create_posts(db: Database) -> None:
    """Lay out everything that fetching and labelling write."""
    db.executescript(
        """
        CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;

        CREATE TABLE sources (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            platform TEXT,
            own INTEGER NOT NULL DEFAULT 1,
            cursor TEXT,
            last_success INTEGER,
            last_try INTEGER,
            failing_since INTEGER,
            error TEXT,
            error_kind TEXT,
            retry_at INTEGER,
            stopped INTEGER NOT NULL DEFAULT 0
        );
        CREATE TABLE followers (
            source_id INTEGER NOT NULL REFERENCES sources(id),
            at INTEGER NOT NULL,
            followers INTEGER NOT NULL,
            PRIMARY KEY (source_id, at)
        ) WITHOUT ROWID;
        CREATE TABLE gaps (
            source_id INTEGER NOT NULL REFERENCES sources(id),
            start INTEGER NOT NULL,
            end INTEGER NOT NULL,
            reason TEXT NOT NULL DEFAULT '',
            PRIMARY KEY (source_id, start)
        ) WITHOUT ROWID;
        CREATE TABLE runs (
            id INTEGER PRIMARY KEY,
            source_id INTEGER NOT NULL REFERENCES sources(id),
            started_at INTEGER NOT NULL,
            finished_at INTEGER,
            posts INTEGER NOT NULL DEFAULT 0,
            updated INTEGER NOT NULL DEFAULT 0,
            deleted INTEGER NOT NULL DEFAULT 0,
            rejected INTEGER NOT NULL DEFAULT 0,
            pages INTEGER NOT NULL DEFAULT 0,
            error TEXT
        );
        CREATE INDEX runs_by_source ON runs (source_id, started_at);

        CREATE TABLE authors (
            id INTEGER PRIMARY KEY,
            key TEXT NOT NULL UNIQUE,
            platform TEXT NOT NULL,
            host TEXT,
            native_id TEXT,
            handle TEXT,
            name TEXT,
            followers INTEGER
        );
        CREATE INDEX authors_by_handle ON authors (handle, platform) WHERE handle IS NOT NULL;

        CREATE TABLE posts (
            id INTEGER PRIMARY KEY,
            uid TEXT NOT NULL UNIQUE,
            platform TEXT NOT NULL,
            host TEXT,
            native_id TEXT NOT NULL,
            source_id INTEGER NOT NULL REFERENCES sources(id),
            author_id INTEGER REFERENCES authors(id),
            author_role TEXT,
            role TEXT NOT NULL,
            kind TEXT NOT NULL,
            title TEXT,
            text TEXT NOT NULL,
            url TEXT,
            lang TEXT,
            created_at INTEGER,
            seen_at INTEGER NOT NULL,
            edited_at INTEGER,
            deleted_at INTEGER,
            deleted_reason TEXT,
            parent_uid TEXT,
            root_uid TEXT,
            likes INTEGER,
            replies INTEGER,
            shares INTEGER,
            views INTEGER,
            rating REAL,
            rating_max REAL,
            tags TEXT,
            media TEXT,
            text_raw TEXT,
            text_format TEXT,
            text_key INTEGER,
            raw TEXT
        );
        CREATE INDEX posts_by_time ON posts (created_at);
        CREATE INDEX posts_by_root ON posts (root_uid) WHERE root_uid IS NOT NULL;
        CREATE INDEX posts_by_parent ON posts (parent_uid) WHERE parent_uid IS NOT NULL;
        CREATE INDEX posts_by_author ON posts (author_id) WHERE author_id IS NOT NULL;
        CREATE INDEX posts_by_text ON posts (text_key) WHERE text_key IS NOT NULL;

        CREATE TABLE sightings (
            post_id INTEGER NOT NULL REFERENCES posts(id) ON DELETE CASCADE,
            source_id INTEGER NOT NULL REFERENCES sources(id),
            PRIMARY KEY (post_id, source_id)
        ) WITHOUT ROWID;
        CREATE TABLE counts (
            post_id INTEGER NOT NULL REFERENCES posts(id) ON DELETE CASCADE,
            at INTEGER NOT NULL,
            likes INTEGER,
            replies INTEGER,
            shares INTEGER,
            views INTEGER,
            PRIMARY KEY (post_id, at)
        ) WITHOUT ROWID;
        CREATE TABLE versions (
            post_id INTEGER NOT NULL REFERENCES posts(id) ON DELETE CASCADE,
            replaced_at INTEGER NOT NULL,
            title TEXT,
            text TEXT,
            PRIMARY KEY (post_id, replaced_at)
        ) WITHOUT ROWID;

        CREATE TABLE labels (
            post_id INTEGER PRIMARY KEY REFERENCES posts(id) ON DELETE CASCADE,
            model TEXT NOT NULL,
            labelled_at INTEGER NOT NULL,
            lang TEXT,
            sentiment TEXT NOT NULL,
            initiator TEXT NOT NULL,
            kind TEXT NOT NULL,
            idea INTEGER NOT NULL,
            toxic INTEGER NOT NULL,
            spam INTEGER NOT NULL DEFAULT 0,
            relevant INTEGER NOT NULL DEFAULT 1,
            copy INTEGER NOT NULL DEFAULT 0,
            unsure TEXT NOT NULL DEFAULT '[]',
            probabilities TEXT NOT NULL DEFAULT '{}',
            evidence TEXT NOT NULL DEFAULT '{}'
        );
        CREATE TABLE corrections (
            post_id INTEGER NOT NULL REFERENCES posts(id) ON DELETE CASCADE,
            label TEXT NOT NULL,
            value TEXT NOT NULL,
            by TEXT,
            at INTEGER NOT NULL,
            PRIMARY KEY (post_id, label)
        ) WITHOUT ROWID;

        CREATE VIRTUAL TABLE posts_fts USING fts5 (
            title, text, content = 'posts', content_rowid = 'id',
            tokenize = 'unicode61 remove_diacritics 2'
        );
        CREATE TRIGGER posts_fts_insert AFTER INSERT ON posts BEGIN
            INSERT INTO posts_fts (rowid, title, text) VALUES (new.id, new.title, new.text);
        END;
        CREATE TRIGGER posts_fts_delete AFTER DELETE ON posts BEGIN
            INSERT INTO posts_fts (posts_fts, rowid, title, text)
            VALUES ('delete', old.id, old.title, old.text);
        END;
        CREATE TRIGGER posts_fts_update AFTER UPDATE OF title, text ON posts BEGIN
            INSERT INTO posts_fts (posts_fts, rowid, title, text)
            VALUES ('delete', old.id, old.title, old.text);
            INSERT INTO posts_fts (rowid, title, text) VALUES (new.id, new.title, new.text);
        END;

        CREATE VIEW counted AS
            SELECT p.id, p.uid, p.source_id, p.author_id, p.role, p.kind AS post_kind, p.platform,
                   p.created_at, p.seen_at, p.deleted_at, p.parent_uid, p.root_uid,
                   p.likes, p.replies, p.shares, p.views,
                   l.sentiment, l.initiator, l.kind, l.idea, l.toxic, l.lang, l.unsure
            FROM posts p LEFT JOIN labels l ON l.post_id = p.id
            WHERE coalesce(l.spam, 0) = 0 AND coalesce(l.relevant, 1) = 1
              AND coalesce(l.copy, 0) = 0;
        CREATE VIEW posts_readable AS
            SELECT p.uid, s.name AS source, p.platform, p.role, p.kind, p.title, p.text, p.url,
                   strftime('%Y-%m-%dT%H:%M:%SZ', p.created_at / 1000, 'unixepoch') AS created_at,
                   p.likes, p.replies, p.shares, p.views, p.rating,
                   l.sentiment, l.initiator, l.kind AS engagement_kind, l.idea, l.toxic, l.spam,
                   l.relevant, l.copy, l.lang
            FROM posts p JOIN sources s ON s.id = p.source_id
            LEFT JOIN labels l ON l.post_id = p.id;
        """
    )


@migrations()
def add_looked_at(db: Database) -> None:
    """Remember when the platform last showed a post: some terms ask to look again or let go."""
    db.executescript("ALTER TABLE posts ADD COLUMN looked_at INTEGER;")

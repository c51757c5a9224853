"""Saves what connectors bring: posts, counts, followers, tombstones, cursors.

Upsert never loses: unknown never overwrites a number, an edit keeps the former text, older
news never replaces newer, and a tombstone comes back to life only by a later look.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from connectors.types import Account, Counts, Cursor, Followers, Gap, Page, Post, Tombstone
from monitor.store.database import Database, optional_ms, to_ms
from monitor.store.labels import LabelTable
from monitor.store.merging import Merger, bury, dump, has_counts, keys_of, text_key
from monitor.types.posts import Saved
from monitor.types.roles import Roles, account_keys

POST_COLUMNS = (
    "id, uid, platform, host, native_id, source_id, author_id, author_role, role, kind, title, "
    "text, url, lang, created_at, seen_at, edited_at, deleted_at, deleted_reason, parent_uid, "
    "root_uid, likes, replies, shares, views, rating, rating_max, tags, media, text_raw, "
    "text_format, text_key, raw"
)
_INSERT_POST = (
    f"INSERT INTO posts ({POST_COLUMNS}) VALUES ({', '.join('?' * len(POST_COLUMNS.split(', ')))})"
)


class Ingest:
    """The writing side of posts. `seen` is the moment of the look, for posts that bring none."""

    def __init__(self, db: Database, labels: LabelTable, roles: Roles) -> None:
        self.db = db
        self.labels = labels
        self.roles = roles
        self.merger = Merger(labels, roles)
        self.foreign: frozenset[str] = frozenset()
        """Names of sources that the config calls searches or others' places (`own = false`)."""
        self.admit: Callable[[Sequence[Post]], Sequence[Post]] = lambda posts: posts
        """Asked before anything is saved: leaves out whom we must not collect."""

    def save_page(self, source: str, page: Page, seen: datetime) -> Saved:
        """Save all of a page together with its cursor, or nothing of it."""
        with self.db.transaction() as connection:
            saved = self.save_posts(page.posts, seen, live=True)
            connection.execute(
                "UPDATE posts SET looked_at = ? WHERE uid IN (SELECT value FROM json_each(?))",
                (to_ms(seen), json.dumps([post.uid for post in page.posts])),
            )
            self.save_counts(page.counts)
            self.save_followers(page.followers)
            self.save_gaps(page.gaps)
            deleted = self.save_tombstones(page.deleted)
            if page.cursor is not None:
                source_id = self.source_id(connection, source)
                connection.execute(
                    "UPDATE sources SET cursor = ? WHERE id = ?",
                    (json.dumps(page.cursor), source_id),
                )
        return saved + Saved(deleted=deleted)

    def save_posts(self, posts: Sequence[Post], now: datetime, *, live: bool = False) -> Saved:
        """Insert new posts, merge known ones; a post that comes twice is merged twice.

        A post that does not say when it was seen was seen `now` if it comes from a `live`
        platform, else (a file) when it was written.
        """
        saved = Saved()
        with self.db.transaction() as connection:
            for batch in _without_repeats(self.admit(posts)):
                seen = [_seen_ms(post, now, live=live) for post in batch]
                saved += self._save_batch(connection, batch, seen)
        return saved

    def save_counts(self, counts: Iterable[Counts]) -> frozenset[str]:
        """Add looks at counters to their series. Returns the uids of posts that are not held."""
        missing = set()
        with self.db.transaction() as connection:
            for count in counts:
                row = connection.execute(
                    "SELECT id, likes, replies, shares, views FROM posts WHERE uid = ?",
                    (count.uid,),
                ).fetchone()
                if row is None:
                    missing.add(count.uid)
                else:
                    self.merger.count(connection, row, to_ms(count.at), count)
        return frozenset(missing)

    def save_followers(self, followers: Iterable[Followers]) -> None:
        """Add looks at follower numbers to their series."""
        with self.db.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO followers (source_id, at, followers) VALUES (?, ?, ?)",
                [
                    (self.source_id(connection, f.source), to_ms(f.at), f.followers)
                    for f in followers
                ],
            )

    def save_gaps(self, gaps: Iterable[Gap]) -> None:
        """Remember spans of which nothing is known; one that grows replaces itself."""
        with self.db.transaction() as connection:
            connection.executemany(
                "INSERT INTO gaps (source_id, start, end, reason) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (source_id, start) DO UPDATE SET "
                "end = max(end, excluded.end), reason = excluded.reason",
                [
                    (self.source_id(connection, g.source), to_ms(g.start), to_ms(g.end), g.reason)
                    for g in gaps
                ],
            )

    def save_tombstones(self, tombstones: Iterable[Tombstone]) -> int:
        """Empty posts that are gone at their origin. Returns how many were newly emptied."""
        emptied = 0
        with self.db.transaction() as connection:
            for stone in tombstones:
                emptied += bury(connection, stone.uid, to_ms(stone.at), stone.reason)
        return emptied

    def load_cursor(self, source: str) -> Cursor | None:
        """Return where the source's next run goes on, None at its first."""
        saved = self.db.value("SELECT cursor FROM sources WHERE name = ?", (source,))
        return None if saved is None else json.loads(saved)

    def resolve_roles(self) -> int:
        """Bring every post's role in line with the configuration. Returns how many changed.

        Runs only where `[company]` changed since the last time.
        """
        fingerprint = self.roles.fingerprint()
        known = self.db.value("SELECT value FROM meta WHERE key = 'roles'")
        if known == fingerprint:
            return 0
        changed = 0
        with self.db.transaction() as connection:
            if known is not None or self.roles.company or self.roles.third_party:
                changed = self._resolve_all(connection)
            connection.execute(
                "INSERT OR REPLACE INTO meta (key, value) VALUES ('roles', ?)", (fingerprint,)
            )
        return changed

    def _resolve_all(self, connection: sqlite3.Connection) -> int:
        rows = connection.execute(
            "SELECT DISTINCT p.platform, p.host, p.author_id, a.native_id, a.handle, a.name "
            "FROM posts p LEFT JOIN authors a ON a.id = p.author_id WHERE p.author_role IS NULL"
        ).fetchall()
        changed = 0
        for platform, host, author_id, native_id, handle, name in rows:
            keys = account_keys(platform, host, native_id, handle, name)
            role = self.roles.of(None, platform, keys)
            # `=` lets SQLite use the index of authors, which leaves out posts without one.
            same = "=" if author_id is not None else "IS"
            changed += connection.execute(
                f"UPDATE posts SET role = ? WHERE author_id {same} ? AND platform = ? "
                "AND host IS ? AND author_role IS NULL AND role <> ?",
                (role, author_id, platform, host, role),
            ).rowcount
        return changed

    def source_id(
        self, connection: sqlite3.Connection, name: str, platform: str | None = None
    ) -> int:
        """Return the id of a source, made on first sight."""
        row = connection.execute("SELECT id FROM sources WHERE name = ?", (name,)).fetchone()
        if row is not None:
            return int(row[0])
        cursor = connection.execute(
            "INSERT INTO sources (name, platform, own) VALUES (?, ?, ?)",
            (name, platform, int(name not in self.foreign)),
        )
        return int(cursor.lastrowid or 0)

    def _save_batch(
        self, connection: sqlite3.Connection, posts: Sequence[Post], seen: Sequence[int]
    ) -> Saved:
        known = {
            row["uid"]: row
            for row in connection.execute(
                "SELECT * FROM posts WHERE uid IN (SELECT value FROM json_each(?))",
                (json.dumps([p.uid for p in posts]),),
            )
        }
        authors = self._author_ids(connection, posts)
        sources: dict[str, int] = {}
        next_id = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM posts").fetchone()[0]
        rows, counts, sightings, labelled = [], [], [], []
        updated = unchanged = 0
        for post, seen_ms in zip(posts, seen, strict=True):
            if post.source not in sources:
                sources[post.source] = self.source_id(connection, post.source, post.platform)
            source_id = sources[post.source]
            author_id = authors.get(author_key(post) or "")
            old = known.get(post.uid)
            if old is None:
                rows.append(self._row(post, next_id, source_id, author_id, seen_ms))
                if has_counts(post):
                    counts.append(
                        (next_id, seen_ms, post.likes, post.replies, post.shares, post.views)
                    )
                if post.labels is not None:
                    labelled.append((next_id, post.labels, seen_ms))
                sightings.append((next_id, source_id))
                next_id += 1
            else:
                sightings.append((old["id"], source_id))
                if self.merger.merge(connection, old, post, author_id, seen_ms):
                    updated += 1
                else:
                    unchanged += 1
        connection.executemany(_INSERT_POST, rows)
        connection.executemany("INSERT OR IGNORE INTO sightings VALUES (?, ?)", sightings)
        connection.executemany("INSERT OR REPLACE INTO counts VALUES (?, ?, ?, ?, ?, ?)", counts)
        if labelled:
            self.labels.save_given(labelled)
        return Saved(new=len(rows), updated=updated, unchanged=unchanged)

    def _row(
        self, post: Post, post_id: int, source_id: int, author_id: int | None, seen_ms: int
    ) -> tuple[Any, ...]:
        gone = post.deleted_at is not None
        return (
            post_id, post.uid, post.platform, post.host, post.native_id, source_id, author_id,
            post.author_role, self._role(post), post.kind,
            None if gone else post.title, "" if gone else post.text, post.url, post.lang,
            optional_ms(post.created_at), seen_ms, optional_ms(post.edited_at),
            optional_ms(post.deleted_at), post.deleted_reason if gone else None,
            post.parent_uid, post.root_uid, post.likes, post.replies, post.shares, post.views,
            post.rating, post.rating_max, dump(post.tags), dump(post.media),
            None if gone or post.text_raw == post.text else post.text_raw, post.text_format,
            None if gone else text_key(post.text),
            None if gone or post.raw is None else dump(post.raw),
        )  # fmt: skip

    def _role(self, post: Post) -> str:
        return self.roles.of(post.author_role, post.platform, keys_of(post))

    def _author_ids(self, connection: sqlite3.Connection, posts: Sequence[Post]) -> dict[str, int]:
        wanted: dict[str, tuple[Post, Account]] = {}
        for post in posts:
            key = author_key(post)
            if key is not None and post.author is not None:
                wanted[key] = (post, post.author)
        if not wanted:
            return {}
        ids: dict[str, int] = {}
        for row in connection.execute(
            "SELECT id, key, handle, name, followers FROM authors "
            "WHERE key IN (SELECT value FROM json_each(?))",
            (json.dumps(list(wanted)),),
        ):
            account = wanted[row["key"]][1]
            ids[row["key"]] = row["id"]
            newer = (account.handle, account.name, account.followers)
            held = (row["handle"], row["name"], row["followers"])
            merged = tuple(n if n is not None else h for n, h in zip(newer, held, strict=True))
            if merged != held:
                connection.execute(
                    "UPDATE authors SET handle = ?, name = ?, followers = ? WHERE id = ?",
                    (*merged, row["id"]),
                )
        next_id = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM authors").fetchone()[0]
        missing = [key for key in wanted if key not in ids]
        connection.executemany(
            "INSERT INTO authors (id, key, platform, host, native_id, handle, name, followers) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (next_id + n, key, wanted[key][0].platform, wanted[key][0].host, a.id, a.handle,
                 a.name, a.followers)
                for n, key in enumerate(missing)
                for a in (wanted[key][1],)
            ],
        )  # fmt: skip
        ids.update({key: next_id + n for n, key in enumerate(missing)})
        return ids


def author_key(post: Post) -> str | None:
    """Return the name under which a post's author is held, None where nobody is named."""
    keys = keys_of(post)
    return keys[0] if keys else None


def _without_repeats(posts: Sequence[Post]) -> Iterable[Sequence[Post]]:
    """Cut a sequence so that no part holds the same post twice."""
    if len({post.uid for post in posts}) == len(posts):
        yield posts
        return
    part: dict[str, Post] = {}
    for post in posts:
        if post.uid in part:
            yield tuple(part.values())
            part = {}
        part[post.uid] = post
    yield tuple(part.values())


def _seen_ms(post: Post, now: datetime, *, live: bool) -> int:
    return to_ms(post.seen_at or (None if live else post.created_at) or now)

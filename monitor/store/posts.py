"""Reads posts: lists, full text, one post in its thread, what the classifier needs."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.types import Counts
from monitor.errors import UsageError
from monitor.store.database import Database, from_ms, optional_moment, to_ms
from monitor.store.labels import BOOLEANS, CORRECTABLE, labels_of
from monitor.types.posts import StoredPost

LABEL_COLUMNS = (
    "model", "lang", "sentiment", "initiator", "kind", "idea", "toxic", "spam", "relevant",
    "copy", "unsure", "probabilities", "evidence",
)  # fmt: skip
_SELECT = (
    "SELECT p.*, s.name AS source, a.key AS author_key, a.handle AS author_handle, "
    "a.name AS author_name, a.followers AS author_followers, "
    + ", ".join(f"l.{c} AS l_{c}" for c in LABEL_COLUMNS)
    + " FROM posts p JOIN sources s ON s.id = p.source_id "
    "LEFT JOIN authors a ON a.id = p.author_id LEFT JOIN labels l ON l.post_id = p.id "
)
COPY_SPAN_MS = 7 * 86_400_000
THREAD_DEPTH = 50
"""Steps that a walk up a thread takes at most: a cyclic chain ends there too."""


class Posts:
    """The posts of the store, read-only."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def load(self, uid: str) -> StoredPost | None:
        """Return a post, or None."""
        row = self.db.row(_SELECT + "WHERE p.uid = ?", (uid,))
        return None if row is None else _stored(row)

    def load_ids(self, ids: Sequence[int]) -> list[StoredPost]:
        """Return posts by their store ids, in the order of the ids."""
        rows = self.db.rows(
            _SELECT + "WHERE p.id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
        )
        by_id = {row["id"]: _stored(row) for row in rows}
        return [by_id[i] for i in ids if i in by_id]

    def newest(
        self,
        *,
        source: str | None = None,
        labels: Mapping[str, str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = 50,
    ) -> list[StoredPost]:
        """Return posts, newest first. `labels` maps a label to the value wanted.

        Raises UsageError for an unknown label or value.
        """
        where, parameters = _conditions(source, labels or {}, since, until)
        rows = self.db.rows(
            _SELECT + f"WHERE {where} ORDER BY p.created_at DESC, p.id DESC LIMIT ?",
            (*parameters, -1 if limit is None else limit),
        )
        return [_stored(row) for row in rows]

    def search(self, query: str, *, limit: int | None = 50) -> list[StoredPost]:
        """Return posts whose title or text holds all words of `query`, newest first.

        The query is plain words; `"two words"` asks for a phrase, a trailing `*` for a beginning.
        Signs that mean something to SQLite's search are taken as they are written.
        """
        expression = _fts_expression(query)
        if expression is None:
            raise UsageError("search: give at least one word to look for")
        rows = self.db.rows(
            _SELECT + "WHERE p.id IN (SELECT rowid FROM posts_fts WHERE posts_fts MATCH ?) "
            "ORDER BY p.created_at DESC, p.id DESC LIMIT ?",
            (expression, -1 if limit is None else limit),
        )
        return [_stored(row) for row in rows]

    def thread(self, post: StoredPost) -> list[StoredPost]:
        """Return the posts of the thread that `post` stands in, oldest first, itself included."""
        root = post.root_uid or post.uid
        rows = self.db.rows(
            _SELECT + "WHERE p.root_uid = ? OR p.uid = ? OR p.parent_uid = ? OR p.uid = ? "
            "ORDER BY p.created_at IS NULL, p.created_at, p.id LIMIT 500",
            (root, root, post.uid, post.uid),
        )
        found = {row["uid"]: _stored(row) for row in rows}
        for above in self.above(post):
            found.setdefault(above.uid, above)
        return sorted(found.values(), key=lambda p: (p.created_at is None, p.created_at, p.id))

    def above(self, post: StoredPost) -> list[StoredPost]:
        """Return the chain from the thread's first post down to the parent of `post`."""
        return self.above_many([post])[0]

    def above_many(self, posts: Sequence[StoredPost]) -> list[list[StoredPost]]:
        """Like `above` for many posts, with one query for each step up.

        A parent that is not held ends the walk; the root is added where it is known by name.
        """
        held: dict[str, StoredPost] = {post.uid: post for post in posts}
        asked = set(held)
        wanted = {uid for p in posts for uid in (p.parent_uid, p.root_uid) if uid} - asked
        for _ in range(THREAD_DEPTH):
            if not wanted:
                break
            asked |= wanted
            found = self.load_uids(wanted)
            held |= found
            wanted = {p.parent_uid for p in found.values() if p.parent_uid} - asked
        return [_chain(post, held) for post in posts]

    def load_uids(self, uids: Collection[str]) -> dict[str, StoredPost]:
        """Return the posts that are held, by uid."""
        rows = self.db.rows(
            _SELECT + "WHERE p.uid IN (SELECT value FROM json_each(?))", (json.dumps(list(uids)),)
        )
        return {row["uid"]: _stored(row) for row in rows}

    def counts(self, post_id: int) -> list[Counts]:
        """Return the looks at a post's counters, oldest first."""
        rows = self.db.rows(
            "SELECT p.uid, c.* FROM counts c JOIN posts p ON p.id = c.post_id "
            "WHERE c.post_id = ? ORDER BY c.at",
            (post_id,),
        )
        return [
            Counts(r["uid"], from_ms(r["at"]), r["likes"], r["replies"], r["shares"], r["views"])
            for r in rows
        ]

    def versions(self, post_id: int) -> list[tuple[datetime, str | None, str | None]]:
        """Return former (replaced at, title, text) of an edited post, oldest first."""
        rows = self.db.rows(
            "SELECT * FROM versions WHERE post_id = ? ORDER BY replaced_at", (post_id,)
        )
        return [(from_ms(r["replaced_at"]), r["title"], r["text"]) for r in rows]

    def each(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[tuple[StoredPost, str | None]]:
        """Yield every post with its raw payload (JSON text), in the order they came."""
        where, parameters = _conditions(None, {}, since, until)
        last = 0
        while True:
            rows = self.db.rows(
                _SELECT + f"WHERE {where} AND p.id > ? ORDER BY p.id LIMIT 2000",
                (*parameters, last),
            )
            if not rows:
                return
            for row in rows:
                yield _stored(row), row["raw"]
            last = rows[-1]["id"]

    def native_ids_to_refresh(self, source: str, since: datetime, until: datetime) -> list[str]:
        """Return native ids of a source's living posts created in [since, until), newest first."""
        rows = self.db.rows(
            "SELECT p.native_id FROM posts p JOIN sources s ON s.id = p.source_id "
            "WHERE s.name = ? AND p.created_at >= ? AND p.created_at < ? "
            "AND p.deleted_at IS NULL AND p.emptied_at IS NULL ORDER BY p.created_at DESC",
            (source, to_ms(since), to_ms(until)),
        )
        return [row[0] for row in rows]

    def count(self) -> int:
        """Return how many posts are held."""
        return int(self.db.value("SELECT count(*) FROM posts"))

    def copies(self, ids: Sequence[int]) -> set[int]:
        """Return those of `ids` whose words were written before, within a week.

        The company's own posts are no copies: its answers repeat by nature.
        """
        rows = self.db.rows(
            "SELECT p.id FROM posts p WHERE p.id IN (SELECT value FROM json_each(?)) "
            "AND p.text_key IS NOT NULL AND p.role <> 'company' AND EXISTS ("
            "  SELECT 1 FROM posts q WHERE q.text_key = p.text_key AND q.id <> p.id "
            "  AND q.role <> 'company' AND q.created_at > p.created_at - ? "
            "  AND (q.created_at < p.created_at OR (q.created_at = p.created_at AND q.id < p.id)))",
            (json.dumps(list(ids)), COPY_SPAN_MS),
        )
        return {row[0] for row in rows}

    def text_keys(self, ids: Sequence[int]) -> dict[int, int]:
        """Return post id -> number of its words (`text_key`), where it has one."""
        rows = self.db.rows(
            "SELECT id, text_key FROM posts WHERE text_key IS NOT NULL "
            "AND id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        )
        return {row[0]: row[1] for row in rows}


def _chain(post: StoredPost, held: Mapping[str, StoredPost]) -> list[StoredPost]:
    """Walk up from a post; a cycle or an unknown parent ends it."""
    chain: list[StoredPost] = []
    seen = {post.uid}
    parent = post.parent_uid
    while parent and parent not in seen and parent in held and len(chain) < THREAD_DEPTH:
        seen.add(parent)
        chain.append(held[parent])
        parent = held[parent].parent_uid
    if post.root_uid and post.root_uid not in seen and post.root_uid in held:
        chain.append(held[post.root_uid])
    return chain[::-1]


def _conditions(
    source: str | None,
    labels: Mapping[str, str],
    since: datetime | None,
    until: datetime | None,
) -> tuple[str, list[Any]]:
    where: list[str] = ["1"]
    parameters: list[Any] = []
    if source is not None:
        where.append(
            "p.id IN (SELECT post_id FROM sightings g JOIN sources t ON t.id = g.source_id "
            "WHERE t.name = ?)"
        )
        parameters.append(source)
    for label, value in labels.items():
        if label not in CORRECTABLE and label != "lang":
            known = ", ".join((*CORRECTABLE, "lang"))
            raise UsageError(
                "--label {label}={value}: no such label; take one of {known}",
                label=label,
                value=value,
                known=known,
            )
        if label in CORRECTABLE and value not in CORRECTABLE[label]:
            allowed = ", ".join(CORRECTABLE[label])
            raise UsageError(
                "--label {label}={value}: allowed are {allowed}",
                label=label,
                value=value,
                allowed=allowed,
            )
        where.append(f"l.{label} = ?")
        parameters.append(int(value == "yes") if label in BOOLEANS else value)
    if since is not None:
        where.append("p.created_at >= ?")
        parameters.append(to_ms(since))
    if until is not None:
        where.append("p.created_at < ?")
        parameters.append(to_ms(until))
    return " AND ".join(where), parameters


def _fts_expression(query: str) -> str | None:
    """Quote every word, so that FTS5 reads no operators out of what a person typed."""
    terms = []
    # SQLite ends a text at NUL and takes no lone surrogates.
    query = query.replace("\0", " ").encode("utf-8", "replace").decode("utf-8")
    for phrase, word in re.findall(r'"([^"]+)"|(\S+)', query):
        text = phrase or word
        prefix = "*" if word.endswith("*") else ""
        cleaned = text.replace('"', " ").rstrip("*").strip()
        if re.search(r"\w", cleaned):
            terms.append(f'"{cleaned}"{prefix}')
    return " ".join(terms) or None


def _stored(row: sqlite3.Row) -> StoredPost:
    return StoredPost(
        id=row["id"],
        uid=row["uid"],
        source=row["source"],
        platform=row["platform"],
        host=row["host"],
        native_id=row["native_id"],
        kind=row["kind"],
        title=row["title"],
        text=row["text"],
        url=row["url"],
        author_key=row["author_key"],
        author_handle=row["author_handle"],
        author_name=row["author_name"],
        author_followers=row["author_followers"],
        role=row["role"],
        lang=row["lang"],
        created_at=optional_moment(row["created_at"]),
        seen_at=from_ms(row["seen_at"]),
        edited_at=optional_moment(row["edited_at"]),
        deleted_at=optional_moment(row["deleted_at"]),
        deleted_reason=row["deleted_reason"],
        parent_uid=row["parent_uid"],
        root_uid=row["root_uid"],
        likes=row["likes"],
        replies=row["replies"],
        shares=row["shares"],
        views=row["views"],
        rating=row["rating"],
        rating_max=row["rating_max"],
        tags=tuple(json.loads(row["tags"] or "[]")),
        labels=labels_of(row),
        copy=bool(row["l_copy"]),
    )

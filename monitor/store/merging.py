"""Brings a known post up to date: what a new look tells, edits, counters, tombstones."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from typing import Any

from connectors.types import Counts, Post
from monitor.store.database import optional_ms, to_ms
from monitor.store.labels import LabelTable
from monitor.types.masking import unmasked
from monitor.types.roles import Roles, account_keys

COPY_LENGTH = 30
"""Signs from which an equal text counts as a copy; shorter ones ('+1', 'Danke!') just recur."""

_WORDS = re.compile(r"\w+")

COUNTERS = ("likes", "replies", "shares", "views")


def text_key(text: str) -> int | None:
    """Return a number that is equal for texts with the same words, None for short texts.

    63 bits of BLAKE2b over the casefolded words, so that case, punctuation and spacing do not
    hide a copy.
    """
    if len(text) < COPY_LENGTH:
        return None
    words = " ".join(_WORDS.findall(text.casefold()))
    digest = hashlib.blake2b(words.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


class Merger:
    """Merges looks at posts that the store holds. Unknown never overwrites what is known."""

    def __init__(self, labels: LabelTable, roles: Roles) -> None:
        self.labels = labels
        self.roles = roles

    def merge(
        self,
        connection: sqlite3.Connection,
        old: sqlite3.Row,
        post: Post,
        author_id: int | None,
        seen_ms: int,
    ) -> bool:
        """Bring a known post up to date. Returns whether anything about it changed."""
        if post.deleted_at is not None:
            return bool(
                bury(
                    connection,
                    post.uid,
                    to_ms(post.deleted_at),
                    post.deleted_reason or "unknown",
                )
            )
        if old["emptied_at"] is not None:
            return False  # what retention or erasure took does not come back
        if old["deleted_at"] is not None and seen_ms <= old["deleted_at"]:
            return False
        change = _known_now(old, post, author_id)
        change |= _text_change(connection, old, post, seen_ms)
        if post.author_role is not None and post.author_role != old["author_role"]:
            change["role"] = self.roles.of(post.author_role, post.platform, keys_of(post))
        if "text" in change:
            self.labels.forget(old["id"])
        if change:
            assignments = ", ".join(f"{column} = ?" for column in change)
            connection.execute(
                f"UPDATE posts SET {assignments} WHERE id = ?",
                (*change.values(), old["id"]),
            )
        counted = has_counts(post) and self.count(connection, old, seen_ms, post)
        labelled = post.labels is not None and self.labels.save_given(
            [(old["id"], post.labels, seen_ms)]
        )
        return bool(change) or counted or labelled

    def count(
        self, connection: sqlite3.Connection, old: sqlite3.Row, at: int, look: Counts | Post
    ) -> bool:
        """Add one look at a post's counters; unknown parts keep what was known before it."""
        newest = connection.execute(
            "SELECT max(at) FROM counts WHERE post_id = ?", (old["id"],)
        ).fetchone()[0]
        before = (
            connection.execute(
                "SELECT likes, replies, shares, views FROM counts "
                "WHERE post_id = ? AND at <= ? ORDER BY at DESC LIMIT 1",
                (old["id"], at),
            ).fetchone()
            or (None,) * 4
        )
        look_now = tuple(getattr(look, counter) for counter in COUNTERS)
        merged = tuple(n if n is not None else b for n, b in zip(look_now, before, strict=True))
        if merged == tuple(before):
            return False
        connection.execute(
            "INSERT OR REPLACE INTO counts VALUES (?, ?, ?, ?, ?, ?)", (old["id"], at, *merged)
        )
        if newest is None or at >= newest:
            connection.execute(
                "UPDATE posts SET likes = ?, replies = ?, shares = ?, views = ? WHERE id = ?",
                (*merged, old["id"]),
            )
        return True


def keys_of(post: Post) -> tuple[str, ...]:
    """Return the names that a post's author goes by, the firmest first; none where unnamed."""
    if post.author is None:
        return ()
    author = post.author
    return account_keys(post.platform, post.host, author.id, author.handle, author.name)


def has_counts(post: Post) -> bool:
    """Say whether a post brings any counter."""
    return not (post.likes is post.replies is post.shares is post.views is None)


def dump(value: Any) -> str | None:
    """Return JSON, None for what is empty."""
    return json.dumps(value, ensure_ascii=False) if value else None


def bury(connection: sqlite3.Connection, uid: str, at: int, reason: str) -> int:
    """Leave a tombstone: no text, no former texts, no raw payload. Labels and counts stay."""
    row = connection.execute("SELECT id, deleted_at FROM posts WHERE uid = ?", (uid,)).fetchone()
    if row is None or row["deleted_at"] is not None:
        return 0
    connection.execute("DELETE FROM versions WHERE post_id = ?", (row["id"],))
    connection.execute(
        "UPDATE posts SET title = NULL, text = '', text_raw = NULL, text_key = NULL, raw = NULL, "
        "media = NULL, tags = NULL, deleted_at = ?, deleted_reason = ? WHERE id = ?",
        (at, reason, row["id"]),
    )
    # The words that carried a label are words of the text.
    connection.execute("UPDATE labels SET evidence = '{}' WHERE post_id = ?", (row["id"],))
    return 1


def _known_now(old: sqlite3.Row, post: Post, author_id: int | None) -> dict[str, Any]:
    """Return facts that the new look tells and that differ from what is held."""
    now = {
        "url": post.url,
        "lang": post.lang,
        "created_at": optional_ms(post.created_at),
        "parent_uid": post.parent_uid,
        "root_uid": post.root_uid,
        "rating": post.rating,
        "rating_max": post.rating_max,
        "author_id": author_id,
        "author_role": post.author_role,
        "tags": dump(post.tags),
        "media": dump(post.media),
    }
    return {
        column: value for column, value in now.items() if value is not None and value != old[column]
    }


def _text_change(
    connection: sqlite3.Connection, old: sqlite3.Row, post: Post, seen_ms: int
) -> dict[str, Any]:
    """Return the columns of an edit, after keeping the former text; empty where nothing changed."""
    back = old["deleted_at"] is not None
    # A masked export that is imported again shall not black out what it was made from.
    text = unmasked(post.text, old["text"])
    title = old["title"] if post.title is None else unmasked(post.title, old["title"])
    same = text == old["text"] and title == old["title"]
    if same and not back:
        return {}
    version = optional_ms(post.edited_at) or seen_ms
    held_version = old["edited_at"] or old["seen_at"]
    if version < held_version and not back:
        return {}
    if not back:
        connection.execute(
            "INSERT OR REPLACE INTO versions (post_id, replaced_at, title, text) "
            "VALUES (?, ?, ?, ?)",
            (old["id"], version, old["title"], old["text"]),
        )
    return {
        "title": title,
        "text": text,
        "text_raw": None if post.text_raw == text else post.text_raw,
        "text_key": text_key(text),
        "edited_at": old["edited_at"] if back else version,
        "deleted_at": None,
        "deleted_reason": None,
    }

"""Takes a person out of the store: words, names and ids go, the rows that figures count stay.

What stays of a post is when it was written, its source, role, labels and counts, under an id
that leads nowhere; of its author a number that tells that two such posts were by one person.
"""

from __future__ import annotations

import json
import re
import secrets
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monitor.errors import StoreError
from monitor.store import scrub
from monitor.store.accounts import HIDDEN, AuthorRow, hidden_key
from monitor.store.database import Database

MASK = "▮▮▮"
DISTINCT = 6
"""Signs from which a name without a digit is taken for one that means nobody else."""

CHECKPOINT_TRIES = 50
WITHDRAWN = json.dumps(
    {
        "text": "Withdrawn: somebody whom this message quoted was erased. See `sturmglas alerts`.",
        "html": "",
        "slack": {},
        "note": "",
        "pictures": {},
    }
)

_EMPTIED = (
    "title = NULL, text = '', url = NULL, text_raw = NULL, text_key = NULL, raw = NULL, "
    "tags = NULL, media = NULL"
)
FREE_TEXT: tuple[tuple[str, str], ...] = (
    ("alerts", "subject"), ("alerts", "context"), ("verdicts", "reason"),
    ("deliveries", "subject"), ("deliveries", "error"), ("delivery_threads", "handle"),
    ("decisions", "reason"), ("decisions", "text"), ("queue", "reasons"),
    ("queue", "suggestion"), ("ledger_events", "private"), ("findings", "body"),
    ("campaign_ideas", "status_reason"), ("sources", "error"), ("runs", "error"),
    ("gaps", "reason"), ("versions", "text"), ("versions", "title"),
)  # fmt: skip
"""Columns in which a name may stand that somebody else wrote there."""


@dataclass(frozen=True, slots=True)
class Emptied:
    """What an erasure took, in numbers; `uids` are the posts' names before it."""

    posts: int = 0
    counts: int = 0
    uids: tuple[str, ...] = ()
    mentions: int = 0


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What the look through the files found afterwards. `traces`: file -> places."""

    searched_bytes: int = 0
    pages: int | None = None
    traces: Mapping[str, int] = field(default_factory=dict)
    checkpointed: bool = True


class Erasure:
    """Empties posts and authors. `hashed` turns a uid into its tombstone's key."""

    def __init__(self, db: Database, hashed: Callable[[str], str]) -> None:
        self.db = db
        self.hashed = hashed

    def erase(self, authors: Sequence[AuthorRow], at: int, until: int | None = None) -> Emptied:
        """Empty everything of these authors; `until` (ms) spares what was written later.

        An author who wrote later keeps the name for those posts.
        """
        ids = json.dumps([author.id for author in authors])
        later = "" if until is None else "AND coalesce(created_at, 0) <= :until "
        with self.db.transaction() as connection:
            rows = connection.execute(
                "SELECT id, uid, platform, host FROM posts WHERE author_id IN "
                f"(SELECT value FROM json_each(:ids)) {later}AND native_id NOT GLOB '{HIDDEN}*'",
                {"ids": ids, "until": until},
            ).fetchall()
            renamed = {
                row["uid"]: hidden_key(row["platform"], row["host"], self.hashed(row["uid"]))
                for row in rows
            }
            looks = self._empty_posts(connection, rows, renamed, at)
            self._rename_references(connection, renamed)
            mentions = self._forget_names(connection, [n for a in authors for n in a.names])
            self._empty_authors(connection, authors, at)
        return Emptied(len(rows), looks, tuple(renamed), mentions)

    def _empty_posts(
        self,
        connection: sqlite3.Connection,
        rows: Sequence[sqlite3.Row],
        renamed: Mapping[str, str],
        at: int,
    ) -> int:
        connection.executemany(
            f"UPDATE posts SET uid = ?, native_id = ?, emptied_at = ?, {_EMPTIED} WHERE id = ?",
            [
                (renamed[row["uid"]], HIDDEN + renamed[row["uid"]].rpartition(HIDDEN)[2], at,
                 row["id"])
                for row in rows
            ],
        )  # fmt: skip
        ids = json.dumps([row["id"] for row in rows])
        chosen = "post_id IN (SELECT value FROM json_each(?))"
        connection.execute(f"DELETE FROM versions WHERE {chosen}", (ids,))
        connection.execute(
            f"UPDATE labels SET evidence = '{{}}' WHERE {chosen} AND evidence <> '{{}}'", (ids,)
        )
        sql = f"SELECT count(*) FROM counts WHERE {chosen}"
        return int(connection.execute(sql, (ids,)).fetchone()[0])

    def _rename_references(
        self, connection: sqlite3.Connection, renamed: Mapping[str, str]
    ) -> None:
        """Let threads, alerts, messages and the queue point to the new names."""
        pairs = [(new, old) for old, new in renamed.items()]
        for column in ("parent_uid", "root_uid"):
            connection.executemany(f"UPDATE posts SET {column} = ? WHERE {column} = ?", pairs)
        chosen = "post_uid IN (SELECT value FROM json_each(?))"
        listed = (json.dumps(list(renamed)),)
        for row in connection.execute(
            f"SELECT campaign_id, number, post_uid FROM campaign_ideas WHERE {chosen}", listed
        ).fetchall():
            connection.execute(
                "UPDATE campaign_ideas SET post_uid = ? WHERE campaign_id = ? AND number = ?",
                (renamed[row["post_uid"]], row["campaign_id"], row["number"]),
            )
        for row in connection.execute(
            f"SELECT id, post_uid FROM queue WHERE {chosen}", listed
        ).fetchall():
            new = renamed[row["post_uid"]]
            connection.execute(
                "UPDATE queue SET post_uid = ?, subject = replace(subject, ?, ?) WHERE id = ?",
                (new, row["post_uid"], new, row["id"]),
            )
        self._rename_lists(connection, renamed)

    def _rename_lists(self, connection: sqlite3.Connection, renamed: Mapping[str, str]) -> None:
        """Rename posts in the evidence of alerts and in messages; those that wait lose quotes."""
        for table, key in (("alerts", "id"), ("deliveries", "id")):
            for row_id, listed in connection.execute(
                f"SELECT DISTINCT t.{key}, t.posts FROM {table} t, json_each(t.posts) p "
                "WHERE p.value IN (SELECT value FROM json_each(?))",
                (json.dumps(list(renamed)),),
            ).fetchall():
                uids = [renamed.get(uid, uid) for uid in json.loads(listed)]
                connection.execute(
                    f"UPDATE {table} SET posts = ? WHERE {key} = ?", (json.dumps(uids), row_id)
                )
                if table == "deliveries":
                    connection.execute(
                        "UPDATE deliveries SET payload = ? WHERE id = ? AND payload IS NOT NULL",
                        (WITHDRAWN, row_id),
                    )

    def _forget_names(self, connection: sqlite3.Connection, names: Sequence[str]) -> int:
        """Mask the person's names in what others wrote. Returns in how many of their posts."""
        mentions = self._mask_mentions(connection, names)
        quoted = [json.dumps(name, ensure_ascii=False) for name in names]
        for needle in dict.fromkeys([*quoted, *filter(is_distinct, names)]):
            connection.execute(
                "UPDATE posts SET raw = NULL WHERE raw IS NOT NULL AND instr(raw, ?)", (needle,)
            )
        for needle in filter(is_distinct, names):
            for table, column in FREE_TEXT:
                connection.execute(
                    f"UPDATE {table} SET {column} = replace({column}, ?, ?) "
                    f"WHERE instr({column}, ?)",
                    (needle, MASK, needle),
                )
            connection.execute("UPDATE sources SET cursor = NULL WHERE instr(cursor, ?)", (needle,))
        return mentions

    def _mask_mentions(self, connection: sqlite3.Connection, names: Sequence[str]) -> int:
        handles = {n.removeprefix("@") for n in names if n.startswith("@")}
        masked = 0
        for handle in handles:
            found = connection.execute(
                "SELECT id, title, text FROM posts WHERE id IN "
                "(SELECT rowid FROM posts_fts WHERE posts_fts MATCH ?)",
                ('"' + handle.replace('"', " ") + '"',),
            ).fetchall()
            for post_id, title, text in found:
                new = tuple(part and without_mentions(part, handle) for part in (title, text))
                if new == (title, text):
                    continue
                masked += 1
                connection.execute(
                    "UPDATE posts SET title = ?, text = ?, text_raw = NULL, raw = NULL "
                    "WHERE id = ?",
                    (*new, post_id),
                )
                connection.execute(
                    "UPDATE labels SET evidence = '{}' WHERE post_id = ?", (post_id,)
                )
        return masked

    def _empty_authors(
        self, connection: sqlite3.Connection, authors: Iterable[AuthorRow], at: int
    ) -> None:
        """Leave a number without a name; posts that are spared move to an author of their own."""
        for author in authors:
            gone = hidden_key(author.platform, author.host, secrets.token_hex(8))
            spared = connection.execute(
                f"SELECT 1 FROM posts WHERE author_id = ? AND native_id NOT GLOB '{HIDDEN}*'",
                (author.id,),
            ).fetchone()
            if spared:
                cursor = connection.execute(
                    "INSERT INTO authors (key, platform, host) VALUES (?, ?, ?)",
                    (gone, author.platform, author.host),
                )
                connection.execute(
                    "UPDATE posts SET author_id = ? WHERE author_id = ? AND emptied_at = ?",
                    (cursor.lastrowid, author.id, at),
                )
                continue
            connection.execute(
                "UPDATE authors SET key = ?, native_id = NULL, handle = NULL, name = NULL, "
                "followers = NULL WHERE id = ?",
                (gone, author.id),
            )

    def erase_ideas(self, names: Sequence[str]) -> int:
        """Empty the ideas that somebody handed in; number, id and votes stay."""
        chosen = "author IN (SELECT value FROM json_each(?))"
        with self.db.transaction() as connection:
            listed = json.dumps(list(names))
            ideas = connection.execute(
                f"SELECT campaign_id, number FROM campaign_ideas WHERE {chosen}", (listed,)
            ).fetchall()
            connection.execute(
                "UPDATE campaign_ideas SET title = '', text = '', author = NULL, post_uid = NULL "
                f"WHERE {chosen}",
                (listed,),
            )
            connection.executemany(
                "INSERT OR IGNORE INTO erased_ideas VALUES (?, ?)", [tuple(r) for r in ideas]
            )
        return len(ideas)


def is_distinct(name: str) -> bool:
    """Whether a name is unlikely to be a word or a number that means something else."""
    if len(name) >= DISTINCT and not name.isdigit():
        return True
    return len(name) >= 4 and bool(re.search(r"[\d_]", name)) and not name.isdigit()


def is_nickname(word: str) -> bool:
    """Whether a word, also without `@`, can only be somebody's handle."""
    return bool(re.search(r"[\d_.-]", word)) and is_distinct(word)


def without_mentions(text: str, handle: str) -> str:
    """Mask `@handle` in a text, and the bare word where it cannot mean anybody else."""
    sign = "@?" if is_nickname(handle) else "@"
    return re.sub(rf"(?<![\w@]){sign}{re.escape(handle)}(?![\w-])", MASK, text, flags=re.I)


# --- files ------------------------------------------------------------------------------------


def mark_cleaning(db: Database, *, needed: bool) -> None:
    """Note that the files still hold what the tables no longer do, or that they are clean."""
    with db.transaction() as connection:
        if needed:
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('cleaning', '1')")
        else:
            connection.execute("DELETE FROM meta WHERE key = 'cleaning'")


def needs_cleaning(db: Database) -> bool:
    """Whether files must still be cleaned."""
    return db.value("SELECT value FROM meta WHERE key = 'cleaning'") is not None


def clean_files(
    db: Database, needles: Sequence[str], files: Sequence[Path], *, index: bool = True
) -> Cleaned:
    """Take what was erased out of search index, log and free space, then search every file.

    Idempotent: an erasure that was cut calls it again.
    """
    if db.path is None:
        if index:
            _optimize(db)
        return Cleaned()
    if index:
        _optimize(db)
    emptied = checkpoint(db)
    answer = _scrub(db, needles, files)
    if answer["pages"] is None or str(db.path) in answer["traces"]:
        with db.lock:
            db.connection.execute("VACUUM")
        emptied = checkpoint(db)
        answer = _scrub(db, needles, files)
    return Cleaned(answer["bytes"], answer["pages"], answer["traces"], emptied)


def _optimize(db: Database) -> None:
    """Join the search index into one segment: what was deleted is not copied."""
    with db.transaction() as connection:
        connection.execute("INSERT INTO posts_fts (posts_fts) VALUES ('optimize')")


def checkpoint(db: Database) -> bool:
    """Move the write-ahead log into the store and cut it to nothing.

    Returns False where another process reads without an end; then the next nightly run does it.
    """
    for _ in range(CHECKPOINT_TRIES):
        row = db.row("PRAGMA wal_checkpoint(TRUNCATE)")
        if row is None or row[0] == 0:
            return True
        time.sleep(0.1)
    return False


def _scrub(db: Database, needles: Sequence[str], files: Sequence[Path]) -> dict[str, Any]:
    asked = {"needles": list(needles), "files": [str(file) for file in files]}
    # What this connection remembers of the pages must not be written back over the zeros.
    db.row("PRAGMA shrink_memory")
    with db.transaction():  # nobody writes meanwhile
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-I", scrub.__file__, str(db.path)],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            check=False,
        )
    db.row("PRAGMA shrink_memory")
    if done.returncode:
        raise StoreError(
            "{file}: its free space could not be cleared: {error}; "
            "run `sturmglas privacy retention` to try again",
            file=db.path,
            error=done.stderr.strip()[-300:],
        )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer

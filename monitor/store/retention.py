"""Deletes what has been kept long enough, kind by kind. Figures stay.

Each kind counts first (`dry_run`) by the same conditions by which it deletes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from monitor.store.accounts import HIDDEN, AuthorRow, hidden_key
from monitor.store.database import Database, from_ms, to_ms
from monitor.store.outbox import Outbox

_OLD_TEXTS = (
    "coalesce(created_at, seen_at) < ? AND emptied_at IS NULL AND "
    "(text <> '' OR title IS NOT NULL OR url IS NOT NULL OR raw IS NOT NULL)"
)
_NOT_SHOWN = (
    "source_id = (SELECT id FROM sources WHERE name = ?) AND emptied_at IS NULL "
    "AND looked_at < ? AND text <> ''"
)
_RESTING = (
    f"key NOT GLOB '*:{HIDDEN}*' AND NOT EXISTS (SELECT 1 FROM posts p WHERE p.author_id = "
    "authors.id AND (coalesce(p.created_at, p.seen_at) >= ? "
    "OR p.role IN ('company', 'third_party')))"
)
_OLD_LOOKS = (
    "at < ? AND EXISTS (SELECT 1 FROM counts later WHERE later.post_id = counts.post_id "
    "AND later.at > counts.at AND later.at / 86400000 = counts.at / 86400000)"
)


class Retention:
    """What is old enough to go. `pseudonym` turns an author's key into its keyed hash."""

    def __init__(self, db: Database, pseudonym: Callable[[str], str]) -> None:
        self.db = db
        self.pseudonym = pseudonym

    def raw(self, before: datetime, *, dry_run: bool) -> int:
        """Drop answers as the platforms gave them. Returns of how many posts."""
        where = "raw IS NOT NULL AND seen_at < ?"
        if dry_run:
            return self._count("posts", where, before)
        return self._change(f"UPDATE posts SET raw = NULL WHERE {where}", before)

    def texts(self, before: datetime, now: datetime, *, dry_run: bool) -> int:
        """Empty titles, texts, former texts, links and evidence. Returns of how many posts."""
        versions = self._count("versions", "replaced_at < ?", before)
        if dry_run:
            return self._count("posts", _OLD_TEXTS, before) + versions
        with self.db.transaction() as connection:
            emptied = self._empty(_OLD_TEXTS, (to_ms(before),), now)
            connection.execute("DELETE FROM versions WHERE replaced_at < ?", (to_ms(before),))
        return emptied + versions

    def not_shown_since(
        self, source: str, before: datetime, now: datetime, *, dry_run: bool = False
    ) -> int:
        """Empty posts of a source that its platform did not show again since then.

        For platforms whose terms let posts be kept only so long without asking anew. Returns of
        how many posts.
        """
        where = _NOT_SHOWN
        if dry_run:
            sql = f"SELECT count(*) FROM posts WHERE {where}"
            return int(self.db.value(sql, (source, to_ms(before))))
        return self._empty(where, (source, to_ms(before)), now)

    def _empty(self, where: str, parameters: tuple[Any, ...], now: datetime) -> int:
        with self.db.transaction() as connection:
            rows = connection.execute(f"SELECT id FROM posts WHERE {where}", parameters)
            ids = json.dumps([row[0] for row in rows])
            chosen = "IN (SELECT value FROM json_each(?))"
            emptied = connection.execute(
                "UPDATE posts SET title = NULL, text = '', url = NULL, text_raw = NULL, "
                "text_key = NULL, raw = NULL, tags = NULL, media = NULL, emptied_at = ? "
                f"WHERE id {chosen}",
                (to_ms(now), ids),
            ).rowcount
            connection.execute(f"DELETE FROM versions WHERE post_id {chosen}", (ids,))
            connection.execute(
                f"UPDATE labels SET evidence = '{{}}' WHERE post_id {chosen}", (ids,)
            )
        return int(emptied)

    def handles(self, before: datetime, *, dry_run: bool) -> int:
        """Leave a pseudonym of authors who rest since then. Returns how many they were.

        The company's and third parties' accounts keep their names: they are no private persons,
        and roles are told by them.
        """
        if dry_run:
            return self._count("authors", _RESTING, before)
        with self.db.transaction() as connection:
            rows = connection.execute(
                "SELECT id, key, platform, host, native_id, handle, name, followers FROM authors "
                f"WHERE {_RESTING}",
                (to_ms(before),),
            ).fetchall()
            for row in rows:
                self._hide(AuthorRow(*row))
        return len(rows)

    def _hide(self, author: AuthorRow) -> None:
        key = hidden_key(author.platform, author.host, self.pseudonym(author.key))
        connection = self.db.connection
        for name in (author.handle, author.native_id):
            if name:
                connection.execute(
                    "UPDATE posts SET url = NULL WHERE author_id = ? AND instr(url, ?)",
                    (author.id, name.lstrip("@")),
                )
        known = connection.execute("SELECT id FROM authors WHERE key = ?", (key,)).fetchone()
        if known is not None:  # came back, and rests again
            connection.execute(
                "UPDATE posts SET author_id = ? WHERE author_id = ?", (known[0], author.id)
            )
            connection.execute("DELETE FROM authors WHERE id = ?", (author.id,))
            return
        connection.execute(
            "UPDATE authors SET key = ?, native_id = NULL, handle = NULL, name = NULL WHERE id = ?",
            (key, author.id),
        )

    def counts(self, before: datetime, *, dry_run: bool) -> int:
        """Thin looks at counters to the last one of each UTC day. Returns how many went."""
        if dry_run:
            return self._count("counts", _OLD_LOOKS, before)
        return self._change(f"DELETE FROM counts WHERE {_OLD_LOOKS}", before)

    def logs(self, before: datetime, *, dry_run: bool) -> int:
        """Drop runs and deliveries of before. Returns how many rows went."""
        done = "state <> 'waiting' AND created_at < ?"
        if dry_run:
            return self._count("runs", "started_at < ?", before) + self._count(
                "deliveries", done, before
            )
        runs = self._change("DELETE FROM runs WHERE started_at < ?", before)
        return runs + Outbox(self.db).forget(before)

    def oldest(self) -> Mapping[str, datetime | None]:
        """Return the oldest thing held of each kind, as proof of what retention left."""
        asked = {
            "raw": "SELECT min(seen_at) FROM posts WHERE raw IS NOT NULL",
            "texts": "SELECT created_at FROM posts WHERE created_at IS NOT NULL "
            "AND emptied_at IS NULL AND text <> '' ORDER BY created_at LIMIT 1",
            "runs": "SELECT min(started_at) FROM runs",
        }
        found: dict[str, Any] = {name: self.db.value(sql) for name, sql in asked.items()}
        return {name: None if ms is None else from_ms(ms) for name, ms in found.items()}

    def _count(self, table: str, where: str, before: datetime) -> int:
        return int(self.db.value(f"SELECT count(*) FROM {table} WHERE {where}", (to_ms(before),)))

    def _change(self, sql: str, before: datetime) -> int:
        with self.db.transaction() as connection:
            return connection.execute(sql, (to_ms(before),)).rowcount

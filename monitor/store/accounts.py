"""Finds whom a name means, and everything that the store holds on an account. Read-only."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.types import make_uid
from monitor.store.database import Database, from_ms
from monitor.types.roles import account_keys

HIDDEN = "~"
"""First sign of an id that stands for one that is no longer held."""


@dataclass(frozen=True, slots=True)
class AuthorRow:
    """An author as the store holds it; `key` begins with `platform:~` where it is a pseudonym."""

    id: int
    key: str
    platform: str
    host: str | None
    native_id: str | None
    handle: str | None
    name: str | None
    followers: int | None

    @property
    def names(self) -> tuple[str, ...]:
        """The names that the account goes by: keys, id, handle."""
        keys = account_keys(self.platform, self.host, self.native_id, self.handle)
        handle = self.handle.lstrip("@") if self.handle else None
        own = (self.native_id, handle, f"@{handle}" if handle else None)
        return tuple(dict.fromkeys(n for n in (self.key, *keys, *own) if n and HIDDEN not in n))

    @property
    def is_hidden(self) -> bool:
        """Whether only a pseudonym is left."""
        return f":{HIDDEN}" in self.key


def hidden_key(platform: str, host: str | None, pseudonym: str) -> str:
    """Return the key of an author, or the uid of a post, of which only a pseudonym is left."""
    return make_uid(platform, host, HIDDEN + pseudonym)


class Accounts:
    """What is held on an account."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def find(self, account: str, pseudonym: Callable[[str], str]) -> list[AuthorRow]:
        """Return the authors that `platform[:host]:id`, `platform:@handle` or a pseudonym means.

        `pseudonym` gives the keyed hash under which an author leaves the house, so that the
        name in an export leads back, for the operator alone.
        """
        platform, _, rest = account.partition(":")
        if rest.startswith("@"):
            return self._where(
                "platform = ? AND ltrim(handle, '@') = ? COLLATE NOCASE", platform, rest[1:]
            )
        prefix, _, native_id = account.rpartition(":")
        found = self._where("key IN (?, ?)", account, f"{prefix}:{HIDDEN}{pseudonym(account)}")
        if found or len(native_id) != 16 or set(native_id) - set("0123456789abcdef"):
            return found
        hidden = self._where("key = ?", f"{prefix}:{HIDDEN}{native_id}")
        return hidden or [
            row
            for row in self._where("platform = ?", platform)
            if not row.is_hidden and pseudonym(row.key) == native_id
        ]

    def called(self, name: str) -> list[str]:
        """Return the keys of a few accounts of any platform with this id or handle."""
        rows = self.db.rows(
            "SELECT key FROM authors WHERE native_id = ?1 "
            "OR ltrim(handle, '@') = ltrim(?1, '@') COLLATE NOCASE ORDER BY key LIMIT 10",
            (name,),
        )
        return [row[0] for row in rows]

    def each(self) -> Iterator[AuthorRow]:
        """Yield every author of whom more than a pseudonym is held."""
        yield from self._where(f"key NOT GLOB '*:{HIDDEN}*'")

    def hidden(self) -> Iterator[AuthorRow]:
        """Yield every author of whom only a pseudonym is held."""
        yield from self._where(f"key GLOB '*:{HIDDEN}*'")

    def voters(self) -> list[str]:
        """Return the clear ids of all voters."""
        return [
            row[0]
            for row in self.db.rows("SELECT DISTINCT voter FROM voters WHERE voter IS NOT NULL")
        ]

    def uids(self, authors: Sequence[int]) -> list[str]:
        """Return the uids of the authors' posts that still hold something of the person."""
        rows = self.db.rows(
            "SELECT uid FROM posts WHERE author_id IN (SELECT value FROM json_each(?)) "
            f"AND native_id NOT GLOB '{HIDDEN}*' ORDER BY id",
            (json.dumps(list(authors)),),
        )
        return [row[0] for row in rows]

    def author_of(self, uid: str) -> str | None:
        """Return the key of a post's author; None for an unknown post or author."""
        key = self.db.value(
            "SELECT a.key FROM posts p JOIN authors a ON a.id = p.author_id WHERE p.uid = ?", (uid,)
        )
        return None if key is None else str(key)

    def thread_of(self, receiver: str, receipt: str | None) -> str | None:
        """Return the thread of a message that a receiver got."""
        sql = "SELECT thread FROM deliveries WHERE receiver = ? AND receipt = ?"
        found = self.db.value(sql, (receiver, receipt))
        return None if found is None else str(found)

    def is_part_of_a_name(self, needle: str) -> bool:
        """Whether somebody who is held has a name in which `needle` stands: u30 in u301.

        A search for it could then not tell the two apart.
        """
        return (
            self.db.row(
                "SELECT 1 FROM authors WHERE instr(key, ?1) OR instr(handle, ?1) LIMIT 1",
                (needle,),
            )
            is not None
        )

    def post_ids(self, authors: Sequence[int]) -> list[int]:
        """Return the ids of the authors' posts that still hold something of the person."""
        rows = self.db.rows(
            "SELECT id FROM posts WHERE author_id IN (SELECT value FROM json_each(?)) "
            f"AND native_id NOT GLOB '{HIDDEN}*' ORDER BY id",
            (json.dumps(list(authors)),),
        )
        return [row[0] for row in rows]

    def count_looks(self, authors: Sequence[int]) -> int:
        """Return how many looks at counters are held of the authors' posts."""
        return int(
            self.db.value(
                "SELECT count(*) FROM counts c JOIN posts p ON p.id = c.post_id "
                "WHERE p.author_id IN (SELECT value FROM json_each(?))",
                (json.dumps(list(authors)),),
            )
        )

    def raw_and_media(self, post_id: int) -> tuple[Any, Any]:
        """Return the platform's answer and the media of a post."""
        row = self.db.row("SELECT raw, media FROM posts WHERE id = ?", (post_id,))
        assert row is not None, "asked for posts that were just listed"
        return _loaded(row["raw"]), _loaded(row["media"])

    def sightings(self, post_id: int) -> list[str]:
        """Return the sources through which a post was found."""
        sql = (
            "SELECT s.name FROM sightings g JOIN sources s ON s.id = g.source_id "
            "WHERE g.post_id = ? ORDER BY s.name"
        )
        return [row[0] for row in self.db.rows(sql, (post_id,))]

    def alerts_quoting(self, uids: Sequence[str]) -> list[str]:
        """Return the ids of alerts in whose evidence any of the posts stands."""
        rows = self.db.rows(
            "SELECT DISTINCT a.id FROM alerts a, json_each(a.posts) p WHERE p.value IN "
            "(SELECT value FROM json_each(?)) ORDER BY 1",
            (json.dumps(list(uids)),),
        )
        return [row[0] for row in rows]

    def decisions_on(self, uids: Sequence[str]) -> list[Mapping[str, Any]]:
        """Return what moderators decided about any of the posts."""
        rows = self.db.rows(
            "SELECT q.post_uid AS uid, d.at, d.action, d.reason, d.text FROM decisions d "
            "JOIN queue q ON q.id = d.queue_id WHERE q.post_uid IN "
            "(SELECT value FROM json_each(?)) ORDER BY d.id",
            (json.dumps(list(uids)),),
        )
        return [dict(row) | {"at": from_ms(row["at"])} for row in rows]

    def ideas_of(self, names: Sequence[str]) -> list[Mapping[str, Any]]:
        """Return the campaign ideas that an account handed in."""
        rows = self.db.rows(
            "SELECT c.name AS campaign, i.idea, i.title, i.text, i.status, i.created_at "
            "FROM campaign_ideas i JOIN campaigns c ON c.id = i.campaign_id "
            "WHERE i.author IN (SELECT value FROM json_each(?)) ORDER BY c.id, i.number",
            (json.dumps(list(names)),),
        )
        return [
            dict(row) | {"created_at": row["created_at"] and from_ms(row["created_at"])}
            for row in rows
        ]

    def voters_among(self, names: Sequence[str]) -> list[tuple[int, str, str]]:
        """Return (campaign id, campaign, voter id) where a voter goes by one of the names."""
        rows = self.db.rows(
            "SELECT v.campaign_id, c.name, v.voter FROM voters v "
            "JOIN campaigns c ON c.id = v.campaign_id "
            "WHERE v.voter IN (SELECT value FROM json_each(?)) ORDER BY 1, 3",
            (json.dumps(list(names)),),
        )
        return [(row[0], row[1], row[2]) for row in rows]

    def _where(self, condition: str, *parameters: str) -> list[AuthorRow]:
        rows = self.db.rows(
            "SELECT id, key, platform, host, native_id, handle, name, followers FROM authors "
            f"WHERE {condition} ORDER BY id",
            parameters,
        )
        return [_author(row) for row in rows]


def _author(row: sqlite3.Row) -> AuthorRow:
    return AuthorRow(*row)


def _loaded(text: str | None) -> Any:
    return None if text is None else json.loads(text)

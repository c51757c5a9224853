"""What the rules need, read as columns: recent posts, hourly numbers, gaps, own posts' looks."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.store.database import Database, from_ms
from monitor.types.observation import (
    COMPANY,
    CUSTOMER,
    EARLIER_A_DAY,
    EARLIER_DAYS,
    NEGATIVE,
    NEUTRAL,
    NEVER,
    OTHER,
    POSITIVE,
    THIRD_PARTY,
    UNKNOWN,
    Look,
    PostColumns,
    Removals,
    Resonance,
    Span,
    Strays,
    TextSigns,
)

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
OLDEST_DAYS = 400
"""Days back that hourly numbers are kept for; a post dated 1970 is kept, but moves no rule."""

ROLES = {"customer": CUSTOMER, "company": COMPANY, "third_party": THIRD_PARTY}
MOODS = {"negative": NEGATIVE, "neutral": NEUTRAL, "positive": POSITIVE}
NUMBERS = np.dtype("<i4")
KINDS = 3  # posts, labelled, negative

_POST_FIELDS = (
    "uid", "created_at", "seen_at", "source_id", "platform", "author_id", "role", "text_key", "id",
    "text", "sentiment", "toxic", "followers", "under",
)  # fmt: skip

Signs = Callable[[str], TextSigns]


@dataclass(frozen=True, slots=True)
class SourceNames:
    """Sources of the store in order of their ids. `ids` are the store's, rows are ours."""

    ids: tuple[int, ...]
    names: tuple[str, ...]
    row_of: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Hours:
    """Hourly numbers: arrays of shape (hours, sources), the first hour beginning at `start` ms."""

    start: int
    posts: NDArray[np.float64]
    labelled: NDArray[np.float64]
    negative: NDArray[np.float64]


class SeriesTable:
    """Reads series; keeps the hourly numbers that they are made of."""

    def __init__(self, db: Database, signs: Signs) -> None:
        self.db = db
        self._signs = signs

    def sources(self) -> SourceNames:
        """Return all sources."""
        rows = self.db.rows("SELECT id, name FROM sources ORDER BY id")
        ids = tuple(int(row[0]) for row in rows)
        return SourceNames(ids, tuple(row[1] for row in rows), {s: n for n, s in enumerate(ids)})

    # --- hourly numbers -----------------------------------------------------------------------

    def refresh_hours(self, now: int) -> int:
        """Count anew the days that got new posts or labels. Returns how many days."""
        with self.db.transaction() as connection:
            saved = self.db.value("SELECT value FROM meta WHERE key = 'hours'")
            done = json.loads(saved) if saved else {"post": 0, "label": 0}
            newest = self.db.row(
                "SELECT (SELECT coalesce(max(id), 0) FROM posts), "
                "(SELECT coalesce(max(labelled_at), 0) FROM labels)"
            )
            assert newest is not None, "an aggregate always has a row"
            days = self._changed_days(connection, done["post"], done["label"], now)
            for day in days:
                self._count_day(connection, day)
            connection.execute(
                "INSERT OR REPLACE INTO meta (key, value) VALUES ('hours', ?)",
                (json.dumps({"post": newest[0], "label": newest[1]}),),
            )
        return len(days)

    def _changed_days(
        self, connection: sqlite3.Connection, post: int, label: int, now: int
    ) -> list[int]:
        # Labels of the same millisecond as the last look may have come after it: >=. The plus
        # signs keep SQLite from walking all of the time index instead of the new rows.
        rows = connection.execute(
            "SELECT DISTINCT created_at / :day FROM posts WHERE id > :post "
            "AND +created_at BETWEEN :oldest AND :newest "
            "UNION SELECT DISTINCT p.created_at / :day FROM labels l "
            "JOIN posts p ON p.id = l.post_id "
            "WHERE l.labelled_at >= :label AND +p.created_at BETWEEN :oldest AND :newest",
            {
                "day": DAY_MS,
                "post": post,
                "label": label,
                "oldest": max(0, now - OLDEST_DAYS * DAY_MS),
                "newest": now + DAY_MS,
            },
        )
        return sorted(int(row[0]) for row in rows)

    def _count_day(self, connection: sqlite3.Connection, day: int) -> None:
        rows = connection.execute(
            "SELECT source_id, (created_at % :day) / :hour AS hour, count(*), "
            "sum(sentiment IS NOT NULL), sum(sentiment = 'negative') FROM counted "
            "WHERE created_at >= :start AND created_at < :end AND role <> 'company' GROUP BY 1, 2",
            {"day": DAY_MS, "hour": HOUR_MS, "start": day * DAY_MS, "end": (day + 1) * DAY_MS},
        )
        numbers: dict[int, NDArray[np.int32]] = defaultdict(
            lambda: np.zeros((KINDS, 24), dtype=NUMBERS)
        )
        for source, hour, posts, labelled, negative in rows:
            numbers[source][:, hour] = posts, labelled, negative or 0
        connection.execute("DELETE FROM hours WHERE day = ?", (day,))
        connection.executemany(
            "INSERT INTO hours (day, source_id, numbers) VALUES (?, ?, ?)",
            [(day, source, block.tobytes()) for source, block in numbers.items()],
        )

    def load_hours(self, sources: SourceNames, start: int, end: int) -> Hours:
        """Return numbers of the whole hours in [start, end) ms, both on the hour."""
        first_day, last_day = start // DAY_MS, -(-end // DAY_MS)
        rows = self.db.rows(
            "SELECT day, source_id, numbers FROM hours WHERE day >= ? AND day < ?",
            (first_day, last_day),
        )
        cube = np.zeros((last_day - first_day, len(sources.ids), KINDS, 24), dtype=NUMBERS)
        if rows:
            days = [row[0] - first_day for row in rows]
            columns = [sources.row_of[row[1]] for row in rows]
            blocks = np.frombuffer(b"".join(row[2] for row in rows), dtype=NUMBERS)
            cube[days, columns] = blocks.reshape(-1, KINDS, 24)
        flat = cube.transpose(2, 0, 3, 1).reshape(KINDS, -1, len(sources.ids)).astype(float)
        cut = slice((start - first_day * DAY_MS) // HOUR_MS, (end - first_day * DAY_MS) // HOUR_MS)
        return Hours(start, flat[0, cut], flat[1, cut], flat[2, cut])

    def first_hours(self, sources: SourceNames) -> NDArray[np.int64]:
        """Return when each source's first counted hour began, `NEVER` for an empty one."""
        first = np.full(len(sources.ids), NEVER, dtype=np.int64)
        for source, day in self.db.rows("SELECT source_id, min(day) FROM hours GROUP BY 1"):
            block = self.db.value(
                "SELECT numbers FROM hours WHERE day = ? AND source_id = ?", (day, source)
            )
            posts = np.frombuffer(block, dtype=NUMBERS).reshape(KINDS, 24)[0]
            first[sources.row_of[source]] = day * DAY_MS + int(np.flatnonzero(posts)[0]) * HOUR_MS
        return first

    # --- posts --------------------------------------------------------------------------------

    def count_posts(self, start: int, end: int) -> int:
        """Return how many posts were written in [start, end) ms."""
        return int(
            self.db.value(
                "SELECT count(*) FROM posts WHERE created_at >= ? AND created_at < ?", (start, end)
            )
        )

    def load_posts(
        self,
        sources: SourceNames,
        start: int,
        end: int,
        *,
        seen_until: int = NEVER,
        read_from: int = 0,
    ) -> tuple[PostColumns, tuple[str, ...]]:
        """Return posts written in [start, end] ms and seen by then, and the platforms' names.

        Texts written before `read_from` are not read for signs: reading takes most of the time.
        """
        rows = self.db.rows(
            """
            SELECT p.uid, p.created_at, p.seen_at, p.source_id, p.platform, p.author_id, p.role,
                   p.text_key, p.id,
                   CASE WHEN l.sentiment = 'negative' AND p.created_at >= ? THEN p.text END AS text,
                   l.sentiment, l.toxic, a.followers,
                   (SELECT r.created_at FROM posts r WHERE r.role = 'company'
                    AND r.uid = coalesce(p.root_uid, p.parent_uid) AND r.uid <> p.uid) AS under
            FROM posts p LEFT JOIN labels l ON l.post_id = p.id
            LEFT JOIN authors a ON a.id = p.author_id
            WHERE p.created_at >= ? AND p.created_at <= ? AND p.seen_at <= ?
              AND coalesce(l.spam, 0) = 0 AND coalesce(l.relevant, 1) = 1
              AND coalesce(l.copy, 0) = 0
            ORDER BY p.created_at, p.id
            """,
            (read_from, start, end, seen_until),
        )
        # Column by column: a row's fields by name cost more than the query.
        table = dict(zip(_POST_FIELDS, zip(*rows, strict=True), strict=True)) if rows else {}
        columns = {name: table.get(name, ()) for name in _POST_FIELDS}
        platforms = {name: n for n, name in enumerate(sorted(set(columns["platform"])))}
        return self._columns(columns, sources, platforms), tuple(platforms)

    def load_earlier_words(self, now: int) -> tuple[tuple[str, ...], ...]:
        """Return words of criticism of the weeks before `now`, a text each, oldest first.

        The newest of each of the last four weeks' days up to this time of day, so that a day is
        read by its like; the last day is left out.
        """
        texts: list[str] = []
        for day in range(EARLIER_DAYS, 0, -1):
            rows = self.db.rows(
                "SELECT p.text FROM posts p JOIN labels l ON l.post_id = p.id "
                "WHERE p.created_at > ? AND p.created_at <= ? AND p.seen_at <= ? "
                "AND l.sentiment = 'negative' AND p.role <> 'company' AND p.text IS NOT NULL "
                "AND coalesce(l.spam, 0) = 0 AND coalesce(l.relevant, 1) = 1 "
                "AND coalesce(l.copy, 0) = 0 ORDER BY p.created_at DESC, p.id DESC LIMIT ?",
                (now - (day + 1) * DAY_MS, now - day * DAY_MS, now, EARLIER_A_DAY),
            )
            texts += [row[0] for row in reversed(rows)]
        return tuple(self._signs(text).words for text in texts)

    def load_strays(self, sources: SourceNames, start: int, end: int) -> Strays:
        """Return posts written in [start, end] ms that were labelled as being about others."""
        rows = self.db.rows(
            "SELECT p.created_at, p.seen_at, p.source_id FROM posts p "
            "JOIN labels l ON l.post_id = p.id WHERE p.created_at >= ? AND p.created_at <= ? "
            "AND l.relevant = 0 ORDER BY p.created_at",
            (start, end),
        )
        table = np.array([tuple(row) for row in rows], dtype=np.int64).reshape(-1, 3)
        places = np.array([sources.row_of[source] for source in table[:, 2]], dtype=np.int64)
        return Strays(table[:, 0], table[:, 1], places)

    def load_removals(self, sources: SourceNames, start: int, end: int) -> Removals:
        """Return what moderators removed in [start, end] ms of what others had written.

        Only in the company's own places: there the moderator is likely the company itself, in
        other places somebody else.
        """
        rows = self.db.rows(
            "SELECT p.deleted_at, p.source_id, "
            "coalesce(l.sentiment = 'negative' AND NOT l.toxic, 0) AS civil, p.uid "
            "FROM posts p LEFT JOIN labels l ON l.post_id = p.id "
            "WHERE p.deleted_at IS NOT NULL AND p.deleted_at >= ? AND p.deleted_at <= ? "
            "AND p.deleted_reason = 'moderator' AND p.role <> 'company' "
            "AND p.source_id IN (SELECT id FROM sources WHERE own) "
            "AND coalesce(l.spam, 0) = 0 AND coalesce(l.relevant, 1) = 1 "
            "ORDER BY p.deleted_at, p.id",
            (start, end),
        )
        return Removals(
            np.array([row["deleted_at"] for row in rows], dtype=np.int64),
            np.array([sources.row_of[row["source_id"]] for row in rows], dtype=np.int64),
            np.array([row["civil"] for row in rows], dtype=bool),
            np.array([row["uid"] for row in rows], dtype=object),
        )

    def _read_signs(
        self, columns: Mapping[str, Sequence[Any]]
    ) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
        """Return rows of (call, removal, copy key, tag), and words; only criticism is read."""
        tags: dict[str, int] = {}
        signs = np.zeros((len(columns["id"]), 4), dtype=np.int64)
        signs[:, 3] = -1
        words = np.empty(len(signs), dtype=object)
        words.fill(())
        for n, (post, text, key) in enumerate(
            zip(columns["id"], columns["text"], columns["text_key"], strict=True)
        ):
            signs[n, 2] = -1 - post if key is None else key
            if text is not None:
                read = self._signs(text)
                number = -1 if read.tag is None else tags.setdefault(read.tag, len(tags))
                own_key = -1 - post if read.key is None else read.key
                signs[n] = read.call, read.removal, own_key, number
                words[n] = read.words
        return signs, words

    def _columns(
        self,
        columns: Mapping[str, Sequence[Any]],
        sources: SourceNames,
        platforms: Mapping[str, int],
    ) -> PostColumns:
        created = columns["created_at"]
        critics = {
            author
            for author, text in zip(columns["author_id"], columns["text"], strict=True)
            if text is not None and author is not None
        }
        first_seen = self._first_seen(critics)
        signs, words = self._read_signs(columns)

        def ints(values: Iterable[int]) -> NDArray[np.int64]:
            return np.array(list(values), dtype=np.int64)

        def flags(values: Iterable[bool]) -> NDArray[np.bool_]:
            return np.array(list(values), dtype=bool)

        uids = np.empty(len(created), dtype=object)
        uids[:] = columns["uid"]
        return PostColumns(
            uid=uids,
            created=ints(created),
            seen=ints(columns["seen_at"]),
            source=ints(sources.row_of[source] for source in columns["source_id"]),
            platform=ints(platforms[platform] for platform in columns["platform"]),
            author=ints(UNKNOWN if a is None else a for a in columns["author_id"]),
            first_seen=ints(
                first_seen.get(author, at)
                for author, at in zip(columns["author_id"], created, strict=True)
            ),
            role=ints(ROLES.get(role, OTHER) for role in columns["role"]),
            sentiment=ints(MOODS.get(mood, UNKNOWN) for mood in columns["sentiment"]),
            toxic=flags(bool(toxic) for toxic in columns["toxic"]),
            call=signs[:, 0].astype(bool),
            about_removal=signs[:, 1].astype(bool),
            key=signs[:, 2],
            tag=signs[:, 3],
            followers=np.array(
                [np.nan if f is None else float(f) for f in columns["followers"]], dtype=float
            ),
            under_own=ints(-1 if at is None else at for at in columns["under"]),
            words=words,
        )

    def _first_seen(self, authors: set[int]) -> dict[int, int]:
        rows = self.db.rows(
            "SELECT author_id, min(created_at) FROM posts WHERE author_id IN "
            "(SELECT value FROM json_each(?)) AND created_at IS NOT NULL GROUP BY 1",
            (json.dumps(sorted(authors)),),
        )
        return {int(row[0]): int(row[1]) for row in rows}

    # --- the rest -----------------------------------------------------------------------------

    def load_gaps(self, sources: SourceNames, start: int, end: int) -> tuple[Span, ...]:
        """Return unknown spans that reach into [start, end) ms."""
        rows = self.db.rows(
            "SELECT source_id, start, end FROM gaps WHERE start < ? AND end > ? ORDER BY start",
            (end, start),
        )
        return tuple(Span(sources.row_of[row[0]], row[1], row[2]) for row in rows)

    def load_own_posts(
        self, since: int, until: int, moved_after: int | None = None
    ) -> list[Resonance]:
        """Return posts that the company started in [since, until] ms, with all their looks.

        With `moved_after` only sources are read in which a post of the last four days was looked
        at later than that: elsewhere nothing can have become unusual.
        """
        rows = self.db.rows(
            """
            WITH moved AS (
                SELECT DISTINCT p.source_id FROM posts p JOIN counts c ON c.post_id = p.id
                WHERE p.role = 'company' AND p.created_at > :recent AND c.at > :moved_after
            )
            SELECT p.uid, s.name AS source, p.created_at, c.at, c.likes,
                   CASE WHEN c.replies IS NOT NULL THEN c.replies ELSE
                       (SELECT count(*) FROM posts r WHERE r.root_uid = p.uid
                        AND r.seen_at <= c.at AND r.id <> p.id) END AS comments,
                   coalesce(
                       (SELECT f.followers FROM followers f WHERE f.source_id = p.source_id
                        AND f.at <= p.created_at ORDER BY f.at DESC LIMIT 1),
                       (SELECT f.followers FROM followers f WHERE f.source_id = p.source_id
                        ORDER BY f.at LIMIT 1)) AS followers
            FROM posts p JOIN sources s ON s.id = p.source_id JOIN counts c ON c.post_id = p.id
            WHERE (:moved_after IS NULL OR p.source_id IN moved) AND p.role = 'company'
              AND p.parent_uid IS NULL AND p.created_at >= :since AND p.created_at <= :until
              AND c.likes IS NOT NULL
            ORDER BY p.created_at, p.id, c.at
            """,
            {
                "since": since,
                "until": until,
                "moved_after": moved_after,
                "recent": until - 4 * DAY_MS,
            },
        )
        posts: dict[str, list[sqlite3.Row]] = defaultdict(list)
        for row in rows:
            posts[row["uid"]].append(row)
        return [_resonance(uid, looks) for uid, looks in posts.items()]

    def own_post_times(self, start: int, end: int) -> list[tuple[str, int]]:
        """Return (uid, ms) of posts that the company started in [start, end]."""
        rows = self.db.rows(
            "SELECT uid, created_at FROM posts WHERE created_at BETWEEN ? AND ? "
            "AND role = 'company' AND parent_uid IS NULL ORDER BY created_at",
            (start, end),
        )
        return [(row[0], row[1]) for row in rows]


def _resonance(uid: str, rows: Sequence[sqlite3.Row]) -> Resonance:
    first = rows[0]
    return Resonance(
        uid=uid,
        source=first["source"],
        created=from_ms(first["created_at"]),
        followers=first["followers"],
        looks=tuple(
            Look((row["at"] - first["created_at"]) / HOUR_MS, row["likes"] + row["comments"])
            for row in rows
        ),
    )

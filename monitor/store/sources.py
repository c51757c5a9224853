"""How the sources fare: runs, outages, gaps, followers."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from monitor.store.database import Database, from_ms, optional_moment, optional_ms, to_ms
from monitor.types.posts import Fetched, SourceState


class Sources:
    """The sources of the store. A source is known from its first post or its first run."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def register(self, name: str, platform: str, *, own: bool) -> int:
        """Make a source known, or bring its platform and ownership up to date. Returns its id."""
        with self.db.transaction() as connection:
            connection.execute(
                "INSERT INTO sources (name, platform, own) VALUES (?, ?, ?) ON CONFLICT (name) "
                "DO UPDATE SET platform = excluded.platform, own = excluded.own",
                (name, platform, int(own)),
            )
            row = connection.execute("SELECT id FROM sources WHERE name = ?", (name,)).fetchone()
            return int(row[0])

    def set_own(self, own: Mapping[str, bool]) -> None:
        """Bring known sources in line with the config: whose places they are."""
        held = {row["name"]: bool(row["own"]) for row in self.db.rows("SELECT * FROM sources")}
        changed = [(int(is_own), name) for name, is_own in own.items()
                   if held.get(name, is_own) != is_own]  # fmt: skip
        if changed:
            with self.db.transaction() as connection:
                connection.executemany("UPDATE sources SET own = ? WHERE name = ?", changed)

    def save_run(
        self, fetched: Fetched, started: datetime, finished: datetime, *, kind: str | None = None
    ) -> bool:
        """Write down how a run went. Returns whether an outage began or ended with it.

        `kind` is the class of the error. While a source fails, the time since its last success
        becomes a gap; the first success closes it.
        """
        with self.db.transaction() as connection:
            source = connection.execute(
                "SELECT id, last_success, failing_since FROM sources WHERE name = ?",
                (fetched.source,),
            ).fetchone()
            connection.execute(
                "INSERT INTO runs (source_id, started_at, finished_at, posts, updated, deleted, "
                "rejected, pages, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (source["id"], to_ms(started), to_ms(finished), fetched.posts, fetched.updated,
                 fetched.deleted, fetched.rejected, fetched.pages, fetched.error),
            )  # fmt: skip
            was_failing = source["failing_since"] is not None
            if fetched.error is None:
                connection.execute(
                    "UPDATE sources SET last_success = ?, last_try = ?, failing_since = NULL, "
                    "error = NULL, error_kind = NULL, retry_at = NULL, stopped = 0 WHERE id = ?",
                    (to_ms(finished), to_ms(finished), source["id"]),
                )
                return was_failing
            self._save_failure(connection, source, fetched, finished, kind)
            return not was_failing

    def _save_failure(
        self,
        connection: sqlite3.Connection,
        source: sqlite3.Row,
        fetched: Fetched,
        finished: datetime,
        kind: str | None,
    ) -> None:
        retry_at = None
        if fetched.retry_after_s is not None:
            retry_at = to_ms(finished + timedelta(seconds=fetched.retry_after_s))
        connection.execute(
            "UPDATE sources SET last_try = ?, failing_since = coalesce(failing_since, ?), "
            "error = ?, error_kind = ?, retry_at = ?, stopped = ? WHERE id = ?",
            (to_ms(finished), to_ms(finished), fetched.error, kind, retry_at,
             int(kind in ("AuthError", "SourceGone")), source["id"]),
        )  # fmt: skip
        if source["last_success"] is not None:
            connection.execute(
                "INSERT INTO gaps (source_id, start, end, reason) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (source_id, start) DO UPDATE SET end = excluded.end, "
                "reason = excluded.reason",
                (source["id"], source["last_success"], to_ms(finished), kind or "error"),
            )

    def resume(self, name: str) -> None:
        """Let a stopped source be tried again (a person mended its token)."""
        with self.db.transaction() as connection:
            connection.execute(
                "UPDATE sources SET stopped = 0, retry_at = NULL WHERE name = ?", (name,)
            )

    def states(self) -> list[SourceState]:
        """Return how every source fares, by name."""
        return [_state(row) for row in self.db.rows("SELECT * FROM sources ORDER BY name")]

    def state(self, name: str) -> SourceState | None:
        """Return how one source fares; None if it is not known."""
        row = self.db.row("SELECT * FROM sources WHERE name = ?", (name,))
        return None if row is None else _state(row)

    def gaps(self, source: str, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """Return the unknown spans of a source that touch [start, end), cut to it."""
        rows = self.db.rows(
            "SELECT g.start, g.end FROM gaps g JOIN sources s ON s.id = g.source_id "
            "WHERE s.name = ? AND g.start < ? AND g.end > ? ORDER BY g.start",
            (source, to_ms(end), to_ms(start)),
        )
        return [(max(from_ms(r["start"]), start), min(from_ms(r["end"]), end)) for r in rows]

    def coverage(self, source: str, start: datetime, end: datetime) -> float:
        """Return the share (0..1) of [start, end) of which something is known."""
        unknown, reached = timedelta(), start
        for gap_start, gap_end in self.gaps(source, start, end):
            begin = max(gap_start, reached)
            if gap_end > begin:
                unknown += gap_end - begin
                reached = gap_end
        return 1 - unknown / (end - start)

    def followers(self, source: str, at: datetime) -> int | None:
        """Return the follower number last seen at `at` or before, None if never seen."""
        value = self.db.value(
            "SELECT f.followers FROM followers f JOIN sources s ON s.id = f.source_id "
            "WHERE s.name = ? AND f.at <= ? ORDER BY f.at DESC LIMIT 1",
            (source, to_ms(at)),
        )
        return None if value is None else int(value)

    def runs_since(self, source: str, since: datetime) -> Sequence[sqlite3.Row]:
        """Return the runs of a source that started since then, oldest first."""
        return self.db.rows(
            "SELECT r.* FROM runs r JOIN sources s ON s.id = r.source_id "
            "WHERE s.name = ? AND r.started_at >= ? ORDER BY r.id",
            (source, optional_ms(since)),
        )


def _state(row: sqlite3.Row) -> SourceState:
    if row["stopped"]:
        state = "stopped"
    elif row["failing_since"] is not None:
        state = "failing"
    elif row["last_success"] is not None:
        state = "ok"
    else:
        # A source becomes known by its first run or by its first post out of a file.
        state = "new" if row["last_try"] is not None else "imported"
    return SourceState(
        source=row["name"],
        platform=row["platform"],
        own=bool(row["own"]),
        state=state,
        last_success=optional_moment(row["last_success"]),
        last_try=optional_moment(row["last_try"]),
        failing_since=optional_moment(row["failing_since"]),
        error=row["error"],
        retry_at=optional_moment(row["retry_at"]),
    )

"""Alerts, their events and people's verdicts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from monitor.errors import NotFound
from monitor.store.database import Database, from_ms, optional_moment, optional_ms, to_ms
from monitor.types.alerts import Alert, Event, Part, Verdict

_COLUMNS = (
    "id, rule, source, subject, level, state, opened_at, updated_at, closed_at, score, size, "
    "total, peak_level, peak_size, peak_at, below_since, ceiling, parts, posts, context"
)


class AlertTable:
    """What was warned of, what became of it, and what people said."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def save(self, alerts: Iterable[Alert], events: Sequence[Event] = ()) -> None:
        """Save alerts as they stand and add their events, all or nothing."""
        with self.db.transaction() as connection:
            for alert in alerts:
                _upsert(connection, alert)
            connection.executemany(
                "INSERT INTO alert_events (at, event, alert, level, state, parts) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (to_ms(e.at), e.event, e.alert.id, e.alert.level, e.alert.state,
                     _dump_parts(e.alert.parts))
                    for e in events
                ],
            )  # fmt: skip

    def load(self, alert: str) -> Alert:
        """Return an alert by its id. Raises NotFound."""
        row = self.db.row(f"SELECT {_COLUMNS} FROM alerts WHERE id = ?", (alert,))
        if row is None:
            raise NotFound("{alert}: no such alert; `sturmglas alerts` lists them", alert=alert)
        return _alert(row)

    def load_current(self, now: datetime, memory: timedelta = timedelta(days=7)) -> list[Alert]:
        """Return open alerts and those closed within `memory`, oldest first."""
        rows = self.db.rows(
            f"SELECT {_COLUMNS} FROM alerts WHERE closed_at IS NULL OR closed_at >= ? "
            "OR opened_at >= ? ORDER BY opened_at, id",
            (to_ms(now - memory), to_ms(now - memory)),
        )
        return [_alert(row) for row in rows]

    def load_list(
        self,
        *,
        only_open: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[Alert]:
        """Return alerts, newest first: those that were going on at some time in [since, until)."""
        rows = self.db.rows(
            f"SELECT {_COLUMNS} FROM alerts WHERE (closed_at IS NULL OR NOT ?) "
            "AND (? IS NULL OR closed_at IS NULL OR closed_at >= ?) "
            "AND (? IS NULL OR opened_at < ?) ORDER BY opened_at DESC, id",
            (only_open, *(optional_ms(since),) * 2, *(optional_ms(until),) * 2),
        )
        return [_alert(row) for row in rows]

    def load_storm_spans(self, since: datetime) -> list[tuple[datetime, datetime | None]]:
        """Return (opened, closed) of storms that were going on after `since`."""
        rows = self.db.rows(
            "SELECT opened_at, closed_at FROM alerts WHERE rule = 'storm' "
            "AND (closed_at IS NULL OR closed_at >= ?)",
            (to_ms(since),),
        )
        return [(from_ms(row[0]), optional_moment(row[1])) for row in rows]

    def load_events(self, alert: str) -> list[tuple[datetime, str, int, str]]:
        """Return (at, event, level, state) of an alert, oldest first."""
        rows = self.db.rows(
            "SELECT at, event, level, state FROM alert_events WHERE alert = ? ORDER BY id",
            (alert,),
        )
        return [(from_ms(row[0]), row[1], row[2], row[3]) for row in rows]

    def load_untold(self, since: datetime) -> tuple[int, list[Event]]:
        """Return events from `since` on that nobody was told yet, with their alerts as they stand.

        Alerts are saved before anybody is told: what a crash between the two left is found here.
        The number is for `mark_told`.
        """
        told = int(self.db.value("SELECT value FROM meta WHERE key = 'alerts_told'") or 0)
        rows = self.db.rows(
            "SELECT id, at, event, alert FROM alert_events WHERE id > ? ORDER BY id", (told,)
        )
        events = [
            Event(at=from_ms(row["at"]), event=row["event"], alert=self.load(row["alert"]))
            for row in rows
            if row["at"] >= to_ms(since)
        ]
        return max((row["id"] for row in rows), default=told), events

    def mark_told(self, last: int) -> None:
        """Remember that the messages of all events up to that one are in the outbox."""
        with self.db.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO meta (key, value) VALUES ('alerts_told', ?)", (str(last),)
            )

    def save_verdict(self, verdict: Verdict) -> None:
        """Keep what a person said. Raises NotFound for an unknown alert."""
        with self.db.transaction() as connection:
            self.load(verdict.alert)
            connection.execute(
                "INSERT INTO verdicts (alert, verdict, at, by, reason, until, level) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (verdict.alert, verdict.verdict, to_ms(verdict.at), verdict.by, verdict.reason,
                 optional_ms(verdict.until), verdict.level),
            )  # fmt: skip

    def load_verdicts(self, alert: str | None = None) -> list[Verdict]:
        """Return verdicts on one alert, or all, oldest first."""
        rows = self.db.rows(
            "SELECT * FROM verdicts WHERE ? IS NULL OR alert = ? ORDER BY id", (alert, alert)
        )
        return [
            Verdict(
                alert=row["alert"],
                verdict=row["verdict"],
                at=from_ms(row["at"]),
                by=row["by"],
                reason=row["reason"],
                until=optional_moment(row["until"]),
                level=row["level"],
            )
            for row in rows
        ]

    def count_by_rule(self) -> dict[str, int]:
        """Return how many alerts each rule ever opened."""
        return dict(map(tuple, self.db.rows("SELECT rule, count(*) FROM alerts GROUP BY rule")))

    def save_weather(self, at: datetime, level: int) -> None:
        """Remember the storm level of the latest tick; it is no alert below its threshold."""
        with self.db.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO meta (key, value) VALUES ('storm_level', ?)",
                (json.dumps({"at": to_ms(at), "level": level}),),
            )

    def load_weather(self) -> tuple[datetime, int] | None:
        """Return (when, storm level 0 to 6) of the latest tick, None before the first."""
        saved = self.db.value("SELECT value FROM meta WHERE key = 'storm_level'")
        if saved is None:
            return None
        weather = json.loads(saved)
        return from_ms(weather["at"]), int(weather["level"])


def _upsert(connection: sqlite3.Connection, alert: Alert) -> None:
    connection.execute(
        f"INSERT INTO alerts ({_COLUMNS}) VALUES ({', '.join('?' * 20)}) "
        "ON CONFLICT (id) DO UPDATE SET level = excluded.level, state = excluded.state, "
        "updated_at = excluded.updated_at, closed_at = excluded.closed_at, "
        "score = excluded.score, size = excluded.size, total = excluded.total, "
        "peak_level = excluded.peak_level, peak_size = excluded.peak_size, "
        "peak_at = excluded.peak_at, below_since = excluded.below_since, "
        "ceiling = excluded.ceiling, parts = excluded.parts, posts = excluded.posts, "
        "context = excluded.context",
        (
            alert.id, alert.rule, alert.source, alert.subject, alert.level, alert.state,
            to_ms(alert.opened_at), to_ms(alert.updated_at), optional_ms(alert.closed_at),
            alert.score, alert.size, alert.total, alert.peak_level, alert.peak_size,
            optional_ms(alert.peak_at), optional_ms(alert.below_since), alert.ceiling,
            _dump_parts(alert.parts), json.dumps(alert.posts),
            json.dumps(alert.context, ensure_ascii=False),
        ),
    )  # fmt: skip


def _alert(row: sqlite3.Row) -> Alert:
    fields: dict[str, Any] = dict(row)
    fields |= {name: from_ms(row[name]) for name in ("opened_at", "updated_at")}
    fields |= {name: optional_moment(row[name]) for name in ("closed_at", "peak_at", "below_since")}
    fields["parts"] = tuple(_part(part) for part in json.loads(row["parts"]))
    fields["posts"] = tuple(json.loads(row["posts"]))
    fields["context"] = tuple(json.loads(row["context"]))
    return Alert(**fields)


def _part(saved: dict[str, Any]) -> Part:
    return Part(**(saved | {"words": tuple(saved.get("words", ()))}))


def _dump_parts(parts: Sequence[Part]) -> str:
    return json.dumps([asdict(part) for part in parts], ensure_ascii=False)

"""Two periods laid out side by side in a temporary table: what every count reads."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from monitor.store.database import Database, optional_moment, to_ms
from monitor.store.figures.sql import layout_sql
from monitor.types.digest import Period, UsualBy

FOREVER = 1 << 62
"""Milliseconds beyond every moment: no `as_of`."""


class Scan:
    """A period and the one before it, laid out in temporary tables of this connection.

    `comparable` are the periods that tell what is usual. With a `source`, only its posts count.
    Unless `wide`, only what KPIs read is laid out.
    """

    def __init__(
        self,
        db: Database,
        period: Period,
        before: Period,
        comparable: Sequence[tuple[UsualBy, Sequence[Period]]],
        as_of: datetime | None,
        *,
        source: str | None = None,
        wide: bool = True,
    ) -> None:
        self.db = db
        self.source = source
        self.period = period
        self.before = before
        self.comparable = comparable
        self.as_of = FOREVER if as_of is None else to_ms(as_of)
        self.exact_then = as_of is not None
        self._lay_out(wide)

    def close(self) -> None:
        """Drop the temporary tables."""
        self.run("DROP TABLE IF EXISTS temp.digest_posts")
        self.run("DROP TABLE IF EXISTS temp.digest_again")

    def _lay_out(self, wide: bool) -> None:
        length = to_ms(self.period.end) - to_ms(self.period.start)
        # Yesterday's counters are read as young as today's are: likes ripen for days.
        looked = min(self.as_of, to_ms(self.period.end)) - length
        self.close()
        self.run(
            layout_sql(self.exact_then, wide=wide),
            before=to_ms(self.before.start),
            start=to_ms(self.period.start),
            end=to_ms(self.period.end),
            looked=looked,
        )
        if self.source is not None:
            self.run(
                "DELETE FROM temp.digest_posts WHERE id NOT IN (SELECT g.post_id FROM sightings g "
                "JOIN sources s ON s.id = g.source_id WHERE s.name = :source)",
                source=self.source,
            )
        # Few posts are found through several sources; with each further one they count again.
        self.run(
            "CREATE TEMP TABLE digest_again AS SELECT d.*, g.source_id AS place "
            "FROM temp.digest_posts d CROSS JOIN sightings g "
            "ON g.post_id = d.id AND g.source_id <> d.source_id"
        )

    def run(self, sql: str, **parameters: Any) -> list[sqlite3.Row]:
        """Return the rows of a query; `:as_of` is given."""
        return self.db.rows(sql, {"as_of": self.as_of, **parameters})

    def value(self, sql: str, **parameters: Any) -> Any:
        """Return the first value of a query, None where there is no row."""
        rows = self.run(sql, **parameters)
        return rows[0][0] if rows else None

    def first_day(self) -> datetime:
        """Midnight of the day after the store's first post: before it, counts are incomplete."""
        first = optional_moment(self.value("SELECT min(created_at) FROM posts"))
        if first is None:
            return self.period.end
        zone = ZoneInfo(self.period.timezone)
        local = first.astimezone(zone)
        midnight = datetime(local.year, local.month, local.day, tzinfo=zone)
        return midnight if local == midnight else midnight + timedelta(days=1)

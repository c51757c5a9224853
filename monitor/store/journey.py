"""What was said at the touchpoints: one scan of the period, then a look at each touchpoint."""

from __future__ import annotations

import json
from collections.abc import Sequence

from monitor.store.database import Database, to_ms
from monitor.store.figures import FigureTable
from monitor.types.digest import Period
from monitor.types.kpis import Touchpoint, Voices

QUOTES = 2
"""Dissatisfied posts that a weak spot shows."""


class JourneyTable:
    """Posts and moods by touchpoint, read-only."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def sources(self) -> list[str]:
        """Return the sources in which posts were found."""
        rows = self.db.rows("SELECT name FROM sources ORDER BY name")
        return [row["name"] for row in rows]

    def load(self, period: Period, touchpoints: Sequence[Touchpoint]) -> tuple[Voices, ...]:
        """Return what was said at each touchpoint, in their order."""
        with self.db.lock:
            self.db.rows("DROP TABLE IF EXISTS temp.journey_posts")
            # Spam, copies and posts about others stay out, as in every figure.
            self.db.rows(
                "CREATE TEMP TABLE journey_posts AS SELECT id, uid, author_id, role, sentiment, "
                "likes FROM counted WHERE created_at >= :start AND created_at < :end "
                "AND role <> 'company' AND sentiment IS NOT NULL",
                {"start": to_ms(period.start), "end": to_ms(period.end)},
            )
            try:
                return tuple(self._voices(stop) for stop in touchpoints)
            finally:
                self.db.rows("DROP TABLE IF EXISTS temp.journey_posts")

    def _voices(self, stop: Touchpoint) -> Voices:
        where, parameters = "1", {"sources": json.dumps(stop.sources), "words": match(stop.topics)}
        if stop.sources:
            where += (
                " AND id IN (SELECT g.post_id FROM sightings g JOIN sources s "
                "ON s.id = g.source_id WHERE s.name IN (SELECT value FROM json_each(:sources)))"
            )
        if stop.topics:
            where += " AND id IN (SELECT rowid FROM posts_fts WHERE posts_fts MATCH :words)"
        elif not stop.sources:
            where = "0"
        self.db.rows("DROP TABLE IF EXISTS temp.journey_stop")
        self.db.rows(
            f"CREATE TEMP TABLE journey_stop AS SELECT * FROM temp.journey_posts WHERE {where}",
            parameters,
        )
        row = self.db.row(
            "SELECT (SELECT count(*) FROM temp.journey_stop) AS posts, "
            "coalesce(sum(mood > 0), 0) AS satisfied, coalesce(sum(mood < 0), 0) AS dissatisfied "
            "FROM (SELECT sum((sentiment = 'positive') - (sentiment = 'negative')) AS mood "
            "FROM temp.journey_stop WHERE role = 'customer' AND author_id IS NOT NULL "
            "AND sentiment IN ('positive', 'negative') GROUP BY author_id)"
        )
        assert row is not None, "an aggregate always has a row"
        worst = self.db.rows(
            "SELECT uid FROM temp.journey_stop WHERE sentiment = 'negative' AND role = 'customer' "
            "ORDER BY coalesce(likes, 0) DESC, id LIMIT ?",
            (QUOTES,),
        )
        quotes = FigureTable(self.db).quotes([found["uid"] for found in worst])
        self.db.rows("DROP TABLE IF EXISTS temp.journey_stop")
        return Voices(
            posts=row["posts"],
            satisfied=row["satisfied"],
            dissatisfied=row["dissatisfied"],
            quotes=tuple(quote for quote in quotes if quote.text),
        )


def match(topics: Sequence[str]) -> str:
    """Return words as a search of whole beginnings: Lieferung also finds Lieferungen."""
    quoted = (f'"{word}" *' for topic in topics if (word := topic.replace('"', " ").strip()))
    return " OR ".join(quoted) or '""'

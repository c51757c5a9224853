"""What was written around an alert: counts, hours, sparks, answers."""

from __future__ import annotations

from datetime import datetime

from monitor.store.database import Database, from_ms, to_ms

HOUR_MS = 3_600_000
_SPAN = (
    "c.created_at >= :start AND c.created_at <= :end AND (:source IS NULL OR c.source_id = "
    "(SELECT id FROM sources WHERE name = :source))"
)


class StormPosts:
    """Reads the posts of a span, of one source or (None) of all."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def count(self, start: datetime, end: datetime, source: str | None) -> tuple[int, int, int]:
        """Return (posts, critical posts, different critics), the company's own left out."""
        row = self.db.row(
            "SELECT count(*), coalesce(sum(sentiment = 'negative'), 0), "
            "count(DISTINCT iif(sentiment = 'negative', coalesce(author_id, -id), NULL)) "
            f"FROM counted c WHERE {_SPAN} AND role <> 'company'",
            _span(start, end, source),
        )
        assert row is not None, "an aggregate always has a row"
        return row[0], row[1], row[2]

    def hours(
        self, start: datetime, end: datetime, source: str | None
    ) -> list[tuple[datetime, int, int]]:
        """Return (hour, posts, critical posts) of every hour that had any."""
        rows = self.db.rows(
            f"SELECT created_at / {HOUR_MS}, count(*), coalesce(sum(sentiment = 'negative'), 0) "
            f"FROM counted c WHERE {_SPAN} AND role <> 'company' GROUP BY 1 ORDER BY 1",
            _span(start, end, source),
        )
        return [(from_ms(row[0] * HOUR_MS), row[1], row[2]) for row in rows]

    def first_critical(
        self, start: datetime, end: datetime, source: str | None, followers: int
    ) -> tuple[datetime, str, str] | None:
        """Return (time, uid, text) of the first critic with at least so many followers."""
        row = self.db.row(
            "SELECT c.created_at, c.uid, p.text FROM counted c JOIN posts p ON p.id = c.id "
            "LEFT JOIN authors a ON a.id = c.author_id "
            f"WHERE {_SPAN} "
            "AND c.sentiment = 'negative' AND c.role <> 'company' "
            "AND coalesce(a.followers, 0) >= :followers ORDER BY c.created_at, c.id LIMIT 1",
            {**_span(start, end, source), "followers": followers},
        )
        return None if row is None else (from_ms(row[0]), row[1], row[2])

    def answers(
        self, start: datetime, end: datetime, source: str | None
    ) -> tuple[int, datetime | None]:
        """Return how many answers the company wrote, and when the first one came."""
        row = self.db.row(
            f"SELECT count(*), min(created_at) FROM posts c WHERE {_SPAN} AND role = 'company' "
            "AND parent_uid IS NOT NULL",
            _span(start, end, source),
        )
        assert row is not None, "an aggregate always has a row"
        return row[0], None if row[1] is None else from_ms(row[1])


def _span(start: datetime, end: datetime, source: str | None) -> dict[str, object]:
    return {"start": to_ms(start), "end": to_ms(end), "source": source}

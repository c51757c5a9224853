"""Figures of the KPI sheet: what was imported, and what the posts tell beside the digest's."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from monitor.store.database import Database, to_ms
from monitor.store.figures import FigureTable
from monitor.types.digest import Period
from monitor.types.kpis import Counted, Figure, KpiFacts, MatrixDay, Seen, Stock

Key = tuple[date, str, str]
"""Day, source, metric (or question) of what was imported."""

_ALL = "(:source IS NULL OR source = :source)"


class KpiTable:
    """Imported figures and answers, and what else the formulas read."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def load_facts(
        self, period: Period, before: Period, source: str | None = None
    ) -> tuple[KpiFacts, KpiFacts]:
        """Return everything that the formulas read of a period and of the one before."""
        now, earlier = FigureTable(self.db).load_tallies(period, before, source)
        return self._facts(period, now, source), self._facts(before, earlier, source)

    def complete(self, period: Period, counted: Counted) -> KpiFacts:
        """Return everything that the formulas read of a period whose posts are `counted`."""
        return self._facts(period, counted, None)

    def _facts(self, span: Period, counted: Counted, source: str | None) -> KpiFacts:
        return KpiFacts(
            tally=counted.tally,
            sources=counted.sources,
            overlaps=counted.overlaps,
            asked=counted.asked,
            seen=self._seen(span, source),
            sums=self._sums(span, source),
            days=self._days(span, source),
            stocks={
                metric: self._stocks(metric, span, source)
                for metric in ("customers", "customers_multiple")
            },
            scores=self._scores(span, source),
            chosen=source is not None,
        )

    def load_figures(self, keys: Iterable[Key]) -> dict[Key, float]:
        """Return all figures of the days and sources that `keys` name, of every metric."""
        days = sorted({(day.isoformat(), source) for day, source, _metric in keys})
        rows = self.db.rows(
            "SELECT day, f.source, metric, f.value FROM imported_figures f "
            "JOIN json_each(?) k ON day = k.value ->> 0 AND f.source = k.value ->> 1",
            (json.dumps(days),),
        )
        return {(date.fromisoformat(r["day"]), r["source"], r["metric"]): r["value"] for r in rows}

    def save_figures(self, figures: Sequence[Figure]) -> tuple[int, int]:
        """Keep figures, the newer value of a day, source and metric. Returns (new, updated)."""
        with self.db.transaction() as connection:
            before = self.load_figures((f.day, f.source, f.metric) for f in figures)
            connection.executemany(
                "INSERT INTO imported_figures (metric, source, day, value) VALUES (?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET value = excluded.value",
                [(f.metric, f.source, f.day.isoformat(), f.value) for f in figures],
            )
        held = [before.get((f.day, f.source, f.metric)) for f in figures]
        updated = sum(
            1 for f, old in zip(figures, held, strict=True) if old is not None and old != f.value
        )
        return held.count(None), updated

    def save_scores(self, answers: Mapping[Key, Mapping[int, int]]) -> tuple[int, int]:
        """Keep (day, source, question) -> score -> answers; a day's answers replace former ones.

        Returns (new, updated) answers: an answer has no name, so of each score as many are old as
        were there before, and the others are new; days that lost answers count them as updated.
        """
        new = updated = 0
        with self.db.transaction() as connection:
            for (day, source, question), scores in answers.items():
                where = (question, source, day.isoformat())
                rows = connection.execute(
                    "SELECT score, answers FROM survey_scores "
                    "WHERE question = ? AND source = ? AND day = ?",
                    where,
                )
                former = {row["score"]: row["answers"] for row in rows}
                connection.execute(
                    "DELETE FROM survey_scores WHERE question = ? AND source = ? AND day = ?", where
                )
                connection.executemany(
                    "INSERT INTO survey_scores VALUES (?, ?, ?, ?, ?)",
                    [(*where, score, n) for score, n in sorted(scores.items())],
                )
                added = sum(max(0, n - former.get(score, 0)) for score, n in scores.items())
                lost = sum(max(0, n - scores.get(score, 0)) for score, n in former.items())
                changed = min(added, lost)
                new, updated = new + added - changed, updated + changed
        return new, updated

    def sources(self) -> list[str]:
        """Return every source of posts, figures or answers."""
        rows = self.db.rows(
            "SELECT name FROM sources UNION SELECT DISTINCT source FROM imported_figures "
            "UNION SELECT DISTINCT source FROM survey_scores ORDER BY 1"
        )
        return [row[0] for row in rows]

    def load_matrix(self, spans: Sequence[Period]) -> tuple[MatrixDay, ...]:
        """Return the engagement matrix of each span, by mood."""
        rows = self.db.rows(
            """
            SELECT b.key AS span, l.initiator, l.kind, l.sentiment, count(*) AS posts
            FROM json_each(:begins) b JOIN json_each(:ends) e ON e.key = b.key
            CROSS JOIN posts p ON p.created_at >= b.value AND p.created_at < e.value
            JOIN labels l ON l.post_id = p.id
            WHERE l.spam = 0 AND l.relevant = 1 AND l.copy = 0
            GROUP BY 1, 2, 3, 4
            """,
            {
                "begins": json.dumps([to_ms(span.start) for span in spans]),
                "ends": json.dumps([to_ms(span.end) for span in spans]),
            },
        )
        found: list[dict[tuple[str, str], dict[str, int]]] = [defaultdict(dict) for _ in spans]
        for row in rows:
            found[row["span"]][row["initiator"], row["kind"]][row["sentiment"]] = row["posts"]
        return tuple(
            MatrixDay(span.first_day, dict(cells)) for span, cells in zip(spans, found, strict=True)
        )

    def _seen(self, period: Period, source: str | None) -> dict[str, Seen]:
        rows = self.db.rows(
            """
            SELECT s.name, sum(c.shares) AS shares, sum(c.views) AS views,
                   sum(iif(c.views IS NULL, NULL, coalesce(c.likes, 0) + coalesce(c.replies, 0)))
                       AS viewed
            FROM counted c JOIN sightings g ON g.post_id = c.id JOIN sources s ON s.id = g.source_id
            WHERE c.created_at >= :start AND c.created_at < :end
              AND (c.shares IS NOT NULL OR c.views IS NOT NULL)
              AND (:source IS NULL OR s.name = :source)
            GROUP BY 1
            """,
            {"start": to_ms(period.start), "end": to_ms(period.end), "source": source},
        )
        return {row["name"]: Seen(row["shares"], row["views"], row["viewed"]) for row in rows}

    def _span(self, period: Period, source: str | None) -> dict[str, str | None]:
        return {
            "first": period.first_day.isoformat(),
            "last": period.last_day.isoformat(),
            "eve": (period.first_day - timedelta(days=1)).isoformat(),
            "source": source,
        }

    def _sums(self, period: Period, source: str | None) -> dict[str, dict[str, float]]:
        rows = self.db.rows(
            "SELECT metric, source, sum(value) AS value FROM imported_figures "
            f"WHERE day BETWEEN :first AND :last AND {_ALL} GROUP BY 1, 2",
            self._span(period, source),
        )
        sums: dict[str, dict[str, float]] = defaultdict(dict)
        for row in rows:
            sums[row["metric"]][row["source"]] = row["value"]
        return dict(sums)

    def _days(self, period: Period, source: str | None) -> dict[str, int]:
        rows = self.db.rows(
            "SELECT metric, count(DISTINCT day) AS days FROM imported_figures "
            f"WHERE day BETWEEN :first AND :last AND {_ALL} GROUP BY 1",
            self._span(period, source),
        )
        return {row["metric"]: row["days"] for row in rows}

    def _stocks(self, metric: str, period: Period, source: str | None) -> dict[str, Stock]:
        """Return how many there were at the start and the end, by source.

        A row that says so (`customers_start`, `customers_end`) wins; else the newest count before
        the period and the newest one in it. A source that was last counted more than a period's
        length before the start has no start: nobody knows what happened since.
        """
        span = self._span(period, source)
        oldest = period.first_day - timedelta(days=max(period.days, 31))
        rows = self.db.rows(
            f"""
            SELECT source,
                   coalesce(
                       (SELECT value FROM imported_figures s WHERE s.metric = :metric || '_start'
                        AND s.source = f.source AND s.day BETWEEN :first AND :last
                        ORDER BY s.day LIMIT 1),
                       (SELECT value FROM imported_figures s WHERE s.metric = :metric
                        AND s.source = f.source AND s.day BETWEEN :oldest AND :eve
                        ORDER BY s.day DESC LIMIT 1)) AS start,
                   coalesce(
                       (SELECT value FROM imported_figures s WHERE s.metric = :metric || '_end'
                        AND s.source = f.source AND s.day BETWEEN :first AND :last
                        ORDER BY s.day DESC LIMIT 1),
                       (SELECT value FROM imported_figures s WHERE s.metric = :metric
                        AND s.source = f.source AND s.day BETWEEN :first AND :last
                        ORDER BY s.day DESC LIMIT 1)) AS end
            FROM (SELECT DISTINCT source FROM imported_figures
                  WHERE metric IN (:metric, :metric || '_start', :metric || '_end')
                    AND day BETWEEN :oldest AND :last AND {_ALL}) f
            """,
            span | {"metric": metric, "oldest": oldest.isoformat()},
        )
        return {row["source"]: Stock(row["start"], row["end"]) for row in rows}

    def _scores(self, period: Period, source: str | None) -> dict[str, dict[int, int]]:
        rows = self.db.rows(
            "SELECT question, score, sum(answers) AS answers FROM survey_scores "
            f"WHERE day BETWEEN :first AND :last AND {_ALL} GROUP BY 1, 2",
            self._span(period, source),
        )
        scores: dict[str, dict[int, int]] = defaultdict(dict)
        for row in rows:
            scores[row["question"]][row["score"]] = row["answers"]
        return dict(scores)

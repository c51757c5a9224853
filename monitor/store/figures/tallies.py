"""How many posts of which mood, cell, day and question a period brought."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from models.types import SENTIMENTS
from monitor.store.database import from_ms, to_ms
from monitor.store.figures.scan import Scan
from monitor.store.figures.sql import ANSWERS, PUBLIC, trend_sql
from monitor.types.digest import CellTally, Period, Tally, TrendPoint
from monitor.types.kpis import Asked


def count_posts(scan: Scan, era: int) -> Tally:
    """Return every count of one side: `era` 1 is the period, 0 the one before it."""
    row = scan.run(
        """
        SELECT count(*) AS posts, count(DISTINCT author_id) AS authors,
               sum(author_id IS NULL) AS nameless,
               sum(state = 0) AS counted, sum(state = 1) AS spam, sum(state = 2) AS irrelevant,
               sum(state = 3) AS copies, sum(deleted) AS deleted,
               sum(sentiment IS NULL) AS unlabelled,
               sum(state = 0 AND unsure <> '[]') AS unsure,
               sum(state = 0 AND role <> 'company' AND idea = 1) AS ideas,
               sum(state = 0 AND role <> 'company' AND toxic = 1) AS toxic,
               sum(asked) AS asked
        FROM digest_posts WHERE era = :era
        """,
        era=era,
    )[0]
    waits = _waits(scan, era)
    satisfied, dissatisfied = _moods_of_authors(scan, era)
    return Tally(
        **{key: row[key] or 0 for key in row.keys()},  # noqa: SIM118 - a Row iterates values
        sentiment=_count(scan, "sentiment", f"era = {era} AND state = 0"),
        public=_count(scan, "sentiment", f"era = {era} AND {PUBLIC}"),
        unsure_labels=_unsure(scan, era),
        languages=_count(scan, "lang", f"era = {era} AND {PUBLIC}"),
        answered=len(waits),
        waits=tuple(wait for wait in waits if wait is not None),
        satisfied=satisfied,
        dissatisfied=dissatisfied,
    )


def count_briefly(scan: Scan, era: int, asked: Sequence[Asked]) -> Tally:
    """Return what KPIs read of one side, without authors, languages and labels in doubt."""
    # One pass with sums: grouping a million rows by mood would sort them.
    moods = ", ".join(f"sum(state = 0 AND sentiment = '{mood}') AS {mood}" for mood in SENTIMENTS)
    row = scan.run(
        f"SELECT count(*) AS posts, {moods} FROM digest_posts WHERE era = :era", era=era
    )[0]
    satisfied, dissatisfied = _moods_of_authors(scan, era)
    return Tally(
        posts=row["posts"],
        asked=len(asked),
        sentiment={mood: row[mood] for mood in SENTIMENTS if row[mood]},
        answered=sum(question.answered for question in asked),
        waits=tuple((q.at, q.first_at) for q in asked if q.first_at is not None),
        satisfied=satisfied,
        dissatisfied=dissatisfied,
    )


def _count(scan: Scan, column: str, where: str) -> dict[str, int]:
    rows = scan.run(
        f"SELECT {column}, count(*) FROM digest_posts WHERE {where} AND {column} IS NOT NULL "
        f"GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    return {row[0]: row[1] for row in rows}


def _unsure(scan: Scan, era: int) -> dict[str, int]:
    rows = scan.run(
        "SELECT u.value, count(*) FROM digest_posts d, json_each(d.unsure) u "
        "WHERE era = :era AND state = 0 AND unsure <> '[]' GROUP BY 1 ORDER BY 1",
        era=era,
    )
    return {row[0]: row[1] for row in rows}


def _waits(scan: Scan, era: int) -> list[tuple[datetime, datetime] | None]:
    """Return (asked, first answered) per answered question, None where a time is unknown."""
    return [
        None if question.first_at is None else (question.at, question.first_at)
        for question in load_questions(scan, era)
        if question.answered
    ]


def load_questions(scan: Scan, era: int) -> tuple[Asked, ...]:
    """Return every question by the source that it was first found through."""
    answer = ANSWERS.format(
        post="p", what="count(*) || ' ' || coalesce(min(max(a.created_at, p.created_at)), '')"
    )
    rows = scan.run(
        f"SELECT d.created_at, s.name, ({answer}) AS answer FROM digest_posts d "
        "JOIN posts p ON p.id = d.id JOIN sources s ON s.id = d.source_id "
        "WHERE era = :era AND asked ORDER BY d.id",
        era=era,
    )
    found = []
    for row in rows:
        count, _, first = row["answer"].partition(" ")
        at = from_ms(row["created_at"])
        found.append(Asked(row["name"], at, count != "0", from_ms(int(first)) if first else None))
    return tuple(found)


def _moods_of_authors(scan: Scan, era: int) -> tuple[int, int]:
    """Return (satisfied, dissatisfied) customers: whose praise or blame prevails."""
    row = scan.run(
        "SELECT sum(mood > 0), sum(mood < 0) FROM (SELECT sum((sentiment = 'positive') "
        "- (sentiment = 'negative')) AS mood FROM digest_posts WHERE era = :era AND state = 0 "
        "AND role = 'customer' AND author_id IS NOT NULL "
        "AND sentiment IN ('positive', 'negative') GROUP BY author_id)",
        era=era,
    )[0]
    return row[0] or 0, row[1] or 0


def count_cells(scan: Scan, era: int) -> tuple[CellTally, ...]:
    """Return posts by cell of the matrix and mood."""
    cells: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for row in scan.run(
        "SELECT initiator, kind, sentiment, count(*) AS n FROM digest_posts "
        "WHERE era = :era AND state = 0 AND sentiment IS NOT NULL GROUP BY 1, 2, 3",
        era=era,
    ):
        cells[row["initiator"], row["kind"]][row["sentiment"]] = row["n"]
    return tuple(CellTally(*cell, moods) for cell, moods in sorted(cells.items()))


def count_days(scan: Scan) -> tuple[tuple[date, int], ...]:
    """Return posts per local day, for a day's digest of the two weeks up to it."""
    span = max(scan.period.days, 14)
    first = scan.period.last_day - timedelta(days=span - 1)
    zone = ZoneInfo(scan.period.timezone)
    days = [first + timedelta(days=n) for n in range(span)]
    starts = [to_ms(datetime(d.year, d.month, d.day, tzinfo=zone)) for d in days]
    ends = [*starts[1:], to_ms(scan.period.end)]
    seen = "AND seen_at <= :as_of" if scan.exact_then else ""
    rows = scan.run(
        "SELECT (SELECT count(*) FROM posts WHERE created_at >= s.value "
        f"AND created_at < e.value {seen}) FROM json_each(:starts) s "
        "JOIN json_each(:ends) e ON e.key = s.key ORDER BY s.key",
        starts=json.dumps(starts),
        ends=json.dumps(ends),
    )
    return tuple((day, row[0]) for day, row in zip(days, rows, strict=True))


def posts_by_source(scan: Scan, period: Period) -> dict[str, int]:
    """Return posts by the source they were first found through."""
    seen = "AND seen_at <= :as_of" if scan.exact_then else ""
    rows = scan.run(
        "SELECT s.name, n FROM (SELECT source_id, count(*) AS n FROM posts "
        f"WHERE created_at >= :start AND created_at < :end {seen} GROUP BY 1) "
        "JOIN sources s ON s.id = source_id",
        start=to_ms(period.start),
        end=to_ms(period.end),
    )
    return {row[0]: row[1] for row in rows}


def usual_sources(counted: Sequence[Mapping[str, int]]) -> dict[str, tuple[int, ...]]:
    """Return per source what each of the earlier periods brought."""
    names = sorted({name for counts in counted for name in counts})
    return {name: tuple(counts.get(name, 0) for counts in counted) for name in names}


def load_trend(
    scan: Scan, earlier: Sequence[Period], before: Tally, now: Tally
) -> tuple[TrendPoint, ...]:
    """Return posts and moods of the earlier periods and of the one that is laid out.

    `before` and `now` are the tallies of the layout: what is counted is not counted again.
    """
    known = {scan.before.start: before, scan.period.start: now}
    points = []
    for span in (*earlier, scan.period):
        if tally := known.get(span.start):
            posts, negative = tally.posts, tally.public.get("negative", 0)
            public = sum(tally.public.values())
        else:
            posts, negative, public = scan.run(
                trend_sql(scan.exact_then), start=to_ms(span.start), end=to_ms(span.end)
            )[0]
        points.append(TrendPoint(span.first_day, posts, negative or 0, public or 0))
    return tuple(points)

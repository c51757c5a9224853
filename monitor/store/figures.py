"""Counts what a digest says: one narrow scan of two periods, then sums over what it found.

Everything stored counts as a post of its day; spam, irrelevant posts and copies are left out of
moods, rates and the matrix, and told apart. `as_of` shows the store as it was known at a past
moment: later posts, looks at counters, labels, answers and followers are not seen.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from models.types import SENTIMENTS
from monitor.store.database import Database, from_ms, optional_moment, to_ms
from monitor.store.figure_sql import (
    ANSWERS,
    FIGURES,
    FIGURES_OF,
    PARTS,
    PUBLIC,
    layout_sql,
    open_questions_sql,
    quotes_sql,
)
from monitor.types.digest import (
    Behind,
    CellTally,
    Figures,
    Period,
    PrivacyFigures,
    QueueFigures,
    Quote,
    SourceTally,
    Tally,
    UsualBy,
)
from monitor.types.kpis import Asked, Counted, Overlap

FOREVER = 1 << 62
"""Milliseconds beyond every moment: no `as_of`."""

OPEN_DAYS = 7
"""Days for which an unanswered question stays on the list."""

BACKGROUND_DAYS = 28
TEXTS = 3000
"""Texts that topics are found in at most; of more posts, evenly spread ones are taken."""

BACKGROUND_TEXTS = 2000
USUAL = 2
"""Earlier periods that must be known before anything is called usual."""

QUESTIONS = 300
QUESTIONS_ALL = 1 << 30
IDEAS = 50


class FigureTable:
    """The figures of the store, read-only."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def load(
        self,
        period: Period,
        before: Period,
        comparable: Sequence[tuple[UsualBy, Sequence[Period]]],
        as_of: datetime | None = None,
    ) -> Figures:
        """Return everything that the posts tell about a period, beside the one `before`.

        `comparable` are the periods that tell what is usual, oldest first, the best choice first:
        the first of which at least two are known is taken. Alerts, queues,
        campaigns and the record of erasure live with their own tables.
        """
        with self.db.lock:
            scan = Scan(self.db, period, before, comparable, as_of)
            try:
                return scan.figures()
            finally:
                scan.close()

    def load_tallies(
        self, period: Period, before: Period, source: str | None = None
    ) -> tuple[Counted, Counted]:
        """Return what KPIs read of a period and of the one `before`; of one source where named.

        Of each tally posts, sentiment, questions, answers and authors' moods are counted, of the
        sources likes, comments and followers; the rest stays at its default, for speed. Beside
        them stands what posts brought that were found through several sources.
        """
        with self.db.lock:
            scan = Scan(self.db, period, before, (), None, source=source)
            try:
                return scan.tallies()
            finally:
                scan.close()

    def explain(
        self, figure: str, period: Period, before: Period, as_of: datetime | None = None
    ) -> tuple[Behind, ...] | None:
        """Return the posts behind a figure, oldest first; None for a figure that is not known."""
        with self.db.lock:
            scan = Scan(self.db, period, before, (), as_of)
            try:
                return scan.behind(figure)
            finally:
                scan.close()

    def quotes(self, uids: Sequence[str]) -> tuple[Quote, ...]:
        """Return posts as they are shown, oldest first."""
        rows = self.db.rows(
            quotes_sql(False)
            + "WHERE p.uid IN (SELECT value FROM json_each(?)) ORDER BY p.created_at, p.id",
            (json.dumps(list(uids)),),
        )
        return tuple(map(_quote, rows))

    def load_queue(self, at: datetime) -> QueueFigures:
        """Return how the moderation queue stands; items that came after `at` are not seen."""
        row = self.db.row(
            "SELECT count(*), sum(due_at < :at), min(queued_at) FROM queue "
            "WHERE state = 'waiting' AND queued_at <= :at",
            {"at": to_ms(at)},
        )
        assert row is not None, "an aggregate always has a row"
        return QueueFigures(open=row[0], overdue=row[1] or 0, oldest_at=optional_moment(row[2]))


class Scan:
    """A period and the one before it, laid out in a temporary table of this connection."""

    def __init__(
        self,
        db: Database,
        period: Period,
        before: Period,
        comparable: Sequence[tuple[UsualBy, Sequence[Period]]],
        as_of: datetime | None,
        *,
        source: str | None = None,
    ) -> None:
        self.db = db
        self.source = source
        self.period = period
        self.before = before
        self.comparable = comparable
        self.as_of = FOREVER if as_of is None else to_ms(as_of)
        self.exact_then = as_of is not None
        self._lay_out()

    def close(self) -> None:
        """Drop the temporary table."""
        self._run("DROP TABLE IF EXISTS temp.digest_posts")

    def figures(self) -> Figures:
        """Count everything."""
        first = self._first_day()
        known = [(by, [p for p in spans if p.start >= first]) for by, spans in self.comparable]
        usual_by, earlier = next(
            (pair for pair in known if len(pair[1]) >= USUAL), known[0] if known else ("kind", [])
        )
        open_count, open_questions = self._open_questions()
        return Figures(
            period=self.period,
            tally=self._tally(1),
            previous=self._tally(0),
            sources=self._sources(1, self.period),
            previous_sources=self._sources(0, self.before),
            usual=tuple(sum(self._posts_by_source(p).values()) for p in earlier),
            usual_by=usual_by,
            usual_sources=self._usual_sources(earlier),
            cells=self._cells(1),
            previous_cells=self._cells(0),
            days=self._days(),
            open_count=open_count,
            open_questions=open_questions,
            texts=self._texts(f"era = 1 AND {PUBLIC}", TEXTS),
            previous_texts=self._texts(f"era = 0 AND {PUBLIC}", TEXTS),
            background=self._background(),
            ideas=self._texts(
                f"era = 1 AND {PUBLIC} AND idea = 1 AND NOT toxic", IDEAS, "likes DESC"
            ),
            privacy=self._privacy(),
            newest_post_at=optional_moment(self._value("SELECT max(created_at) FROM posts")),
        )

    def tallies(self) -> tuple[Counted, Counted]:
        """Count posts, answers and sources of both periods, without texts."""
        sources = self._sources(1, self.period, moods=False)
        earlier = self._sources(0, self.before, moods=False)
        if self.source is not None:
            sources, earlier = (
                tuple(s for s in side if s.source == self.source) for side in (sources, earlier)
            )
        now, before = self._overlaps()
        asked = self._questions(1)
        return (
            Counted(tally=self._brief(1, asked), sources=sources, overlaps=now, asked=asked),
            Counted(tally=self._brief(0, self._questions(0)), sources=earlier, overlaps=before),
        )

    def behind(self, figure: str) -> tuple[Behind, ...] | None:
        """Return the posts that a figure counts, each with its part of it."""
        name, _, subject = figure.partition(":")
        if name == "open_questions" and not subject:
            return tuple(Behind(quote=quote) for quote in self._open_questions(QUESTIONS_ALL)[1])
        where = FIGURES.get(name) if not subject else FIGURES_OF.get(name)
        if where is None:
            return None
        parameters: dict[str, Any] = {"subject": subject}
        if name == "matrix":
            parameters["initiator"], _, parameters["kind"] = subject.partition("/")
        rows = self._run(
            quotes_sql(self.exact_then, f"{PARTS.get(name, '1')} AS part,")
            + f"JOIN temp.digest_posts d ON d.id = p.id WHERE {where} ORDER BY p.created_at, p.id",
            **parameters,
        )
        return tuple(Behind(quote=_quote(row), value=row["part"]) for row in rows)

    def _lay_out(self) -> None:
        length = to_ms(self.period.end) - to_ms(self.period.start)
        # Yesterday's counters are read as young as today's are: likes ripen for days.
        looked = min(self.as_of, to_ms(self.period.end)) - length
        self._run("DROP TABLE IF EXISTS temp.digest_posts")
        self._run(
            layout_sql(self.exact_then),
            before=to_ms(self.before.start),
            start=to_ms(self.period.start),
            end=to_ms(self.period.end),
            looked=looked,
        )
        if self.source is not None:
            self._run(
                "DELETE FROM temp.digest_posts WHERE id NOT IN (SELECT g.post_id FROM sightings g "
                "JOIN sources s ON s.id = g.source_id WHERE s.name = :source)",
                source=self.source,
            )

    def _run(self, sql: str, **parameters: Any) -> list[sqlite3.Row]:
        return self.db.rows(sql, {"as_of": self.as_of, **parameters})

    def _value(self, sql: str, **parameters: Any) -> Any:
        rows = self._run(sql, **parameters)
        return rows[0][0] if rows else None

    def _first_day(self) -> datetime:
        """Midnight of the day after the store's first post: before it, counts are incomplete."""
        first = optional_moment(self._value("SELECT min(created_at) FROM posts"))
        if first is None:
            return self.period.end
        zone = ZoneInfo(self.period.timezone)
        local = first.astimezone(zone)
        midnight = datetime(local.year, local.month, local.day, tzinfo=zone)
        return midnight if local == midnight else midnight + timedelta(days=1)

    def _tally(self, era: int) -> Tally:
        row = self._run(
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
        waits = self._waits(era)
        satisfied, dissatisfied = self._moods_of_authors(era)
        return Tally(
            **{key: row[key] or 0 for key in row.keys()},  # noqa: SIM118 - a Row iterates values
            sentiment=self._count("sentiment", f"era = {era} AND state = 0"),
            public=self._count("sentiment", f"era = {era} AND {PUBLIC}"),
            unsure_labels=self._unsure(era),
            languages=self._count("lang", f"era = {era} AND {PUBLIC}"),
            answered=len(waits),
            waits=tuple(wait for wait in waits if wait is not None),
            satisfied=satisfied,
            dissatisfied=dissatisfied,
        )

    def _brief(self, era: int, asked: Sequence[Asked]) -> Tally:
        # One pass with sums: grouping a million rows by mood would sort them.
        moods = ", ".join(
            f"sum(state = 0 AND sentiment = '{mood}') AS {mood}" for mood in SENTIMENTS
        )
        row = self._run(
            f"SELECT count(*) AS posts, {moods} FROM digest_posts WHERE era = :era", era=era
        )[0]
        satisfied, dissatisfied = self._moods_of_authors(era)
        return Tally(
            posts=row["posts"],
            asked=len(asked),
            sentiment={mood: row[mood] for mood in SENTIMENTS if row[mood]},
            answered=sum(question.answered for question in asked),
            waits=tuple((q.at, q.first_at) for q in asked if q.first_at is not None),
            satisfied=satisfied,
            dissatisfied=dissatisfied,
        )

    def _count(self, column: str, where: str) -> dict[str, int]:
        rows = self._run(
            f"SELECT {column}, count(*) FROM digest_posts WHERE {where} AND {column} IS NOT NULL "
            f"GROUP BY 1 ORDER BY 2 DESC, 1"
        )
        return {row[0]: row[1] for row in rows}

    def _unsure(self, era: int) -> dict[str, int]:
        rows = self._run(
            "SELECT u.value, count(*) FROM digest_posts d, json_each(d.unsure) u "
            "WHERE era = :era AND state = 0 AND unsure <> '[]' GROUP BY 1 ORDER BY 1",
            era=era,
        )
        return {row[0]: row[1] for row in rows}

    def _waits(self, era: int) -> list[tuple[datetime, datetime] | None]:
        """Return (asked, first answered) per answered question, None where a time is unknown."""
        return [
            None if question.first_at is None else (question.at, question.first_at)
            for question in self._questions(era)
            if question.answered
        ]

    def _questions(self, era: int) -> tuple[Asked, ...]:
        """Return every question by the source that it was first found through."""
        answer = ANSWERS.format(
            post="d", what="count(*) || ' ' || coalesce(min(max(a.created_at, d.created_at)), '')"
        )
        rows = self._run(
            f"SELECT d.created_at, s.name, ({answer}) AS answer FROM digest_posts d "
            "JOIN sources s ON s.id = d.source_id WHERE era = :era AND asked ORDER BY d.id",
            era=era,
        )
        found = []
        for row in rows:
            count, _, first = row["answer"].partition(" ")
            at = from_ms(row["created_at"])
            found.append(
                Asked(row["name"], at, count != "0", from_ms(int(first)) if first else None)
            )
        return tuple(found)

    def _moods_of_authors(self, era: int) -> tuple[int, int]:
        """Return (satisfied, dissatisfied) customers: whose praise or blame prevails."""
        row = self._run(
            "SELECT sum(mood > 0), sum(mood < 0) FROM (SELECT sum((sentiment = 'positive') "
            "- (sentiment = 'negative')) AS mood FROM digest_posts WHERE era = :era AND state = 0 "
            "AND role = 'customer' AND author_id IS NOT NULL "
            "AND sentiment IN ('positive', 'negative') GROUP BY author_id)",
            era=era,
        )[0]
        return row[0] or 0, row[1] or 0

    def _moods_of_sources(
        self, era: int
    ) -> tuple[dict[int, dict[str, int]], dict[int, dict[str, int]]]:
        """Return posts by source and sentiment: all counted ones, and those of others alone."""
        moods: dict[int, dict[str, int]] = defaultdict(dict)
        public: dict[int, dict[str, int]] = defaultdict(dict)
        for row in self._run(
            "SELECT g.source_id, d.sentiment, count(*) AS n, sum(d.role <> 'company') AS public "
            "FROM digest_posts d JOIN sightings g ON g.post_id = d.id "
            "WHERE era = :era AND state = 0 AND sentiment IS NOT NULL GROUP BY 1, 2",
            era=era,
        ):
            moods[row["source_id"]][row["sentiment"]] = row["n"]
            public[row["source_id"]][row["sentiment"]] = row["public"]
        return moods, public

    def _sources(self, era: int, period: Period, *, moods: bool = True) -> tuple[SourceTally, ...]:
        all_moods, public = self._moods_of_sources(era) if moods else ({}, {})
        sums = {
            row["source_id"]: row
            for row in self._run(
                "SELECT g.source_id, count(*) AS posts, sum(state = 0) AS counted, "
                "sum(iif(state = 0, likes, NULL)) AS likes, "
                "sum(iif(state = 0, comments, NULL)) AS comments, "
                "sum(state = 0 AND coalesce(likes, comments) IS NOT NULL) AS rated "
                "FROM digest_posts d JOIN sightings g ON g.post_id = d.id WHERE era = :era "
                "GROUP BY 1",
                era=era,
            )
        }
        followers = self._followers(min(self.as_of, to_ms(period.end)))
        return tuple(
            SourceTally(
                source=row["name"],
                platform=row["platform"],
                own=bool(row["own"]),
                sentiment=all_moods.get(row["id"], {}),
                public=public.get(row["id"], {}),
                followers=followers.get(row["id"], (None, None))[0],
                followers_at=optional_moment(followers.get(row["id"], (None, None))[1]),
                gap_s=self._gap_s(row["id"], period),
                state=_state(row),
                error=row["error"],
                **_sums(sums.get(row["id"])),
            )
            for row in self._run("SELECT * FROM sources ORDER BY name")
        )

    def _overlaps(self) -> tuple[tuple[Overlap, ...], tuple[Overlap, ...]]:
        """Return what posts found through several sources brought, of the period and before it."""
        found: tuple[list[Overlap], list[Overlap]] = ([], [])
        for row in self._run(
            "SELECT era, names, sum(likes) AS likes, sum(comments) AS comments, "
            "sum(shares) AS shares, sum(views) AS views, sum(viewed) AS viewed FROM ("
            "SELECT d.era, coalesce(d.likes, 0) AS likes, coalesce(d.comments, 0) AS comments, "
            "coalesce(p.shares, 0) AS shares, coalesce(p.views, 0) AS views, "
            "iif(p.views IS NULL, 0, coalesce(p.likes, 0) + coalesce(p.replies, 0)) AS viewed, "
            "(SELECT json_group_array(name) FROM (SELECT s.name FROM sightings g JOIN sources s "
            "ON s.id = g.source_id WHERE g.post_id = d.id ORDER BY s.id)) AS names "
            "FROM digest_posts d JOIN posts p ON p.id = d.id WHERE d.state = 0 AND d.id IN "
            "(SELECT post_id FROM sightings GROUP BY post_id HAVING count(*) > 1)) "
            "GROUP BY era, names"
        ):
            values = {k: row[k] for k in ("likes", "comments", "shares", "views", "viewed")}
            sources = frozenset(json.loads(row["names"]))
            found[0 if row["era"] else 1].append(Overlap(sources=sources, **values))
        return tuple(found[0]), tuple(found[1])

    def _followers(self, at: int) -> dict[int, tuple[int, int]]:
        rows = self._run(
            "SELECT source_id, followers, max(at) AS at FROM followers WHERE at <= :at GROUP BY 1",
            at=at,
        )
        return {row["source_id"]: (row["followers"], row["at"]) for row in rows}

    def _gap_s(self, source_id: int, period: Period) -> float:
        start, end = to_ms(period.start), to_ms(period.end)
        unknown, reached = 0, start
        for row in self._run(
            "SELECT start, end FROM gaps WHERE source_id = :source AND start < :end "
            "AND end > :start ORDER BY start",
            source=source_id, start=start, end=end,
        ):  # fmt: skip
            begin, stop = max(row["start"], reached), min(row["end"], end)
            if stop > begin:
                unknown += stop - begin
                reached = stop
        return unknown / 1000

    def _posts_by_source(self, period: Period) -> dict[str, int]:
        """Return posts by the source they were first found through."""
        seen = "AND seen_at <= :as_of" if self.exact_then else ""
        rows = self._run(
            "SELECT s.name, n FROM (SELECT source_id, count(*) AS n FROM posts "
            f"WHERE created_at >= :start AND created_at < :end {seen} GROUP BY 1) "
            "JOIN sources s ON s.id = source_id",
            start=to_ms(period.start),
            end=to_ms(period.end),
        )
        return {row[0]: row[1] for row in rows}

    def _usual_sources(self, earlier: Sequence[Period]) -> dict[str, tuple[int, ...]]:
        counted = [self._posts_by_source(period) for period in earlier]
        names = sorted({name for counts in counted for name in counts})
        return {name: tuple(counts.get(name, 0) for counts in counted) for name in names}

    def _cells(self, era: int) -> tuple[CellTally, ...]:
        cells: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
        for row in self._run(
            "SELECT initiator, kind, sentiment, count(*) AS n FROM digest_posts "
            "WHERE era = :era AND state = 0 AND sentiment IS NOT NULL GROUP BY 1, 2, 3",
            era=era,
        ):
            cells[row["initiator"], row["kind"]][row["sentiment"]] = row["n"]
        return tuple(CellTally(*cell, moods) for cell, moods in sorted(cells.items()))

    def _days(self) -> tuple[tuple[date, int], ...]:
        """Return posts per local day, for a day's digest of the two weeks up to it."""
        span = max(self.period.days, 14)
        first = self.period.last_day - timedelta(days=span - 1)
        zone = ZoneInfo(self.period.timezone)
        days = [first + timedelta(days=n) for n in range(span)]
        starts = [to_ms(datetime(d.year, d.month, d.day, tzinfo=zone)) for d in days]
        ends = [*starts[1:], to_ms(self.period.end)]
        seen = "AND seen_at <= :as_of" if self.exact_then else ""
        rows = self._run(
            "SELECT (SELECT count(*) FROM posts WHERE created_at >= s.value "
            f"AND created_at < e.value {seen}) FROM json_each(:starts) s "
            "JOIN json_each(:ends) e ON e.key = s.key ORDER BY s.key",
            starts=json.dumps(starts),
            ends=json.dumps(ends),
        )
        return tuple((day, row[0]) for day, row in zip(days, rows, strict=True))

    def _open_questions(self, most: int = QUESTIONS) -> tuple[int, tuple[Quote, ...]]:
        """Return how many questions and complaints of the last days nobody answered, and quotes.

        The quotes are the oldest one and the weightiest ones.
        """
        end = to_ms(self.period.end)
        found = self._run(
            open_questions_sql(self.exact_then), since=end - OPEN_DAYS * 86_400_000, end=end
        )
        if not found:
            return 0, ()
        oldest = min(found, key=lambda row: (row["created_at"], row["id"]))
        heavy = sorted(found, key=lambda row: (-(row["weight"] or 0), row["id"]))[:most]
        ids = sorted({oldest["id"], *(row["id"] for row in heavy)})
        return len(found), self._quotes(ids)

    def _quotes(self, ids: Sequence[int]) -> tuple[Quote, ...]:
        rows = self._run(
            quotes_sql(self.exact_then)
            + "WHERE p.id IN (SELECT value FROM json_each(:ids)) ORDER BY p.id",
            ids=json.dumps(list(ids)),
        )
        return tuple(map(_quote, rows))

    def _texts(self, where: str, limit: int, order: str = "id") -> tuple[Quote, ...]:
        found = int(self._value(f"SELECT count(*) FROM digest_posts WHERE {where}"))
        step = 1 if order != "id" else max(1, -(-found // limit))
        rows = self._run(
            quotes_sql(self.exact_then)
            + f"WHERE p.id IN (SELECT id FROM (SELECT id, row_number() OVER "
            f"(ORDER BY {order}, id) AS n FROM digest_posts WHERE {where}) WHERE n % :step = 0 "
            "ORDER BY n LIMIT :limit) AND p.text <> '' ORDER BY p.id",
            step=step,
            limit=limit,
        )
        return tuple(map(_quote, rows))

    def _background(self) -> tuple[Quote, ...]:
        """Return a sample of what people wrote in the weeks before both periods."""
        until = to_ms(self.before.start)
        span = {"since": until - BACKGROUND_DAYS * 86_400_000, "until": until}
        between = "created_at >= :since AND created_at < :until"
        found = int(self._value(f"SELECT count(*) FROM posts WHERE {between}", **span))
        rows = self._run(
            quotes_sql(self.exact_then)
            + f"WHERE p.id IN (SELECT id FROM posts WHERE {between} AND id % :step = 0) "
            "AND p.role <> 'company' AND p.text <> '' AND p.seen_at <= :as_of ORDER BY p.id",
            step=max(1, -(-found // BACKGROUND_TEXTS)),
            **span,
        )
        return tuple(map(_quote, rows))

    def _privacy(self) -> PrivacyFigures:
        oldest = self._value(
            "SELECT created_at FROM posts WHERE created_at IS NOT NULL AND text <> '' "
            "AND seen_at <= :as_of ORDER BY created_at LIMIT 1"
        )
        accounts = "SELECT count(*) FROM authors"
        if self.exact_then:
            accounts = "SELECT count(DISTINCT author_id) FROM posts WHERE seen_at <= :as_of"
        erased = self._value(
            "SELECT count(*) FROM processing_log WHERE action = 'erased' AND at >= :start "
            "AND at < :end AND at <= :as_of",
            start=to_ms(self.period.start),
            end=to_ms(self.period.end),
        )
        return PrivacyFigures(
            accounts=int(self._value(accounts)),
            oldest_text_at=optional_moment(oldest),
            erased=erased or None,
        )


def _sums(row: sqlite3.Row | None) -> Mapping[str, Any]:
    if row is None:
        return {}
    return {key: row[key] for key in ("posts", "counted", "likes", "comments", "rated")}


def _state(row: sqlite3.Row) -> str:
    if row["stopped"]:
        return "stopped"
    return "failing" if row["failing_since"] is not None else "ok"


def _quote(row: sqlite3.Row) -> Quote:
    title = row["title"]
    text = row["text"]
    return Quote(
        uid=row["uid"],
        source=row["source"],
        text=f"{title}: {text}" if title and not text.startswith(title) else text,
        url=row["url"],
        created_at=optional_moment(row["created_at"]),
        sentiment=row["sentiment"],
        role=row["role"],
        lang=row["lang"],
        likes=row["likes"],
        replies=row["replies"],
        followers=row["followers"],
        author=row["author_id"],
        asks=bool(row["asks"]),
        idea=bool(row["idea"]),
        toxic=bool(row["toxic"]),
    )

"""Counts what a digest says: one narrow scan of two periods, then sums over what it found.

Everything stored counts as a post of its day; spam, irrelevant posts and copies are left out of
moods, rates and the matrix, and told apart. `as_of` shows the store as it was known at a past
moment: later posts, looks at counters, labels, answers and followers are not seen.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from monitor.store.database import Database, optional_moment, to_ms
from monitor.store.figures.by_source import count_overlaps, count_sources
from monitor.store.figures.scan import Scan
from monitor.store.figures.sql import FIGURES, FIGURES_OF, PARTS, PUBLIC, quotes_sql
from monitor.store.figures.tallies import (
    count_briefly,
    count_cells,
    count_days,
    count_posts,
    load_questions,
    load_trend,
    posts_by_source,
    usual_sources,
)
from monitor.store.figures.texts import (
    IDEAS,
    QUESTIONS_ALL,
    TEXTS,
    count_privacy,
    load_background,
    load_texts,
    open_questions,
    to_quote,
)
from monitor.types.digest import Behind, Figures, Period, QueueFigures, Quote, UsualBy
from monitor.types.kpis import Counted

USUAL = 2
"""Earlier periods that must be known before anything is called usual."""


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
                return count_figures(scan)
            finally:
                scan.close()

    def load_tallies(
        self, period: Period, before: Period, source: str | None = None
    ) -> tuple[Counted, Counted]:
        """Return what KPIs read of a period and of the one `before`; of one source where named.

        Of each tally posts, sentiment, questions, answers and authors' moods are counted; the
        rest stays at its default, for speed. Beside them stands what posts brought that were found
        through several sources.
        """
        with self.db.lock:
            scan = Scan(self.db, period, before, (), None, source=source, wide=False)
            try:
                return count_tallies(scan)
            finally:
                scan.close()

    def explain(
        self, figure: str, period: Period, before: Period, as_of: datetime | None = None
    ) -> tuple[Behind, ...] | None:
        """Return the posts behind a figure, oldest first; None for a figure that is not known."""
        with self.db.lock:
            scan = Scan(self.db, period, before, (), as_of)
            try:
                return load_behind(scan, figure)
            finally:
                scan.close()

    def quotes(self, uids: Sequence[str]) -> tuple[Quote, ...]:
        """Return posts as they are shown, oldest first."""
        rows = self.db.rows(
            quotes_sql(False)
            + "WHERE p.uid IN (SELECT value FROM json_each(?)) ORDER BY p.created_at, p.id",
            (json.dumps(list(uids)),),
        )
        return tuple(map(to_quote, rows))

    def load_queue(self, at: datetime) -> QueueFigures:
        """Return how the moderation queue stood at a moment; later decisions are not seen."""
        row = self.db.row(
            "SELECT count(*), sum(due_at < :at), min(queued_at) FROM queue q "
            "WHERE queued_at <= :at AND coalesce((SELECT state_before FROM decisions "
            "WHERE queue_id = q.id AND at > :at ORDER BY id LIMIT 1), state) = 'waiting'",
            {"at": to_ms(at)},
        )
        assert row is not None, "an aggregate always has a row"
        return QueueFigures(open=row[0], overdue=row[1] or 0, oldest_at=optional_moment(row[2]))


def count_figures(scan: Scan) -> Figures:
    """Count everything."""
    first = scan.first_day()
    known = [(by, [p for p in spans if p.start >= first]) for by, spans in scan.comparable]
    usual_by, earlier = next(
        (pair for pair in known if len(pair[1]) >= USUAL), known[0] if known else ("kind", [])
    )
    open_count, questions = open_questions(scan)
    tally, previous = count_posts(scan, 1), count_posts(scan, 0)
    sources, previous_sources = count_sources(scan)
    by_source = [posts_by_source(scan, span) for span in earlier]
    long = scan.period.kind in ("week", "month")
    return Figures(
        period=scan.period,
        tally=tally,
        previous=previous,
        sources=sources,
        previous_sources=previous_sources,
        usual=tuple(sum(posts.values()) for posts in by_source),
        usual_by=usual_by,
        usual_sources=usual_sources(by_source),
        cells=count_cells(scan, 1),
        previous_cells=count_cells(scan, 0),
        days=count_days(scan),
        open_count=open_count,
        open_questions=questions,
        texts=load_texts(scan, f"era = 1 AND {PUBLIC}", TEXTS),
        previous_texts=load_texts(scan, f"era = 0 AND {PUBLIC}", TEXTS),
        background=load_background(scan),
        ideas=load_texts(
            scan, f"era = 1 AND {PUBLIC} AND idea = 1 AND NOT toxic", IDEAS, "likes DESC"
        ),
        privacy=count_privacy(scan),
        newest_post_at=optional_moment(scan.value("SELECT max(created_at) FROM posts")),
        trend=load_trend(scan, earlier, previous, tally) if long else (),
        overlaps=count_overlaps(scan) if long else ((), ()),
    )


def count_tallies(scan: Scan) -> tuple[Counted, Counted]:
    """Count posts, answers and sources of both periods, without texts."""
    sources, earlier = count_sources(scan, moods=False)
    if scan.source is not None:
        sources, earlier = (
            tuple(s for s in side if s.source == scan.source) for side in (sources, earlier)
        )
    now, before = count_overlaps(scan)
    asked = load_questions(scan, 1)
    return (
        Counted(tally=count_briefly(scan, 1, asked), sources=sources, overlaps=now, asked=asked),
        Counted(
            tally=count_briefly(scan, 0, load_questions(scan, 0)), sources=earlier, overlaps=before
        ),
    )


def load_behind(scan: Scan, figure: str) -> tuple[Behind, ...] | None:
    """Return the posts that a figure counts, each with its part of it."""
    name, _, subject = figure.partition(":")
    if name == "open_questions" and not subject:
        return tuple(Behind(quote=quote) for quote in open_questions(scan, QUESTIONS_ALL)[1])
    where = FIGURES.get(name) if not subject else FIGURES_OF.get(name)
    if where is None:
        return None
    parameters: dict[str, Any] = {"subject": subject}
    if name == "matrix":
        parameters["initiator"], _, parameters["kind"] = subject.partition("/")
    rows = scan.run(
        quotes_sql(scan.exact_then, f"{PARTS.get(name, '1')} AS part,")
        + f"JOIN temp.digest_posts d ON d.id = p.id WHERE {where} ORDER BY p.created_at, p.id",
        **parameters,
    )
    return tuple(Behind(quote=to_quote(row), value=row["part"]) for row in rows)

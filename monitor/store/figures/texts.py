"""Posts as they are shown: open questions, samples for topics, and how old the texts are."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from monitor.store.database import optional_moment, to_ms
from monitor.store.figures.scan import Scan
from monitor.store.figures.sql import open_questions_sql, quotes_sql
from monitor.types.digest import PrivacyFigures, Quote

OPEN_DAYS = 7
"""Days for which an unanswered question stays on the list."""

BACKGROUND_DAYS = 28
TEXTS = 3000
"""Texts that topics are found in at most; of more posts, evenly spread ones are taken."""

BACKGROUND_TEXTS = 2000
QUESTIONS = 300
QUESTIONS_ALL = 1 << 30
IDEAS = 50


def open_questions(scan: Scan, most: int = QUESTIONS) -> tuple[int, tuple[Quote, ...]]:
    """Return how many questions and complaints of the last days nobody answered, and quotes.

    The quotes are the oldest one and the weightiest ones.
    """
    end = to_ms(scan.period.end)
    found = scan.run(
        open_questions_sql(scan.exact_then), since=end - OPEN_DAYS * 86_400_000, end=end
    )
    if not found:
        return 0, ()
    oldest = min(found, key=lambda row: (row["created_at"], row["id"]))
    heavy = sorted(found, key=lambda row: (-(row["weight"] or 0), row["id"]))[:most]
    ids = sorted({oldest["id"], *(row["id"] for row in heavy)})
    return len(found), load_quotes(scan, ids)


def load_quotes(scan: Scan, ids: Sequence[int]) -> tuple[Quote, ...]:
    """Return posts by their rows, as they are shown."""
    rows = scan.run(
        quotes_sql(scan.exact_then)
        + "WHERE p.id IN (SELECT value FROM json_each(:ids)) ORDER BY p.id",
        ids=json.dumps(list(ids)),
    )
    return tuple(map(to_quote, rows))


def load_texts(scan: Scan, where: str, limit: int, order: str = "id") -> tuple[Quote, ...]:
    """Return texts of posts laid out, at most `limit`: evenly spread, or the first by `order`."""
    found = int(scan.value(f"SELECT count(*) FROM digest_posts WHERE {where}"))
    step = 1 if order != "id" else max(1, -(-found // limit))
    rows = scan.run(
        quotes_sql(scan.exact_then)
        + f"WHERE p.id IN (SELECT id FROM (SELECT id, row_number() OVER "
        f"(ORDER BY {order}, id) AS n FROM digest_posts WHERE {where}) WHERE n % :step = 0 "
        "ORDER BY n LIMIT :limit) AND p.text <> '' ORDER BY p.id",
        step=step,
        limit=limit,
    )
    return tuple(map(to_quote, rows))


def load_background(scan: Scan) -> tuple[Quote, ...]:
    """Return a sample of what people wrote in the weeks before both periods."""
    until = to_ms(scan.before.start)
    span = {"since": until - BACKGROUND_DAYS * 86_400_000, "until": until}
    between = "created_at >= :since AND created_at < :until"
    found = int(scan.value(f"SELECT count(*) FROM posts WHERE {between}", **span))
    rows = scan.run(
        quotes_sql(scan.exact_then)
        + f"WHERE p.id IN (SELECT id FROM posts WHERE {between} AND id % :step = 0) "
        "AND p.role <> 'company' AND p.text <> '' AND p.seen_at <= :as_of ORDER BY p.id",
        step=max(1, -(-found // BACKGROUND_TEXTS)),
        **span,
    )
    return tuple(map(to_quote, rows))


def count_privacy(scan: Scan) -> PrivacyFigures:
    """Return how much the store holds of persons, and what was erased in the period."""
    oldest = scan.value(
        "SELECT created_at FROM posts WHERE created_at IS NOT NULL AND text <> '' "
        "AND seen_at <= :as_of ORDER BY created_at LIMIT 1"
    )
    accounts = "SELECT count(*) FROM authors"
    if scan.exact_then:
        accounts = "SELECT count(DISTINCT author_id) FROM posts WHERE seen_at <= :as_of"
    erased = scan.value(
        "SELECT count(*) FROM processing_log WHERE action = 'erased' AND at >= :start "
        "AND at < :end AND at <= :as_of",
        start=to_ms(scan.period.start),
        end=to_ms(scan.period.end),
    )
    return PrivacyFigures(
        accounts=int(scan.value(accounts)),
        oldest_text_at=optional_moment(oldest),
        erased=erased or None,
    )


def to_quote(row: sqlite3.Row) -> Quote:
    """Return a row of `quotes_sql` as it is shown."""
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

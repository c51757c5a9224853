"""What each source brought: posts, moods, counters, followers, gaps, and what two of them share."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from models.types import SENTIMENTS
from monitor.store.database import optional_moment, to_ms
from monitor.store.figures.scan import Scan
from monitor.types.digest import Period, SourceTally
from monitor.types.kpis import Overlap

_MOODS = ", ".join(
    f"sum(state = 0 AND sentiment = '{mood}') AS {mood}, "
    f"sum(state = 0 AND sentiment = '{mood}' AND role <> 'company') AS public_{mood}"
    for mood in SENTIMENTS
)
_SUMS = """
    SELECT {place} AS place, era, count(*) AS posts, sum(state = 0) AS counted,
           sum(iif(state = 0, likes, NULL)) AS likes,
           sum(iif(state = 0, comments, NULL)) AS comments,
           sum(state = 0 AND coalesce(likes, comments) IS NOT NULL) AS rated {moods}
    FROM {table} GROUP BY 1, 2
"""
_TABLES = (("source_id", "digest_posts"), ("place", "digest_again"))


def count_sources(
    scan: Scan, *, moods: bool = True
) -> tuple[tuple[SourceTally, ...], tuple[SourceTally, ...]]:
    """Return what each source brought in the period, and in the one before it.

    `moods` cost half of the pass and can be left out.
    """
    sums: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    for place, table in _TABLES:
        # One pass for both periods: grouping a year of posts sorts them.
        sql = _SUMS.format(place=place, table=table, moods=f", {_MOODS}" if moods else "")
        for row in scan.run(sql):
            known = {key: row[key] for key in row.keys()[2:] if row[key] is not None}
            sums[row["place"], row["era"]].update(known)
    places = scan.run("SELECT * FROM sources ORDER BY name")

    def tallies(era: int, period: Period) -> tuple[SourceTally, ...]:
        followers = _followers(scan, min(scan.as_of, to_ms(period.end)))
        return tuple(
            SourceTally(
                source=row["name"],
                platform=row["platform"],
                own=bool(row["own"]),
                followers=followers.get(row["id"], (None, None))[0],
                followers_at=optional_moment(followers.get(row["id"], (None, None))[1]),
                gap_s=_gap_s(scan, row["id"], period),
                state=_state(row),
                error=row["error"],
                **_sums(sums.get((row["id"], era))),
            )
            for row in places
        )

    return tallies(1, scan.period), tallies(0, scan.before)


def count_overlaps(scan: Scan) -> tuple[tuple[Overlap, ...], tuple[Overlap, ...]]:
    """Return what posts found through several sources brought, of the period and before it."""
    found: tuple[list[Overlap], list[Overlap]] = ([], [])
    for row in scan.run(
        "SELECT era, names, sum(likes) AS likes, sum(comments) AS comments, "
        "sum(shares) AS shares, sum(views) AS views, sum(viewed) AS viewed FROM ("
        "SELECT d.era, coalesce(d.likes, 0) AS likes, coalesce(d.comments, 0) AS comments, "
        "coalesce(p.shares, 0) AS shares, coalesce(p.views, 0) AS views, "
        "iif(p.views IS NULL, 0, coalesce(p.likes, 0) + coalesce(p.replies, 0)) AS viewed, "
        "(SELECT json_group_array(name) FROM (SELECT s.name FROM sightings g JOIN sources s "
        "ON s.id = g.source_id WHERE g.post_id = d.id ORDER BY s.id)) AS names "
        "FROM (SELECT DISTINCT id, era, likes, comments FROM digest_again WHERE state = 0) d "
        "JOIN posts p ON p.id = d.id) GROUP BY era, names"
    ):
        values = {k: row[k] for k in ("likes", "comments", "shares", "views", "viewed")}
        sources = frozenset(json.loads(row["names"]))
        found[0 if row["era"] else 1].append(Overlap(sources=sources, **values))
    return tuple(found[0]), tuple(found[1])


def _followers(scan: Scan, at: int) -> dict[int, tuple[int, int]]:
    rows = scan.run(
        "SELECT source_id, followers, max(at) AS at FROM followers WHERE at <= :at GROUP BY 1",
        at=at,
    )
    return {row["source_id"]: (row["followers"], row["at"]) for row in rows}


def _gap_s(scan: Scan, source_id: int, period: Period) -> float:
    start, end = to_ms(period.start), to_ms(period.end)
    unknown, reached = 0, start
    for row in scan.run(
        "SELECT start, end FROM gaps WHERE source_id = :source AND start < :end "
        "AND end > :start ORDER BY start",
        source=source_id, start=start, end=end,
    ):  # fmt: skip
        begin, stop = max(row["start"], reached), min(row["end"], end)
        if stop > begin:
            unknown += stop - begin
            reached = stop
    return unknown / 1000


def _sums(sums: Mapping[str, int] | None) -> Mapping[str, Any]:
    """Return the fields of a tally; likes and comments that no post tells stay unknown."""
    if sums is None:
        return {}
    return {
        **{key: sums[key] for key in ("posts", "counted", "rated")},
        **{key: sums.get(key) for key in ("likes", "comments")},
        "sentiment": {mood: sums[mood] for mood in SENTIMENTS if sums.get(mood)},
        "public": {mood: sums[f"public_{mood}"] for mood in SENTIMENTS if sums.get(mood)},
    }


def _state(row: sqlite3.Row) -> str:
    if row["stopped"]:
        return "stopped"
    return "failing" if row["failing_since"] is not None else "ok"

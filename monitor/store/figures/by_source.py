"""What each source brought: posts, moods, counters, followers, gaps, and what two of them share."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from monitor.store.database import optional_moment, to_ms
from monitor.store.figures.scan import Scan
from monitor.types.digest import Period, SourceTally
from monitor.types.kpis import Overlap


def _moods_of_sources(
    scan: Scan, era: int
) -> tuple[dict[int, dict[str, int]], dict[int, dict[str, int]]]:
    """Return posts by source and sentiment: all counted ones, and those of others alone."""
    moods: dict[int, dict[str, int]] = defaultdict(dict)
    public: dict[int, dict[str, int]] = defaultdict(dict)
    for row in scan.run(
        "SELECT g.source_id, d.sentiment, count(*) AS n, sum(d.role <> 'company') AS public "
        "FROM digest_posts d JOIN sightings g ON g.post_id = d.id "
        "WHERE era = :era AND state = 0 AND sentiment IS NOT NULL GROUP BY 1, 2",
        era=era,
    ):
        moods[row["source_id"]][row["sentiment"]] = row["n"]
        public[row["source_id"]][row["sentiment"]] = row["public"]
    return moods, public


def count_sources(
    scan: Scan, era: int, period: Period, *, moods: bool = True
) -> tuple[SourceTally, ...]:
    """Return what each source brought; `moods` costs a pass and can be left out."""
    all_moods, public = _moods_of_sources(scan, era) if moods else ({}, {})
    sums = {
        row["source_id"]: row
        for row in scan.run(
            "SELECT g.source_id, count(*) AS posts, sum(state = 0) AS counted, "
            "sum(iif(state = 0, likes, NULL)) AS likes, "
            "sum(iif(state = 0, comments, NULL)) AS comments, "
            "sum(state = 0 AND coalesce(likes, comments) IS NOT NULL) AS rated "
            "FROM digest_posts d JOIN sightings g ON g.post_id = d.id WHERE era = :era "
            "GROUP BY 1",
            era=era,
        )
    }
    followers = _followers(scan, min(scan.as_of, to_ms(period.end)))
    return tuple(
        SourceTally(
            source=row["name"],
            platform=row["platform"],
            own=bool(row["own"]),
            sentiment=all_moods.get(row["id"], {}),
            public=public.get(row["id"], {}),
            followers=followers.get(row["id"], (None, None))[0],
            followers_at=optional_moment(followers.get(row["id"], (None, None))[1]),
            gap_s=_gap_s(scan, row["id"], period),
            state=_state(row),
            error=row["error"],
            **_sums(sums.get(row["id"])),
        )
        for row in scan.run("SELECT * FROM sources ORDER BY name")
    )


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
        "FROM digest_posts d JOIN posts p ON p.id = d.id WHERE d.state = 0 AND d.id IN "
        "(SELECT post_id FROM sightings GROUP BY post_id HAVING count(*) > 1)) "
        "GROUP BY era, names"
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


def _sums(row: sqlite3.Row | None) -> Mapping[str, Any]:
    if row is None:
        return {}
    return {key: row[key] for key in ("posts", "counted", "likes", "comments", "rated")}


def _state(row: sqlite3.Row) -> str:
    if row["stopped"]:
        return "stopped"
    return "failing" if row["failing_since"] is not None else "ok"

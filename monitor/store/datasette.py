"""What Datasette needs to show the store: words for its tables, ready queries, nobody's data.

Tables that hold texts, names or keys of persons are closed to everybody; the queries count.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.store.database import Database

OPEN: Mapping[str, str] = {
    "imported_figures": "Imported web, shop and customer figures: one value a day and source",
    "survey_scores": "Survey answers of a day by score; they name nobody",
    "sources": "Watched places, and how reading them fares",
    "followers": "Followers of the sources over time",
    "gaps": "Times of which nothing is known",
    "runs": "Every run of a source",
}
"""Tables without personal data; every other one is closed."""

QUERIES: Mapping[str, Mapping[str, str]] = {
    "posts_per_day": {
        "title": "Posts per day (UTC) and source",
        "sql": "SELECT date(p.created_at / 1000, 'unixepoch') AS day, s.name AS source, "
        "count(*) AS posts FROM posts p JOIN sources s ON s.id = p.source_id "
        "GROUP BY 1, 2 ORDER BY 1 DESC, 2",
    },
    "engagement_matrix": {
        "title": "The nine cells per week (UTC), with mood",
        "sql": "SELECT strftime('%Y-%W', created_at / 1000, 'unixepoch') AS week, initiator, kind, "
        "sentiment, count(*) AS posts FROM counted WHERE sentiment IS NOT NULL "
        "GROUP BY 1, 2, 3, 4 ORDER BY 1 DESC, 2, 3, 4",
    },
    "imported": {
        "title": "Imported figures by day, newest first",
        "sql": "SELECT day, source, metric, value FROM imported_figures "
        "ORDER BY day DESC, source, metric",
    },
    "survey_means": {
        "title": "Surveys: answers and mean score by question and month",
        "sql": "SELECT substr(day, 1, 7) AS month, question, sum(answers) AS answers, "
        "round(1.0 * sum(score * answers) / sum(answers), 2) AS mean "
        "FROM survey_scores GROUP BY 1, 2 ORDER BY 1 DESC, 2",
    },
}


def metadata(db: Database, name: str) -> dict[str, Any]:
    """Return the metadata of a store that Datasette calls `name` (its file without .db).

    Free SQL is closed too: it could read what the closed tables hold.
    """
    tables = [
        row["name"]
        for row in db.rows(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name"
        )
    ]
    return {
        "title": "Sturmglas",
        "databases": {
            name: {
                "description": "Counts only: texts and names of persons are closed here.",
                "allow_sql": False,
                "queries": {query: dict(about) for query, about in QUERIES.items()},
                "tables": {
                    table: {"description": OPEN[table]} if table in OPEN else {"allow": False}
                    for table in tables
                },
            }
        },
    }

"""Figures and survey answers that were imported for the KPI sheet.

Days are local ones, as text, because that is what people import: a day of a shop has no moment.
Neither table holds anything about a person.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("kpis")


@migrations()
def create_figures(db: Database) -> None:
    """Keep one value a day, source and metric, and the answers of a day by score."""
    db.executescript(
        """
        CREATE TABLE imported_figures (
            metric TEXT NOT NULL,
            source TEXT NOT NULL,
            day TEXT NOT NULL,
            value REAL NOT NULL,
            PRIMARY KEY (metric, source, day)
        ) WITHOUT ROWID;
        CREATE TABLE survey_scores (
            question TEXT NOT NULL,
            source TEXT NOT NULL,
            day TEXT NOT NULL,
            score INTEGER NOT NULL,
            answers INTEGER NOT NULL,
            PRIMARY KEY (question, source, day, score)
        ) WITHOUT ROWID;
        """
    )

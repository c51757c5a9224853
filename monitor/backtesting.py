"""The story of a backtest: a series from a file, through the volume detector alone, to a file."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connectors.moments import parse_moment
from monitor.alerts.backtest import Scored, backtest, with_step
from monitor.alerts.volume import VolumeSettings
from monitor.errors import UsageError


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """One row of a series: its time as written and as read, its value (NaN: unknown)."""

    written: str
    at: datetime
    value: float


def score_series(
    rows: Iterable[SeriesRow], step: timedelta, settings: VolumeSettings | None = None
) -> Iterator[Scored]:
    """Score a series in order through the volume detector alone; see `backtest`."""
    return backtest(
        ((row.at, row.value) for row in rows), with_step(settings or VolumeSettings(), step)
    )


def load_series(path: Path) -> tuple[list[SeriesRow], int]:
    """Return the rows of a CSV file, and how many had no readable time.

    A value that is no number is unknown. Raises UsageError for a missing file or missing columns.
    """
    if not path.is_file():
        raise UsageError("{path}: no such file", path=path)
    rows: list[SeriesRow] = []
    skipped = 0
    for line in _lines(path):
        text = line["timestamp"].strip()
        try:
            at = parse_moment(text)
        except ValueError:
            skipped += 1
            continue
        rows.append(SeriesRow(text, at.astimezone(UTC), _number(line["value"])))
    return rows, skipped


def save_scores(path: Path, rows: Iterable[tuple[SeriesRow, Scored]]) -> None:
    """Write every row with its score. Raises UsageError where the file cannot be written."""
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("timestamp", "value", "score", "alarm"))
            for row, scored in rows:
                value = "" if math.isnan(row.value) else f"{row.value:.15g}"
                writer.writerow((row.written, value, f"{scored.score:.6f}", int(scored.alarm)))
    except OSError as error:
        raise UsageError(
            "--scores {path}: cannot be written: {error}", path=path, error=error
        ) from error


def _number(text: str) -> float:
    try:
        value = float(text or "nan")
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _lines(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        reader = csv.DictReader(file)
        names = {name.strip().casefold(): name for name in reader.fieldnames or ()}
        if "timestamp" not in names or "value" not in names:
            raise UsageError(
                "{path}: needs the columns timestamp,value in its first line", path=path
            )
        for row in reader:
            yield {key: row[names[key]] or "" for key in ("timestamp", "value")}

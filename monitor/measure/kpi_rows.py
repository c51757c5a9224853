"""Rows of imported figures and surveys: what they say, and whether it can be true.

Three shapes are told by their columns: `date,source,metric,value`; surveys
`date,question,score`; and exports of Matomo and Google Analytics, one row a day with a column
for each metric.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from math import isfinite
from typing import Any, Literal

from monitor.measure.figures_wanted import (
    ADD_UP,
    FRACTIONS,
    METRICS,
    QUESTIONS,
    WITHIN,
    canonical,
)
from monitor.measure.numbers import Style, parse_number
from monitor.types.kpis import Answer, Figure

Shape = Literal["figures", "survey", "web"]
Row = Mapping[str, Any]

MAX_VALUE = 1e15
"""More of anything is a slip of the keyboard; up to here whole numbers are exact."""

_COLUMNS: Mapping[str, str] = {
    "date": "date", "day": "date", "datum": "date", "tag": "date",
    "source": "source", "quelle": "source",
    "metric": "metric", "kennzahl": "metric", "metrik": "metric",
    "value": "value", "wert": "value", "anzahl": "value",
    "question": "question", "frage": "question",
    "score": "score", "answer": "score", "antwort": "score", "note": "score",
}  # fmt: skip

_WEB: Mapping[str, str] = {
    # Matomo: names of the API and of its CSV export in English and German
    "nb_visits": "visits", "visits": "visits", "besuche": "visits",
    "bounce_count": "bounces", "bounces": "bounces", "absprünge": "bounces",
    "nb_pageviews": "page_views", "pageviews": "page_views", "seitenansichten": "page_views",
    "sum_visit_length": "visit_seconds",
    "total time spent by visitors (in seconds)": "visit_seconds",
    "nb_visits_new": "visits_new", "nb_visits_returning": "visits_returning",
    "sum_visit_length_new": "visit_seconds_new",
    "sum_visit_length_returning": "visit_seconds_returning",
    "nb_conversions": "conversions", "conversions": "conversions", "konversionen": "conversions",
    # Google Analytics 4, English and German
    "sessions": "visits", "sitzungen": "visits",
    "views": "page_views", "aufrufe": "page_views",
    "screen page views": "page_views", "screenpageviews": "page_views",
    "key events": "conversions", "schlüsselereignisse": "conversions",
    "keyevents": "conversions",
    # of both: made into bounces below
    "engaged sessions": "engaged", "engagedsessions": "engaged",
    "sitzungen mit interaktionen": "engaged",
    # averages, made into sums
    "avg_time_on_site": "mean_seconds", "avg. visit duration (in seconds)": "mean_seconds",
    "average session duration": "mean_seconds", "averagesessionduration": "mean_seconds",
    "durchschnittliche sitzungsdauer": "mean_seconds",
    "durchschn. besuchszeit (in sekunden)": "mean_seconds",
}  # fmt: skip

_DAYS = (
    (re.compile(r"(\d{4})-(\d\d?)-(\d\d?)"), (1, 2, 3)),
    (re.compile(r"(\d{4})(\d\d)(\d\d)"), (1, 2, 3)),
    (re.compile(r"(\d\d?)\.(\d\d?)\.(\d{4})"), (3, 2, 1)),
)
_MIDNIGHT = re.compile(r"(.+?)[T ]00:00(?::00(?:\.0+)?)?(?:Z|\+00:00)?")


def find_shape(columns: Iterable[str]) -> Shape | None:
    """Tell which kind of table has these columns; None for one that we do not know."""
    names = {_column(name) for name in columns}
    if {"date", "metric", "value"} <= names:
        return "figures"
    if {"date", "question", "score"} <= names:
        return "survey"
    web = {_WEB.get(name.strip().casefold()) for name in columns} - {None}
    return "web" if "date" in names and web else None


def parse_figures(row: Row, default_source: str, style: Style | None, today: date) -> list[Figure]:
    """Read a row of `date,source,metric,value`. Raises ValueError with the reason."""
    cells = _cells(row)
    metric = canonical(_text(cells, "metric"))
    if metric not in METRICS:
        raise ValueError(f"metric {metric!r} is not known; take one of {', '.join(METRICS)}")
    value = _value(cells.get("value"), metric, style)
    source = str(cells.get("source") or "").strip() or default_source
    return [Figure(parse_day(cells.get("date"), today), source, metric, value)]


def parse_answer(row: Row, default_source: str, style: Style | None, today: date) -> list[Answer]:
    """Read a row of `date,question,score`. Raises ValueError with the reason."""
    cells = _cells(row)
    question = canonical(_text(cells, "question"))
    if question not in QUESTIONS:
        raise ValueError(f"question {question!r} is not known; take one of {', '.join(QUESTIONS)}")
    low, high = QUESTIONS[question]
    score = _number(cells.get("score"), "score", style, counts=True)
    if not score.is_integer() or not low <= score <= high:
        hint = "; the question on 0 to 10 is named nps" if question == "recommend" else ""
        raise ValueError(
            f"score {score:g} of {question}: wrong scale, whole numbers {low} to {high}{hint}"
        )
    source = str(cells.get("source") or "").strip() or default_source
    return [Answer(parse_day(cells.get("date"), today), source, question, int(score))]


def parse_web(row: Row, default_source: str, style: Style | None, today: date) -> list[Figure]:
    """Read a day of a Matomo or Google Analytics export. Raises ValueError with the reason."""
    cells = _cells(row)
    day = parse_day(cells.get("date"), today)
    values: dict[str, float] = {}
    for name, cell in row.items():
        metric = _WEB.get(str(name).strip().casefold())
        if metric is None or cell is None or str(cell).strip() == "":
            continue
        if metric == "mean_seconds":
            values[metric] = _seconds(cell, style)
        elif metric not in values:
            values[metric] = _value(cell, metric, style)
    if not values:
        raise ValueError("the row holds no figure that we know")
    return [Figure(day, default_source, metric, value) for metric, value in _web(values).items()]


def _web(values: dict[str, float]) -> dict[str, float]:
    """Make counts of what web statistics tell as averages and as their opposite."""
    engaged, mean = values.pop("engaged", None), values.pop("mean_seconds", None)
    visits = values.get("visits")
    if engaged is not None and visits is not None and "bounces" not in values:
        if engaged > visits:
            raise ValueError(f"{engaged:g} engaged sessions are more than all {visits:g}")
        # Google's definition: a bounce is a session that was not engaged.
        values["bounces"] = visits - engaged
    if mean is not None and visits is not None and "visit_seconds" not in values:
        values["visit_seconds"] = mean * visits
    return values


def parse_day(cell: Any, today: date) -> date:
    """Read 2026-03-02, 20260302 or 02.03.2026. Raises ValueError with the reason."""
    if isinstance(cell, datetime):
        cell = cell.date()
    if isinstance(cell, date):
        return _not_later(cell, today)
    text = "" if cell is None else str(cell).strip()
    if midnight := _MIDNIGHT.fullmatch(text):
        text = midnight[1]
    for pattern, order in _DAYS:
        if found := pattern.fullmatch(text):
            try:
                return _not_later(date(*(int(found[part]) for part in order)), today)
            except ValueError as error:
                raise ValueError(f"date {text!r}: {error}") from error
    if re.search(r"\d{4}.*(?:/|,| - | to | bis )\s*\d", text) or re.fullmatch(r"\d{4}-\d\d", text):
        raise ValueError(
            f"date {text!r} is a span; periods would overlap, so one row a day is wanted"
        )
    raise ValueError(f"date {text!r} is no day; write 2026-03-02")


def _not_later(day: date, today: date) -> date:
    # The clocks of two places are up to a day apart.
    if day > today + timedelta(days=1):
        raise ValueError(f"{day} lies in the future")
    return day


def find_faults(
    figures: Mapping[tuple[date, str, str], float], new: Iterable[tuple[date, str, str]]
) -> dict[tuple[date, str, str], str]:
    """Return the new figures that cannot be true beside the others, with the reason.

    `figures` are all of the days concerned, the new ones among them. Parts are refused rather
    than wholes, and new figures rather than kept ones.
    """
    fresh = set(new)
    by_day: dict[tuple[date, str], dict[str, float]] = defaultdict(dict)
    for (day, source, metric), value in figures.items():
        by_day[day, source][metric] = value
    faults: dict[tuple[date, str, str], str] = {}

    def refuse(day: date, source: str, metrics: tuple[str, ...], reason: str) -> None:
        guilty = next((m for m in metrics if (day, source, m) in fresh), None)
        if guilty is not None:
            faults[day, source, guilty] = reason
            by_day[day, source].pop(guilty, None)

    for day, source in sorted({(day, source) for day, source, _metric in fresh}):
        values = by_day[day, source]
        for part, of in WITHIN:
            if part in values and of in values and values[part] > values[of]:
                refuse(day, source, (part, of), f"{part} {values[part]:g} is more than "
                       f"{of} {values[of]:g} of that day and source")  # fmt: skip
        for parts, of in ADD_UP:
            if of in values and all(part in values for part in parts):
                added = sum(values[part] for part in parts)
                if abs(added - values[of]) > 0.5:
                    reason = (
                        f"{' + '.join(parts)} is {added:g} and does not add up to {of} "
                        f"{values[of]:g} of that day and source"
                    )
                    refuse(day, source, (*reversed(parts), of), reason)
    return faults


PARSERS: Mapping[Shape, Callable[[Row, str, Style | None, date], list[Figure] | list[Answer]]] = {
    "figures": parse_figures,
    "survey": parse_answer,
    "web": parse_web,
}


def number_cells(row: Row, shape: Shape) -> list[tuple[str, bool]]:
    """Return the cells of a row that hold numbers as text, and whether each counts something."""
    if shape == "survey":
        return []
    if shape == "web":
        known = [(_WEB.get(str(name).strip().casefold()), cell) for name, cell in row.items()]
    else:
        cells = _cells(row)
        known = [(canonical(str(cells.get("metric") or "")), cells.get("value"))]
    fractions = (*FRACTIONS, "mean_seconds")
    return [(cell, name not in fractions) for name, cell in known if name and isinstance(cell, str)]


def _column(name: str) -> str:
    tidy = str(name).strip().casefold()
    return _COLUMNS.get(tidy, tidy)


def _cells(row: Row) -> dict[str, Any]:
    return {_column(name): cell for name, cell in row.items()}


def _text(cells: Mapping[str, Any], name: str) -> str:
    text = str(cells.get(name) or "").strip()
    if not text:
        raise ValueError(f"{name} is empty")
    return text


def _value(cell: Any, metric: str, style: Style | None) -> float:
    counts = metric not in FRACTIONS
    value = _number(cell, metric, style, counts=counts)
    if value < 0:
        raise ValueError(f"{metric} is {value:g}; a count is never negative")
    if counts and not value.is_integer():
        raise ValueError(f"{metric} is {value:g}; a count has no fraction")
    if value > MAX_VALUE:
        raise ValueError(f"{metric} is {value:g}; nothing of that size can be counted")
    return value


def _number(cell: Any, name: str, style: Style | None, *, counts: bool) -> float:
    if isinstance(cell, bool) or cell is None or (isinstance(cell, str) and not cell.strip()):
        raise ValueError(f"{name} is empty; leave the row out where nothing was measured")
    if isinstance(cell, int | float):
        if not isfinite(cell):
            raise ValueError(f"{name} is no number")
        return float(cell)
    return parse_number(str(cell), style, counts=counts)


def _seconds(cell: Any, style: Style | None) -> float:
    """Read a mean duration: seconds, or 00:02:31."""
    text = str(cell).strip()
    if clock := re.fullmatch(r"(?:(\d+):)?(\d\d?):(\d\d)", text):
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return float(3600 * hours + 60 * minutes + seconds)
    value = _number(cell, "mean duration", style, counts=False)
    if value < 0:
        raise ValueError(f"mean duration is {value:g} seconds; it is never negative")
    return value

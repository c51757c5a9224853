"""The story of the KPI sheet: figures come in; sheet, matrix over time and journey go out."""

from __future__ import annotations

import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from connectors.files import open_rows
from connectors.types import Rejected
from monitor.config import Settings
from monitor.errors import UsageError
from monitor.measure.answers import BusinessHours, wait_s
from monitor.measure.journey import UNASSIGNED, build_journey, map_sources
from monitor.measure.kpi_rows import PARSERS, Shape, find_faults, find_shape, number_cells
from monitor.measure.kpis import build_sheet, year_before
from monitor.measure.matrix import build_matrix
from monitor.measure.matrix_days import Step, find_shifts, join_days, spans_of
from monitor.measure.numbers import Style, find_style
from monitor.measure.periods import between, previous
from monitor.pipeline import Rejects
from monitor.store.figures import FigureTable
from monitor.store.journey import JourneyTable
from monitor.store.kpis import Key, KpiTable
from monitor.store.store import Store
from monitor.types.digest import Behind, CellTally, Explanation, Figures, Period, Shift
from monitor.types.kpis import (
    Answer,
    Counted,
    Figure,
    Goal,
    Journey,
    Kpi,
    KpiFacts,
    KpiImported,
    MatrixDay,
    Sheet,
    Touchpoint,
)

BEHIND: Mapping[str, str] = {
    "engagement_rate": "engagement_rate",
    "engagement_rate_with_shares": "engagement_rate_with_shares",
    "engagement_rate_by_reach": "engagement_rate_by_reach",
    "answer_rate": "answered",
    "time_to_first_answer": "answered",
    "time_to_first_answer_p90": "answered",
    "echo_balance": "echo_balance",
}
"""KPIs that are made of posts, with the name under which the store lists these."""

Read = tuple[int, dict[str, Any]]
"""Line and cells of a row."""


# --- imports ----------------------------------------------------------------------------------


def import_figures(
    path: Path | str,
    store: Store,
    rejects: Rejects,
    today: date,
    *,
    default_source: str,
    style: Style | None = None,
) -> KpiImported:
    """Save the figures or answers of a file; safe to repeat. Bad rows land in `rejects`.

    `style` says how 1.234 is to be read where the file itself does not tell. Raises UsageError
    for a table whose columns hold neither figures nor answers.
    """
    rejects.start_anew()
    with _table(path) as (table, skipped):
        rows, shape = _read(table, str(path), skipped, rejects)
    return _save(rows, shape, store, rejects, today, default_source=default_source, style=style)


def import_days(
    days: Sequence[dict[str, Any]],
    store: Store,
    rejects: Rejects,
    today: date,
    *,
    default_source: str,
) -> KpiImported:
    """Save a website's days as web statistics name them; as `import_figures` does a file's."""
    rejects.start_anew()
    rows = list(enumerate(days, start=1))
    return _save(rows, "web", store, rejects, today, default_source=default_source, style=None)


def _save(
    rows: Sequence[Read],
    shape: Shape,
    store: Store,
    rejects: Rejects,
    today: date,
    *,
    default_source: str,
    style: Style | None,
) -> KpiImported:
    read = len(rows) + rejects.count
    style = style or find_style(cell for _line, row in rows for cell in number_cells(row, shape))
    figures: dict[Key, tuple[int, dict[str, Any], float]] = {}
    answers: dict[Key, Counter[int]] = defaultdict(Counter)
    for line, row in rows:
        try:
            for item in PARSERS[shape](row, default_source, style, today):
                if isinstance(item, Answer):
                    answers[item.day, item.source, item.question][item.score] += 1
                else:
                    _take(figures, item, line, row)
        except ValueError as error:
            rejects.add([Rejected(str(error), row, line)])
    table_of = KpiTable(store.db)
    with store.db.transaction():
        if shape == "survey":
            kept = sum(scores.total() for scores in answers.values())
            new, updated = table_of.save_scores(answers)
        else:
            good = _without_faults(table_of, figures, rejects)
            kept = len(good)
            new, updated = table_of.save_figures(good)
    return KpiImported(
        read=read,
        new=new,
        updated=updated,
        unchanged=kept - new - updated,
        rejected=rejects.count,
        rejects_file=rejects.shown,
    )


def _take(
    figures: dict[Key, tuple[int, dict[str, Any], float]],
    figure: Figure,
    line: int,
    row: dict[str, Any],
) -> None:
    key = (figure.day, figure.source, figure.metric)
    earlier = figures.setdefault(key, (line, row, figure.value))
    if earlier[2] != figure.value:
        raise ValueError(
            f"{figure.metric} of {figure.source} on {figure.day} stands in line {earlier[0]} "
            f"already, as {earlier[2]:g}; one row a day and source, without further dimensions"
        )


def _without_faults(
    table: KpiTable, figures: Mapping[Key, tuple[int, dict[str, Any], float]], rejects: Rejects
) -> list[Figure]:
    """Leave out what does not add up beside the other figures of its day."""
    values = {key: value for key, (_line, _row, value) in figures.items()}
    faults = find_faults(table.load_figures(values) | values, values)
    rejects.add(
        Rejected(reason, figures[key][1], figures[key][0]) for key, reason in faults.items()
    )
    return [Figure(*key, value) for key, value in values.items() if key not in faults]


def _read(path: str, name: str, skipped: int, rejects: Rejects) -> tuple[list[Read], Shape]:
    rows: list[Read] = []
    for line, row in open_rows(path):
        if isinstance(row, Rejected):
            rejects.add([Rejected(row.reason, row.raw, line + skipped)])
        else:
            rows.append((line + skipped, row))
    columns = list(dict.fromkeys(str(column) for _line, row in rows for column in row))
    shape = find_shape(columns)
    if shape is None and rows:
        raise UsageError(
            "{name}: the columns are {columns}; wanted are "
            "date,source,metric,value, or date,question,score of a survey, or a "
            "daily export of Matomo or Google Analytics with its date column",
            name=name,
            columns=", ".join(columns)[:300],
        )
    return rows, shape or "figures"


@contextmanager
def _table(path: Path | str) -> Iterator[tuple[str, int]]:
    """Yield a path to the table and how many lines stand before it in the file.

    Google Analytics writes lines of remarks (#) before the head of its table.
    """
    if str(path) == "-":
        yield "-", 0
        return
    source = Path(path)
    with source.open("rb") as file:
        head = file.read(4).removeprefix(b"\xef\xbb\xbf")
    if not head.startswith(b"#"):
        yield str(path), 0
        return
    lines = source.read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True)
    skipped = next(
        (n for n, line in enumerate(lines) if line.strip() and not line.startswith(b"#")),
        len(lines),
    )
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / source.name
        table.write_bytes(b"".join(lines[skipped:]))
        yield str(table), skipped


# --- reports ----------------------------------------------------------------------------------


def make_sheet(
    store: Store,
    period: Period,
    source: str | None = None,
    hours: BusinessHours | None = None,
) -> Sheet:
    """Return the KPI sheet beside the period before and the same one a year ago.

    With business `hours` only those count as waiting for an answer. Raises UsageError for a
    source that nothing is known of.
    """
    table = KpiTable(store.db)
    if source is not None and source not in (known := table.sources()):
        raise UsageError(
            "--source {source}: not known; take one of {known}",
            source=source,
            known=", ".join(known) or "none",
        )
    before, year = previous(period), year_before(period)
    now, earlier = table.load_facts(period, before, source)
    # A year ago nothing before it is asked for: an empty span costs nothing.
    nothing = between(year.kind, year.first_day, year.first_day, year.timezone)
    then, _nothing = table.load_facts(year, nothing, source)
    now, earlier, then = (_known(facts, hours) for facts in (now, earlier, then))
    return build_sheet((period, before, year), (now, earlier, then), source)


def kpis_beside(
    store: Store, figures: Figures, before: Period, hours: BusinessHours | None = None
) -> tuple[Kpi, ...]:
    """Return the KPIs of a digest's period beside the one before; its posts are counted already.

    What happened a year ago is left to the sheet.
    """
    table, period = KpiTable(store.db), figures.period
    overlaps = figures.overlaps
    now = Counted(tally=figures.tally, sources=figures.sources, overlaps=overlaps[0])
    earlier = Counted(
        tally=figures.previous, sources=figures.previous_sources, overlaps=overlaps[1]
    )
    facts = [
        _known(table.complete(span, counted), hours)
        for span, counted in ((period, now), (before, earlier))
    ]
    nobody = KpiFacts()
    return build_sheet((period, before, before), (facts[0], facts[1], nobody)).kpis


def _known(facts: KpiFacts, hours: BusinessHours | None) -> KpiFacts:
    waits = tuple(wait_s(asked, answered, hours) for asked, answered in facts.tally.waits)
    asked = tuple(
        q if q.first_at is None else replace(q, wait_s=wait_s(q.at, q.first_at, hours))
        for q in facts.asked
    )
    return replace(facts, waits_s=waits, asked=asked)


def explain_kpi(
    store: Store,
    figure: str,
    period: Period,
    hours: BusinessHours | None = None,
) -> Explanation:
    """Return a KPI of the sheet, or `KPI:SOURCE`, and all posts behind it.

    Rates list the posts of their numerator; a figure that was imported has none. Raises
    UsageError for a source that nothing is known of.
    """
    name, _, source = figure.partition(":")
    sheet = make_sheet(store, period, source or None, hours)
    now = next(kpi.now for kpi in sheet.kpis if kpi.name == name)
    behind = BEHIND.get(name)
    posts: tuple[Behind, ...] | None = ()
    if behind is not None and source and behind != name:
        raise UsageError(
            "{figure}: its posts are listed of all sources together; take {name}",
            figure=figure,
            name=name,
        )
    if behind is not None:
        subject = f":{json.dumps(now.sources)}" if behind == name else ""
        posts = FigureTable(store.db).explain(behind + subject, period, previous(period))
    assert posts is not None, "the store knows every figure that BEHIND names"
    return Explanation(
        figure=figure, value=now.value, period=period, posts=posts, sources=now.sources
    )


def make_matrix_days(store: Store, period: Period, step: Step) -> tuple[MatrixDay, ...]:
    """Return the nine cells of each day or week of a period."""
    return KpiTable(store.db).load_matrix(spans_of(period, step))


def make_shifts(store: Store, period: Period, days: Sequence[MatrixDay]) -> tuple[Shift, ...]:
    """Return the cells whose share moved beyond chance against the period before.

    `days` are those of the period.
    """
    before = KpiTable(store.db).load_matrix((previous(period),))
    return find_shifts(build_matrix(_tallies(join_days(days)), _tallies(join_days(before))))


def _tallies(cells: Mapping[tuple[str, str], Mapping[str, int]]) -> list[CellTally]:
    return [CellTally(*cell, moods) for cell, moods in cells.items()]


def touchpoints_of(settings: Settings) -> tuple[Touchpoint, ...]:
    """Return the touchpoints of the config; a source may also name its touchpoint itself."""
    named: dict[str, list[str]] = defaultdict(list)
    for source in settings.sources:
        if source.touchpoint:
            named[source.touchpoint].append(source.name)
    found = [
        Touchpoint(
            name=wish.name,
            phase=wish.phase,
            sources=tuple(dict.fromkeys((*wish.sources, *named.pop(wish.name, ())))),
            topics=wish.topics,
            owner=wish.owner,
            goal=Goal(wish.goal.satisfaction / 100, wish.goal.by) if wish.goal else None,
        )
        for wish in settings.touchpoints
    ]
    loose = (
        Touchpoint(name=name, phase=UNASSIGNED, sources=tuple(sources))
        for name, sources in named.items()
    )
    return (*found, *loose)


def make_journey(
    store: Store, period: Period, touchpoints: Sequence[Touchpoint], today: date
) -> Journey:
    """Return the map of the customer's journey; without touchpoints each source is one."""
    table = JourneyTable(store.db)
    mapped = bool(touchpoints)
    stops = tuple(touchpoints) or map_sources(table.sources())
    return build_journey(period, stops, table.load(period, stops), today, mapped=mapped)

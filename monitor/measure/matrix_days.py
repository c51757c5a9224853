"""The engagement matrix over time: shares of the cells by day or week, and shifts among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Literal

from models.types import INITIATORS, KINDS
from monitor.measure.periods import between
from monitor.measure.shares import share
from monitor.types.digest import Cell, Period, Share, Shift
from monitor.types.kpis import MatrixDay

Step = Literal["day", "week"]

CONFIDENCE_Z = 3.0
"""Nine cells are looked at: at 1.96 one of them would move by chance in every third report."""


def spans_of(period: Period, step: Step) -> tuple[Period, ...]:
    """Cut a period into its local days, or into weeks from Monday (cut at both ends)."""
    spans = []
    first, after = period.first_day, period.last_day + timedelta(days=1)
    while first < after:
        to_next = 1 if step == "day" else 7 - first.weekday()
        stop: date = min(after, first + timedelta(days=to_next))
        spans.append(between("days", first, stop, period.timezone))
        first = stop
    return tuple(spans)


def cell_shares(cells: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], Share]:
    """Return each of the nine cells' share of all posts, with its interval."""
    total = sum(cells.values())
    return {
        (initiator, kind): share(cells.get((initiator, kind), 0), total)
        for initiator in INITIATORS
        for kind in KINDS
    }


def posts_of(day: MatrixDay) -> dict[tuple[str, str], int]:
    """Return the posts of each cell that has any."""
    return {cell: sum(moods.values()) for cell, moods in day.cells.items()}


def join_days(days: Sequence[MatrixDay]) -> dict[tuple[str, str], Counter[str]]:
    """Add spans up: (initiator, kind) -> mood -> posts."""
    joined: dict[tuple[str, str], Counter[str]] = {}
    for day in days:
        for cell, moods in day.cells.items():
            joined.setdefault(cell, Counter()).update(moods)
    return joined


def find_shifts(cells: Sequence[Cell]) -> tuple[Shift, ...]:
    """Return the cells whose share of all posts moved beyond chance, the largest move first.

    Two proportions with a pooled variance, at three standard errors; cells with fewer than five
    posts to expect on either side say nothing.
    """
    now, before = sum(cell.posts for cell in cells), sum(cell.previous for cell in cells)
    if not now or not before:
        return ()
    shifts = []
    for cell in cells:
        pooled = (cell.posts + cell.previous) / (now + before)
        if pooled * min(now, before) < 5 or pooled == 1:
            continue
        error = (pooled * (1 - pooled) * (1 / now + 1 / before)) ** 0.5
        if abs(cell.posts / now - cell.previous / before) > CONFIDENCE_Z * error:
            shifts.append(
                Shift(
                    cell.initiator,
                    cell.kind,
                    share(cell.posts, now),
                    share(cell.previous, before),
                )
            )
    return tuple(sorted(shifts, key=lambda s: -abs((s.now.value or 0) - (s.before.value or 0))))

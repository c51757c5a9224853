"""The engagement matrix as a table, and the gauge of a rate: both are drawn of characters."""

from __future__ import annotations

from collections.abc import Sequence

from models.types import INITIATORS, KINDS
from monitor.digest.document import Line, Span, Table
from monitor.digest.names import initiator_name, kind_name
from monitor.locale.language import Language
from monitor.types.digest import Cell, Rate

GAUGE_TO = 12.0
"""Percent at the right end of the gauge of an engagement rate."""


def matrix_table(cells: Sequence[Cell], language: Language) -> Table:
    """Lay the nine cells out as a table: initiators down, kinds across."""
    by_name = {(cell.initiator, cell.kind): cell for cell in cells}
    rows = tuple(
        (
            (Span(initiator_name(initiator, language)),),
            *(_cell(by_name[initiator, kind], language) for kind in KINDS),
        )
        for initiator in INITIATORS
    )
    head = (language.say("Set off by"), *(kind_name(kind, language) for kind in KINDS))
    return Table(head, rows, right=(1, 2, 3))


def _cell(cell: Cell, language: Language) -> Line:
    name = f"matrix:{cell.initiator}/{cell.kind}"
    if not cell.posts and not cell.previous:
        return (Span("0", "dim", figure=name),)
    line: Line = (
        Span(language.number(cell.posts), "strong", figure=name),
        Span(f" ({language.signed(cell.posts - cell.previous)})", "dim"),
    )
    negative = cell.sentiment["negative"]
    if cell.posts and negative:
        share = language.percent(100 * negative / cell.posts)
        line += (Span(f" {share}", "warn" if 2 * negative > cell.posts else "plain"),)
    return line


def gauge(rate: Rate, width: int = 20) -> str:
    """Draw a rate with its interval on a line from 0 to 12 %, the good band marked by bars.

    `·` is the scale, `|` the ends of the good band, `─` the interval, `●` the rate; `▸` at the
    right end says that it lies beyond.
    """
    if rate.value is None or rate.low is None or rate.high is None:
        return ""

    def place(per_cent: float) -> int:
        return min(width - 1, max(0, round(per_cent / GAUGE_TO * (width - 1))))

    signs = ["·"] * width
    for end in (3.0, 8.0):
        signs[place(end)] = "|"
    for position in range(place(rate.low), place(rate.high) + 1):
        signs[position] = "─"
    signs[place(rate.value)] = "▸" if rate.value > GAUGE_TO else "●"
    return "".join(signs)

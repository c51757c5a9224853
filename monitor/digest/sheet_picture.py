"""The KPI sheet as a picture: a table that can go into a presentation as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.digest.canvas import INK, MUTED, PALE, Form, draw, unadorned
from monitor.digest.document import Document, Heading, Table, text_of
from monitor.digest.kpi_page import compose_sheet
from monitor.locale.language import Language
from monitor.types.kpis import Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIGN = 0.083
"""Inches that a sign takes at the size of the table; generous, as fonts differ."""
LINE = 0.27
"""Inches of a row."""
LONGEST = 110
"""Signs of a cell at most."""


def draw_sheet(sheet: Sheet, language: Language, form: Form) -> bytes:
    """Return the sheet: what is known with its parts, then what is missing and what brings it.

    The same sheet gives the same bytes. Raises ImportError without matplotlib.
    """
    page = compose_sheet(sheet, language)
    tables, headings = _parts(page)
    widths = [_widths(table) for table in tables]
    width = max((sum(each) for each in widths), default=4.0) + 0.4
    rows = sum(len(table.rows) + 3 for table in tables) + 2

    def paint(axes: Axes) -> None:
        axes.set_axis_off()
        axes.set_xlim(0, width)
        axes.set_ylim(rows * LINE, 0)
        axes.text(0.1, LINE, unadorned(page.title, 90), fontsize=11, weight="bold", color=INK)
        axes.text(0.1, 1.8 * LINE, unadorned(text_of(page.lead), 90), fontsize=8, color=MUTED)
        top = 2.3
        for table, heading, columns in zip(tables, headings, widths, strict=True):
            words = unadorned(heading, LONGEST)
            axes.text(0.1, top * LINE, words, fontsize=8.5, weight="bold", color=INK)
            _table(axes, table, columns, (top + 1) * LINE)
            top += len(table.rows) + 3

    words = f"{text_of(page.lead)}. " + "; ".join(
        f"{text_of(row[0])}: {text_of(row[1])}" for table in tables for row in table.rows
    )
    return draw(paint, (width, rows * LINE), form, page.title, words)


def _parts(page: Document) -> tuple[list[Table], list[str]]:
    """Return the tables with the heading above each, "" for the first."""
    tables, headings, heading = [], [], ""
    for block in page.blocks:
        if isinstance(block, Heading):
            heading = block.text
        elif isinstance(block, Table):
            tables.append(block)
            headings.append(heading)
    return tables, headings


def _widths(table: Table) -> list[float]:
    cells = [table.head, *([text_of(cell) for cell in row] for row in table.rows)]
    return [
        SIGN * max(min(LONGEST, len(line[n])) for line in cells) + 0.2
        for n in range(len(table.head))
    ]


def _table(axes: Axes, table: Table, widths: list[float], top: float) -> None:
    starts = [0.1 + sum(widths[:n]) for n in range(len(widths))]

    def write(n: int, y: float, text: str, colour: str, weight: str = "normal") -> None:
        right = n in table.right
        x = starts[n] + (widths[n] - 0.2 if right else 0)
        axes.text(
            x, y, unadorned(text, LONGEST), fontsize=7.5, color=colour, weight=weight,
            ha="right" if right else "left",
        )  # fmt: skip

    for n, head in enumerate(table.head):
        write(n, top, head, MUTED)
    for number, row in enumerate(table.rows, 1):
        y = top + number * LINE
        if number % 2:
            axes.axhspan(y - 0.68 * LINE, y + 0.32 * LINE, color=PALE, linewidth=0)
        for n, cell in enumerate(row):
            strong = any(span.tone == "strong" for span in cell)
            write(n, y, text_of(cell), INK, "bold" if strong else "normal")

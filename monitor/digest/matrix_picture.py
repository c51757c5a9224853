"""The engagement matrix as a picture: nine fields, or their shares over time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

from models.types import INITIATORS, KINDS
from monitor.digest.canvas import INK, MUTED, Form, draw, without_frame
from monitor.digest.document import text_of
from monitor.digest.names import initiator_name, kind_name, period_name
from monitor.digest.tables import matrix_table
from monitor.locale.language import Language
from monitor.types.digest import Cell, Period
from monitor.types.kpis import MatrixDay

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#0b5cad", "#4f93d2", "#a9cdf0", "#b3541e", "#e0894f", "#f3c6a5", "#4d5a66",
           "#8b98a5", "#c9d1d8")  # fmt: skip
"""Blue, orange and grey for company, customers and third parties; paler from kind to kind."""


def draw_matrix(cells: Sequence[Cell], period: Period, language: Language, form: Form) -> bytes:
    """Return the nine fields with posts, change and share negative; the fuller, the darker.

    The same cells give the same bytes. Raises ImportError without matplotlib.
    """
    by_name = {(cell.initiator, cell.kind): cell for cell in cells}
    table = matrix_table(cells, language)
    most = max((cell.posts for cell in cells), default=0) or 1
    title = f"{language.say('Engagement matrix')} · {period_name(period, language)}"

    def paint(axes: Axes) -> None:
        shades = [[by_name[i, k].posts / most for k in KINDS] for i in INITIATORS]
        axes.imshow(shades, cmap="Blues", vmin=0, vmax=1.6, aspect="auto")
        for row, column in product(range(3), range(3)):
            words = text_of(table.rows[row][column + 1])
            if ") " in words:
                words = words.replace(") ", ")\n") + " " + language.say("negative")
            axes.text(column, row, words, ha="center", va="center", fontsize=9, color=INK)
        axes.set_xticks(range(3), table.head[1:])
        axes.set_yticks(range(3), [text_of(row[0]) for row in table.rows])
        axes.xaxis.tick_top()
        without_frame(axes, "top", "right", "bottom", "left")
        axes.set_title(title, loc="left", fontsize=9, color=INK)

    words = "; ".join(
        f"{text_of(row[0])}: "
        + ", ".join(f"{table.head[n]} {text_of(row[n])}" for n in range(1, len(row)))
        for row in table.rows
    )
    return draw(paint, (6.4, 3.2), form, title, words)


def draw_matrix_days(
    days: Sequence[MatrixDay], period: Period, language: Language, form: Form
) -> bytes:
    """Return the shares of the nine cells, day after day or week after week.

    The same days give the same bytes. Raises ImportError without matplotlib.
    """
    cells = list(product(INITIATORS, KINDS))
    totals = [sum(sum(moods.values()) for moods in day.cells.values()) for day in days]
    shares = [
        [
            100 * sum(day.cells.get(cell, {}).values()) / total if total else 0.0
            for day, total in zip(days, totals, strict=True)
        ]
        for cell in cells
    ]
    names = [f"{initiator_name(i, language)}/{kind_name(k, language)}" for i, k in cells]
    title = f"{language.say('Engagement matrix')} · {period_name(period, language)}"

    def paint(axes: Axes) -> None:
        places = range(len(days))
        floor = [0.0] * len(days)
        for values, name, colour in zip(shares, names, COLOURS, strict=True):
            axes.bar(places, values, bottom=floor, color=colour, label=name, width=0.9)
            floor = [a + b for a, b in zip(floor, values, strict=True)]
        step = max(1, len(days) // 8)
        shown = list(places)[::step]
        axes.set_xticks(shown, [language.short_day(days[n].first_day) for n in shown])
        axes.set_ylabel(language.say("share of posts, %"), fontsize=8, color=MUTED)
        axes.set_title(title, loc="left", fontsize=9, color=INK)
        axes.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
        without_frame(axes, "top", "right", "left")

    words = "; ".join(
        f"{name}: {values[0]:.0f} % – {values[-1]:.0f} %"
        for name, values in zip(names, shares, strict=True)
        if any(values)
    )
    return draw(paint, (8.6, 3.6), form, title, words)

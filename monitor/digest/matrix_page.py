"""The engagement matrix over time, as rows for scripts and as a page for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from models.types import INITIATORS, KINDS, SENTIMENTS
from monitor.digest.document import Block, Bullets, Document, Heading, Line, Span, Table
from monitor.digest.names import before_name, initiator_name, kind_name, period_name
from monitor.locale.language import Language
from monitor.measure.matrix_days import cell_shares, posts_of
from monitor.types.digest import Period, Shift
from monitor.types.kpis import MatrixDay


def matrix_day_rows(days: Sequence[MatrixDay]) -> list[dict[str, Any]]:
    """Return nine rows a span: posts, their share of the span with its interval, the mood."""
    rows = []
    for day in days:
        for (initiator, kind), share in cell_shares(posts_of(day)).items():
            moods = day.cells.get((initiator, kind), {})
            rows.append(
                {
                    "from": day.first_day.isoformat(),
                    "initiator": initiator,
                    "kind": kind,
                    "posts": share.numerator,
                    "share": share.value,
                    "low": share.low,
                    "high": share.high,
                    "sentiment": {mood: moods.get(mood, 0) for mood in SENTIMENTS},
                }
            )
    return rows


def compose_matrix_days(
    days: Sequence[MatrixDay], shifts: Sequence[Shift], period: Period, language: Language
) -> Document:
    """Return the page: a line a span, a column a cell, then what moved by more than chance."""
    cells = [(initiator, kind) for initiator in INITIATORS for kind in KINDS]
    head = (
        language.say("from"),
        *(_short_name(*cell, language) for cell in cells),
        language.say("posts"),
    )
    rows = tuple(_row(day, cells, language) for day in days)
    blocks: list[Block] = [
        Table(head, rows, right=tuple(range(1, len(head))), spare=(len(head) - 1,))
    ]
    if shifts:
        blocks.append(Heading(language.say("Shifts beyond chance")))
        blocks.append(Bullets(tuple(shift_line(shift, period, language) for shift in shifts)))
    return Document(
        language=language.code,
        title=period_name(period, language),
        weather="quiet",
        lead=(Span(language.say("share of each cell in the posts of its time, in %")),),
        blocks=tuple(blocks),
        footer=_legend(language),
    )


def shift_line(shift: Shift, period: Period, language: Language) -> Line:
    """Say how much of all posts a cell makes, and made before."""
    name = f"{initiator_name(shift.initiator, language)}/{kind_name(shift.kind, language)}"
    return (
        Span(name, "strong", figure=f"matrix:{shift.initiator}/{shift.kind}"),
        Span(
            ": "
            + language.say(
                "{share} of all posts ({when} {before})",
                share=language.percent(100 * (shift.now.value or 0), 1),
                before=language.percent(100 * (shift.before.value or 0), 1),
                when=before_name(period, language),
            )
        ),
    )


def _row(day: MatrixDay, cells: Sequence[tuple[str, str]], language: Language) -> tuple[Line, ...]:
    posts = posts_of(day)
    shares = cell_shares(posts)
    return (
        (Span(language.short_day(day.first_day)),),
        *((_cell(shares[cell].value, language)) for cell in cells),
        (Span(language.number(sum(posts.values()))),),
    )


def _cell(value: float | None, language: Language) -> Line:
    if not value:
        return (Span("·", "dim"),)
    return (Span(language.number(100 * value)),)


def _short_name(initiator: str, kind: str, language: Language) -> str:
    # Eleven columns shall fit on 80; the footer says what the letters mean.
    return initiator_name(initiator, language)[:2] + kind_name(kind, language)[:2]


def _legend(language: Language) -> str:
    names = [initiator_name(initiator, language) for initiator in INITIATORS]
    names += [kind_name(kind, language) for kind in KINDS]
    return " · ".join(f"{name[:2]} {name}" for name in names)

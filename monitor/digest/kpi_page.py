"""The KPI sheet as rows for scripts and as a page for people."""

from __future__ import annotations

from typing import Any

from monitor.digest.document import Block, Document, Heading, Line, Span, Table
from monitor.digest.kpi_names import kpi_name, need_name, part_name
from monitor.digest.names import before_name, period_name
from monitor.locale.language import Language
from monitor.types.digest import Period
from monitor.types.kpis import Kpi, Measured, Sheet

FROM_POSTS = frozenset(
    ("likes or comments", "shares", "views", "labelled posts", "posts", "answered questions")
)
"""What is missing from posts rather than from imported figures."""


def kpi_rows(sheet: Sheet, language: Language) -> list[dict[str, Any]]:
    """Return the sheet as `kpi --json` prints it, one row a KPI."""
    return [_row(kpi, sheet, language) for kpi in sheet.kpis]


def _row(kpi: Kpi, sheet: Sheet, language: Language) -> dict[str, Any]:
    now = kpi.now
    return {
        "kpi": kpi.name,
        "value": now.value,
        "unit": kpi.unit,
        "numerator": now.numerator,
        "denominator": now.denominator,
        "low": now.low,
        "high": now.high,
        "missing": missing(now, language),
        "needs": list(now.needs),
        "formula": kpi.formula,
        "parts": dict(now.parts),
        "period": _span(sheet.period),
        "sources": list(now.sources),
        "previous": _other(kpi.previous, sheet.before),
        "previous_year": _other(kpi.year, sheet.year),
        "by_source": [
            {
                "source": source,
                "own": own,
                "value": found.value,
                "numerator": found.numerator,
                "denominator": found.denominator,
                "low": found.low,
                "high": found.high,
            }
            for source, own, found in kpi.by_source
        ],
        "by_hour": [
            {
                "hour": hour,
                "value": found.value,
                "numerator": found.numerator,
                "denominator": found.denominator,
                "low": found.low,
                "high": found.high,
            }
            for hour, found in kpi.by_hour
        ],
    }


def _other(measured: Measured, period: Period) -> dict[str, Any]:
    return {
        "value": measured.value,
        "numerator": measured.numerator,
        "denominator": measured.denominator,
        **_span(period),
    }


def _span(period: Period) -> dict[str, str]:
    return {"from": period.first_day.isoformat(), "to": period.last_day.isoformat()}


def missing(measured: Measured, language: Language) -> str | None:
    """Say why there is no value and what would give one; None where there is one."""
    if measured.value is not None:
        return None
    if measured.fault == "zero":
        return language.say("nothing to divide by: the denominator is 0")
    if measured.fault == "too_many":
        return language.say("the part is more than its whole: check the imported figures")
    wanted = ", ".join(need_name(need, language) for need in measured.needs)
    if "followers" in measured.needs:
        return language.say("{what}: import a line of followers, or fetch the source", what=wanted)
    if FROM_POSTS & {*measured.needs}:
        return language.say("{what}: none in this period", what=wanted)
    return language.say("{what}: sturmglas kpi import FILE", what=wanted)


def compose_sheet(sheet: Sheet, language: Language) -> Document:
    """Return the page: what is known as a table, then what is missing and how to get it."""
    known = [kpi for kpi in sheet.kpis if kpi.now.value is not None]
    unknown = [kpi for kpi in sheet.kpis if kpi.now.value is None]
    blocks: list[Block] = [_table(known, sheet, language)] if known else []
    beside = [kpi for kpi in known if len(kpi.by_source) > 1]
    if beside:
        blocks += [Heading(language.say("Sources side by side"))]
        blocks += [
            Table(
                (language.say("figure"), language.say("value")),
                tuple(
                    ((Span(kpi_name(kpi.name, language)),), _sources(kpi, language))
                    for kpi in beside
                ),
            )
        ]
    blocks += _hours(known, language)
    if unknown:
        blocks += [Heading(language.say("Unknown"))]
        blocks += [
            Table(
                (language.say("figure"), language.say("what is missing")),
                tuple(
                    ((Span(kpi_name(kpi.name, language)),), _why(kpi.now, language))
                    for kpi in unknown
                ),
            )
        ]
    title = " · ".join(
        filter(None, (language.say("KPI sheet"), sheet.source, period_name(sheet.period, language)))
    )
    return Document(
        language=language.code,
        title=title,
        weather="quiet",
        lead=(
            Span(
                language.say(
                    "{known} of {all} figures known", known=len(known), all=len(sheet.kpis)
                )
            ),
        ),
        blocks=tuple(blocks),
        footer=language.say("Formulas, metric names and imports: docs/kpis.md"),
    )


def _table(known: list[Kpi], sheet: Sheet, language: Language) -> Table:
    head = (
        language.say("figure"),
        language.say("value"),
        "95\u202f%",
        language.say("made of"),
        before_name(sheet.period, language),
        language.say("a year ago"),
    )
    rows = tuple(
        (
            (Span(kpi_name(kpi.name, language)),),
            (Span(show(kpi.now.value, kpi.unit, language), "strong"),),
            (Span(_interval(kpi, language), "dim"),),
            (Span(made_of(kpi.now, language), "dim"),),
            (Span(_beside(kpi, kpi.previous, language)),),
            (Span(_beside(kpi, kpi.year, language)),),
        )
        for kpi in known
    )
    return Table(head, rows, right=(1, 2, 3, 4, 5), spare=(5, 2))


def _hours(known: list[Kpi], language: Language) -> list[Block]:
    """Return when customers ask, and how well they are answered by the hour of their asking."""
    told = {kpi.name: dict(kpi.by_hour) for kpi in known}
    rates, waits = told.get("answer_rate", {}), told.get("time_to_first_answer", {})
    if not rates:
        return []
    rows = tuple(
        (
            (Span(f"{hour}:00"),),
            (Span(_number(rate.denominator or 0, language)),),
            (Span(show(rate.value, "ratio", language), "strong"),),
            (Span(show(waits[hour].value if hour in waits else None, "s", language)),),
        )
        for hour, rate in rates.items()
    )
    head = (language.say("hour"), language.say("asked"), language.say("answered"),
            kpi_name("time_to_first_answer", language))  # fmt: skip
    return [
        Heading(language.say("Answers by the hour of the question")),
        Table(head, rows, right=(0, 1, 2, 3)),
    ]


def show(value: float | None, unit: str, language: Language) -> str:
    """Write a KPI's value in its unit; unknown is a dash."""
    if value is None:
        return "–"
    if unit == "%":
        return language.percent(value, _digits(value))
    if unit == "ratio":
        return language.percent(100 * value, _digits(100 * value))
    if unit == "s":
        if value < 60:
            return language.number(value, _digits(value)) + "\u202fs"
        return language.duration(value)
    sign = "−" if value < 0 else ""
    return sign + language.number(abs(value), _digits(value))


def _digits(value: float) -> int:
    return 0 if float(value).is_integer() else 2 if abs(value) < 10 else 1


def _interval(kpi: Kpi, language: Language) -> str:
    if kpi.now.low is None or kpi.now.high is None:
        return ""
    low, high = (show(end, kpi.unit, language) for end in (kpi.now.low, kpi.now.high))
    # the sign of percent once, at the end: the column stays narrow
    return low.removesuffix("\u202f%") + f" – {high}"


def made_of(measured: Measured, language: Language) -> str:
    """Say which numbers a KPI was made of."""
    # Of an index the counts of answers say more than its fraction does.
    told_by_parts = "passives" in measured.parts or "recommend_answers" in measured.parts
    if measured.numerator is not None and measured.denominator is not None and not told_by_parts:
        return language.say(
            "{part} of {whole}",
            part=_number(measured.numerator, language),
            whole=_number(measured.denominator, language),
        )
    return ", ".join(
        f"{part_name(name, language)} {_number(part, language)}"
        for name, part in measured.parts.items()
        if part is not None
    )


def _number(value: float, language: Language) -> str:
    sign = "−" if value < 0 else ""
    return sign + language.number(abs(value), 0 if float(value).is_integer() else 1)


def _beside(kpi: Kpi, other: Measured, language: Language) -> str:
    return show(other.value, kpi.unit, language)


def _sources(kpi: Kpi, language: Language) -> Line:
    told = [
        f"{source}{'' if own else ' ' + language.say('(not ours)')} "
        f"{show(found.value, kpi.unit, language)}"
        for source, own, found in kpi.by_source
    ]
    return (Span(" · ".join(told)),)


def _why(measured: Measured, language: Language) -> Line:
    return (Span(missing(measured, language) or "", "dim"),)

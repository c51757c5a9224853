"""What a digest of a week or a month tells beyond a day's: trends, KPIs, the funnel of ideas."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.digest.document import Block, Line, Pairs, Span, Table, Tone
from monitor.digest.kpi_names import kpi_name
from monitor.digest.kpi_page import made_of, show
from monitor.digest.names import before_name, status_name
from monitor.locale.language import Language
from monitor.measure.shares import share
from monitor.types.digest import CampaignFigures, Digest, PeriodKind, TrendPoint
from monitor.types.kpis import Kpi

ROW = 2
"""Periods from which a row of numbers says where it goes."""


def trend_table(digest: Digest, language: Language) -> tuple[Block, ...]:
    """Lay out posts and the share of negative ones, period after period."""
    points = digest.trend
    head = ("", *(_short_name(point, digest.period.kind, language) for point in points))
    posts: tuple[Line, ...] = tuple(
        (Span(language.number(point.posts), _tone(point, points)),) for point in points
    )
    negative: tuple[Line, ...] = tuple(
        (Span(_negative(point, language), _tone(point, points)),) for point in points
    )
    rows = (
        ((Span(language.say("Posts")),), *posts),
        ((Span(language.say("Negative")),), *negative),
    )
    return (Table(head, rows, right=tuple(range(1, len(head)))),)


def kpi_table(digest: Digest, language: Language) -> tuple[Block, ...]:
    """Lay out the KPIs that are known, beside the period before, and say how many are not."""
    known = [kpi for kpi in digest.kpis if kpi.now.value is not None]
    missing = len(digest.kpis) - len(known)
    head = (
        language.say("figure"),
        language.say("value"),
        before_name(digest.period, language),
        language.say("made of"),
    )
    rows = tuple(_row(kpi, language) for kpi in known)
    blocks: list[Block] = [Table(head, rows, right=(1, 2), spare=(3,))] if rows else []
    if missing:
        hint = language.say(
            "{n} of them: sturmglas kpi --period {period} --date {day} says what to import",
            n=language.number(missing),
            period=digest.period.kind,
            day=digest.period.first_day.isoformat(),
        )
        blocks.append(Pairs(((language.say("Unknown"), (Span(hint, "dim"),)),)))
    return tuple(blocks)


def kpi_short(digest: Digest, language: Language) -> Line:
    """Say how many KPIs are known."""
    known = sum(kpi.now.value is not None for kpi in digest.kpis)
    told = language.say("{known} of {all} figures known", known=known, all=len(digest.kpis))
    return (Span(told),)


def funnel_line(campaign: CampaignFigures, language: Language) -> Line:
    """Say how far a campaign's ideas came, stage by stage, and how long an answer took."""
    stages = " → ".join(
        f"{status_name(status, language)} {language.number(count)}"
        for status, count in campaign.statuses.items()
        if status not in ("declined", "joined")
    )
    aside = ", ".join(
        f"{status_name(status, language)} {language.number(campaign.statuses[status])}"
        for status in ("declined", "joined")
        if status in campaign.statuses
    )
    told = "; ".join(part for part in (stages, aside) if part)
    if campaign.days_to_answer is not None:
        told += "; " + language.say(
            "half of the answers within {duration}",
            duration=language.duration(86_400 * campaign.days_to_answer),
        )
    return (Span(language.say("Funnel"), "strong"), Span(f": {told}"))


def _row(kpi: Kpi, language: Language) -> tuple[Line, ...]:
    value, before = (show(m.value, kpi.unit, language) for m in (kpi.now, kpi.previous))
    return (
        (Span(kpi_name(kpi.name, language)),),
        (Span(value, "strong", figure=kpi.name),),
        (Span(before),),
        (Span(made_of(kpi.now, language), "dim"),),
    )


def _short_name(point: TrendPoint, kind: PeriodKind, language: Language) -> str:
    if kind == "week":
        return language.say("week {n}", n=point.first_day.isocalendar().week)
    return language.short_month(point.first_day)


def _negative(point: TrendPoint, language: Language) -> str:
    value = share(point.negative, point.public).value
    return "–" if value is None else language.percent(100 * value)


def _tone(point: TrendPoint, points: Sequence[TrendPoint]) -> Tone:
    return "strong" if point is points[-1] else "plain"

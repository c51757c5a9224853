"""The KPI sheet: every formula with its parts, exact, unknown where a part is missing.

Intervals are 95 %: Wilson's for shares of a whole, Garwood's exact one for rates of counts,
Newcombe's and Zou and Donner's combination for the net promoter score.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from monitor.measure.answers import echo_balance, quantile
from monitor.measure.customers import churn_rate, retention_rate, upselling_ratio
from monitor.measure.engagement import engagement_rate
from monitor.measure.kpi_cuts import again, by_hour, by_source, with_both
from monitor.measure.kpi_parts import rate_of, share_of, sources_of, total_of
from monitor.measure.periods import between, period_of
from monitor.measure.surveys import loyalty_index, net_promoter_score
from monitor.types.digest import Period, SourceTally
from monitor.types.kpis import Kpi, KpiFacts, Measured, Number, Sheet, Unit

YEAR = timedelta(days=364)
"""A year that keeps the weekdays: 52 weeks."""

Compute = Callable[[KpiFacts], Measured]


@dataclass(frozen=True, slots=True)
class Formula:
    """A KPI's name, unit, formula as people read it, and how it is computed.

    `by_source` says that the same formula makes sense for each source alone, `by_hour` for the
    questions of each hour of the day.
    """

    name: str
    unit: Unit
    text: str
    compute: Compute
    by_source: bool = False
    by_hour: bool = False


def build_sheet(
    periods: tuple[Period, Period, Period],
    facts: tuple[KpiFacts, KpiFacts, KpiFacts],
    source: str | None = None,
) -> Sheet:
    """Return the sheet of a period, the one before and the one a year ago, in that order."""
    now, before, year = facts
    own = {tally.source: tally.own for tally in now.sources}
    sources, hours = by_source(now), by_hour(now, periods[0].timezone)
    return Sheet(
        period=periods[0],
        before=periods[1],
        year=periods[2],
        source=source,
        kpis=tuple(
            Kpi(
                name=formula.name,
                unit=formula.unit,
                formula=formula.text,
                now=formula.compute(now),
                previous=formula.compute(before),
                year=formula.compute(year),
                by_source=_of_each_source(formula, sources, own),
                by_hour=_of_each_hour(formula, hours),
            )
            for formula in FORMULAS
        ),
    )


def year_before(period: Period) -> Period:
    """Return the same month a year ago; of other periods the same weekdays 52 weeks ago."""
    first = period.first_day
    if period.kind == "month":
        return period_of("month", first.replace(year=first.year - 1), period.timezone)
    last = period.last_day - YEAR + timedelta(days=1)
    return between(period.kind, first - YEAR, last, period.timezone)


# --- from the store ---------------------------------------------------------------------------


def _engagement(facts: KpiFacts) -> Measured:
    return _of_followers(facts, {})


def _engagement_with_shares(facts: KpiFacts) -> Measured:
    shares = {name: seen.shares for name, seen in facts.seen.items() if seen.shares is not None}
    if not shares:
        return Measured(needs=("shares",))
    # A source that tells no shares has an unknown part; 0 would be a guess.
    telling = tuple(source for source in facts.sources if source.source in shares)
    return _of_followers(replace(facts, sources=telling), shares)


def _of_followers(facts: KpiFacts, shares: Mapping[str, int]) -> Measured:
    """Interactions of the sources of which both parts are known, by their followers."""
    known = [s for s in facts.sources if _interactions(s) is not None and s.followers]
    if not known:
        interactions = [n for s in facts.sources if (n := _interactions(s)) is not None]
        followers = any(s.followers is not None for s in facts.sources)
        if interactions and followers and any(s.followers == 0 for s in facts.sources):
            return Measured(numerator=sum(interactions), denominator=0, fault="zero")
        needs = (() if interactions else ("likes or comments",)) + (
            () if any(s.followers for s in facts.sources) else ("followers",)
        )
        # Counts of one source and followers of another one make no rate.
        return Measured(
            numerator=sum(interactions) if interactions else None, needs=needs or ("followers",)
        )
    names = [s.source for s in known]
    likes = sum(s.likes or 0 for s in known) - again(facts, names, lambda o: o.likes)
    comments = sum(s.comments or 0 for s in known) - again(facts, names, lambda o: o.comments)
    shared = 0
    if shares:
        shared = sum(shares.get(n, 0) for n in names) - again(facts, names, lambda o: o.shares)
    rate = engagement_rate(likes + comments + shared, sum(s.followers or 0 for s in known))
    parts: dict[str, Number | None] = {"likes": likes, "comments": comments}
    return Measured(
        value=rate.value,
        numerator=rate.numerator,
        denominator=rate.denominator,
        low=rate.low,
        high=rate.high,
        sources=tuple(names),
        parts=parts | ({"shares": shared} if shares else {}),
    )


def _engagement_by_reach(facts: KpiFacts) -> Measured:
    names = [s.source for s in facts.sources if facts.seen.get(s.source) is not None]
    seen = {name: facts.seen[name] for name in names if facts.seen[name].views is not None}
    if not seen:
        return Measured(needs=("views",))
    viewed = sum(s.viewed or 0 for s in seen.values()) - again(facts, seen, lambda o: o.viewed)
    views = sum(s.views or 0 for s in seen.values()) - again(facts, seen, lambda o: o.views)
    return rate_of(viewed, views, tuple(sorted(seen)))


def _interactions(source: SourceTally) -> int | None:
    if source.likes is None and source.comments is None:
        return None
    return (source.likes or 0) + (source.comments or 0)


def _echo(facts: KpiFacts) -> Measured:
    tally = facts.tally
    if not sum(tally.sentiment.values()):
        return Measured(needs=("labelled posts",))
    return Measured(
        value=echo_balance(tally.satisfied, tally.dissatisfied),
        parts={"satisfied": tally.satisfied, "dissatisfied": tally.dissatisfied},
    )


def _answer_rate(facts: KpiFacts) -> Measured:
    tally = facts.tally
    if not tally.posts:
        return Measured(needs=("posts",))
    return share_of(tally.answered, tally.asked, 1)


def _first_answer(share: float) -> Compute:
    def compute(facts: KpiFacts) -> Measured:
        waits = facts.waits_s
        if not waits:
            return Measured(needs=("answered questions",))
        return Measured(value=quantile(waits, share), parts={"answered": len(waits)})

    return compute


# --- imported ---------------------------------------------------------------------------------


def _imported_share(part: str, whole: str, scale: int = 100) -> Compute:
    def compute(facts: KpiFacts) -> Measured:
        return _with_totals(facts, part, whole, lambda a, b: share_of(a, b, scale))

    return compute


def _imported_rate(part: str, whole: str) -> Compute:
    def compute(facts: KpiFacts) -> Measured:
        return _with_totals(facts, part, whole, rate_of)

    return compute


def _mean(part: str, whole: str) -> Compute:
    def divide(a: float, b: float) -> Measured:
        if b <= 0:
            return Measured(numerator=a, denominator=b, fault="zero")
        return Measured(value=a / b, numerator=a, denominator=b)

    def compute(facts: KpiFacts) -> Measured:
        return _with_totals(facts, part, whole, divide)

    return compute


def _sum(metric: str) -> Compute:
    def compute(facts: KpiFacts) -> Measured:
        total = total_of(facts, metric)
        if total is None:
            return Measured(needs=(metric,))
        days = facts.days.get(metric, 0)
        mean = total / days if days else None
        return Measured(
            value=total, sources=sources_of(facts, metric), parts={"days": days, "mean_a_day": mean}
        )

    return compute


def _with_totals(
    facts: KpiFacts, part: str, whole: str, divide: Callable[[float, float], Measured]
) -> Measured:
    facts = with_both(facts, part, whole)
    a, b = total_of(facts, part), total_of(facts, whole)
    sources = tuple(sorted({*sources_of(facts, part), *sources_of(facts, whole)}))
    if a is None or b is None:
        needs = tuple(name for name, total in ((part, a), (whole, b)) if total is None)
        return Measured(numerator=a, denominator=b, needs=needs, sources=sources)
    days: dict[str, Number | None] = {
        f"days_with_{name}": facts.days[name] for name in (part, whole) if name in facts.days
    }
    return replace(divide(a, b), sources=sources, parts=days)


def _of_each_source(
    formula: Formula, parts: Mapping[str, KpiFacts], own: Mapping[str, bool]
) -> tuple[tuple[str, bool, Measured], ...]:
    if not formula.by_source:
        return ()
    found = [(name, own.get(name, True), formula.compute(part)) for name, part in parts.items()]
    return tuple(entry for entry in found if entry[2].value is not None)


def _of_each_hour(
    formula: Formula, parts: Mapping[int, KpiFacts]
) -> tuple[tuple[int, Measured], ...]:
    if not formula.by_hour:
        return ()
    found = [(hour, formula.compute(part)) for hour, part in parts.items()]
    return tuple(entry for entry in found if entry[1].value is not None)


def _company_only(compute: Compute) -> Compute:
    """Leave out places that are not the company's own: rivals never mix with its figures."""

    def own(facts: KpiFacts) -> Measured:
        mine = tuple(source for source in facts.sources if source.own)
        return compute(facts if facts.chosen else replace(facts, sources=mine))

    return own


FORMULAS: tuple[Formula, ...] = (
    Formula("engagement_rate", "%", "(likes + comments) / followers × 100",
            _company_only(_engagement), True),
    Formula("engagement_rate_with_shares", "%", "(likes + comments + shares) / followers × 100",
            _company_only(_engagement_with_shares), True),
    Formula("engagement_rate_by_reach", "%", "(likes + comments) / views × 100",
            _company_only(_engagement_by_reach), True),
    Formula("click_through_rate", "%", "clicks / impressions × 100",
            _imported_share("clicks", "impressions"), True),
    Formula("bounce_rate", "%", "bounces / visits × 100",
            _imported_share("bounces", "visits"), True),
    Formula("abandonment_rate", "%", "baskets without purchase / baskets × 100",
            _imported_share("baskets_abandoned", "baskets"), True),
    Formula("conversion_rate", "%", "conversions / visits × 100",
            _imported_rate("conversions", "visits"), True),
    Formula("customer_retention_rate", "%",
            "(customers at end - new customers) / customers at start × 100", retention_rate),
    Formula("customer_churn_rate", "%",
            "lost customers / ((customers at start + at end) / 2) × 100", churn_rate),
    Formula("net_promoter_score", "points", "% of 9 and 10 - % of 0 to 6", net_promoter_score),
    Formula("upselling_ratio", "ratio", "customers with several products / all customers",
            upselling_ratio),
    Formula("customer_loyalty_index", "points",
            "mean of recommend, buy again, buy other things on 1 to 6; 1 = 100, 6 = 0",
            loyalty_index),
    Formula("potential_reach", "count", "sum of reach", _sum("reach"), True),
    Formula("page_views", "count", "sum of page views", _sum("page_views"), True),
    Formula("page_views_new", "count", "sum of page views of new visitors",
            _sum("page_views_new"), True),
    Formula("page_views_returning", "count", "sum of page views of returning visitors",
            _sum("page_views_returning"), True),
    Formula("time_on_site", "s", "seconds of all visits / visits",
            _mean("visit_seconds", "visits"), True),
    Formula("time_on_site_new", "s", "seconds of all visits / visits, new visitors",
            _mean("visit_seconds_new", "visits_new"), True),
    Formula("time_on_site_returning", "s", "seconds of all visits / visits, returning visitors",
            _mean("visit_seconds_returning", "visits_returning"), True),
    Formula("echo_balance", "count", "3 × satisfied - 10 × dissatisfied authors", _echo),
    Formula("answer_rate", "ratio", "answered / asked", _answer_rate, True, True),
    Formula("time_to_first_answer", "s", "median from question to first answer",
            _first_answer(0.5), True, True),
    Formula("time_to_first_answer_p90", "s",
            "90th percentile from question to first answer", _first_answer(0.9), True, True),
)  # fmt: skip
"""The sheet, line by line, in the order of its stages: reach, interaction, transaction."""

KPIS = frozenset(formula.name for formula in FORMULAS)
"""The names of all KPIs."""

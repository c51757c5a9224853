"""The KPI sheet: every formula with its parts, exact, unknown where a part is missing.

Intervals are 95 %: Wilson's for shares of a whole, Garwood's exact one for rates of counts,
Newcombe's and Zou and Donner's combination for the net promoter score.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from math import sqrt

from monitor.measure.answers import echo_balance, quantile
from monitor.measure.engagement import engagement_rate, poisson_interval
from monitor.measure.periods import between, period_of
from monitor.measure.shares import wilson
from monitor.types.digest import Period, SourceTally
from monitor.types.kpis import Kpi, KpiFacts, Measured, Number, Sheet, Stock, Unit

YEAR = timedelta(days=364)
"""A year that keeps the weekdays: 52 weeks."""

LOYALTY = ("recommend", "buy_again", "buy_other")
"""The three questions of the customer loyalty index, answered on 1 (certainly) to 6 (never)."""

Compute = Callable[[KpiFacts], Measured]


@dataclass(frozen=True, slots=True)
class Formula:
    """A KPI's name, unit, formula as people read it, and how it is computed.

    `by_source` says that the same formula makes sense for each source alone.
    """

    name: str
    unit: Unit
    text: str
    compute: Compute
    by_source: bool = False


def build_sheet(
    periods: tuple[Period, Period, Period],
    facts: tuple[KpiFacts, KpiFacts, KpiFacts],
    source: str | None = None,
) -> Sheet:
    """Return the sheet of a period, the one before and the one a year ago, in that order."""
    now, before, year = facts
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
                by_source=_by_source(formula, now),
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


def net_promoter_interval(promoters: int, detractors: int, answers: int) -> tuple[float, float]:
    """Return the 95 % interval of promoters' minus detractors' share, both ends in -1..1.

    The intervals of both shares are combined with their correlation within one sample.
    Sources: Newcombe (1998), Stat. Med. 17, 2635-2650; Zou and Donner (2008), 27, 1693-1702.
    """
    p, d = promoters / answers, detractors / answers
    (p_low, p_high), (d_low, d_high) = wilson(promoters, answers), wilson(detractors, answers)
    spread = (1 - p) * (1 - d)
    together = -sqrt(p * d / spread) if spread > 0 else 0.0
    # Of nothing but promoters and detractors the two shares are one: they mirror exactly.
    together = max(-1.0, together)

    def reach(one: float, other: float) -> float:
        return sqrt(max(0.0, one * one + other * other - 2 * together * one * other))

    low, high = reach(p - p_low, d_high - d), reach(p_high - p, d - d_low)
    return max(-1.0, p - d - low), min(1.0, p - d + high)


# --- from the store ---------------------------------------------------------------------------


def _engagement(facts: KpiFacts) -> Measured:
    return _of_followers(facts, {})


def _engagement_with_shares(facts: KpiFacts) -> Measured:
    shares = {name: seen.shares for name, seen in facts.seen.items() if seen.shares is not None}
    if not shares:
        return replace(_of_followers(facts, {}), value=None, low=None, high=None,
                       numerator=None, needs=("shares",))  # fmt: skip
    return _of_followers(facts, shares)


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
    likes, comments = sum(s.likes or 0 for s in known), sum(s.comments or 0 for s in known)
    shared = sum(shares.get(s.source, 0) for s in known)
    rate = engagement_rate(likes + comments + shared, sum(s.followers or 0 for s in known))
    parts: dict[str, Number | None] = {"likes": likes, "comments": comments}
    return Measured(
        value=rate.value,
        numerator=rate.numerator,
        denominator=rate.denominator,
        low=rate.low,
        high=rate.high,
        sources=tuple(s.source for s in known),
        parts=parts | ({"shares": shared} if shares else {}),
    )


def _engagement_by_reach(facts: KpiFacts) -> Measured:
    names = [s.source for s in facts.sources if facts.seen.get(s.source) is not None]
    seen = {name: facts.seen[name] for name in names if facts.seen[name].views is not None}
    if not seen:
        return Measured(needs=("views",))
    interactions = sum(s.viewed or 0 for s in seen.values())
    return _rate(interactions, sum(s.views or 0 for s in seen.values()), tuple(sorted(seen)))


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
    return _share(tally.answered, tally.asked, 1)


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
        return _with_totals(facts, part, whole, lambda a, b: _share(a, b, scale))

    return compute


def _imported_rate(part: str, whole: str) -> Compute:
    def compute(facts: KpiFacts) -> Measured:
        return _with_totals(facts, part, whole, _rate)

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
        total = _total(facts, metric)
        if total is None:
            return Measured(needs=(metric,))
        days = facts.days.get(metric, 0)
        mean = total / days if days else None
        return Measured(
            value=total, sources=_sources(facts, metric), parts={"days": days, "mean_a_day": mean}
        )

    return compute


def _with_totals(
    facts: KpiFacts, part: str, whole: str, divide: Callable[[float, float], Measured]
) -> Measured:
    facts = _with_both(facts, part, whole)
    a, b = _total(facts, part), _total(facts, whole)
    sources = tuple(sorted({*_sources(facts, part), *_sources(facts, whole)}))
    if a is None or b is None:
        needs = tuple(name for name, total in ((part, a), (whole, b)) if total is None)
        return Measured(numerator=a, denominator=b, needs=needs, sources=sources)
    days: dict[str, Number | None] = {
        f"days_with_{name}": facts.days[name] for name in (part, whole) if name in facts.days
    }
    return replace(divide(a, b), sources=sources, parts=days)


def _with_both(facts: KpiFacts, part: str, whole: str) -> KpiFacts:
    """Keep the sources that give both; where none does, parts come from one and wholes from
    another (visits of the website, conversions of the shop), and all count."""
    parts, wholes = facts.sums.get(part, {}), facts.sums.get(whole, {})
    both = parts.keys() & wholes.keys()
    if not both:
        return facts
    cut = {
        metric: {source: sums[source] for source in sorted(both)}
        for metric, sums in ((part, parts), (whole, wholes))
    }
    return replace(facts, sums={**facts.sums, **cut})


def _retention(facts: KpiFacts) -> Measured:
    customers, needs = _stock(facts, "customers")
    new = _flow_of(facts, "customers_new")
    needs += () if new is not None else ("customers_new",)
    if needs or new is None or customers.start is None or customers.end is None:
        return Measured(needs=needs)
    measured = _share(customers.end - new, customers.start, 100)
    return replace(measured, sources=_sources(facts, "customers_new"), parts={
        "customers_at_start": customers.start, "customers_at_end": customers.end,
        "customers_new": new,
    })  # fmt: skip


def _churn(facts: KpiFacts) -> Measured:
    customers, needs = _stock(facts, "customers")
    lost = _flow_of(facts, "customers_lost")
    needs += () if lost is not None else ("customers_lost",)
    if needs or lost is None or customers.start is None or customers.end is None:
        return Measured(needs=needs)
    measured = _rate(lost, whole((customers.start + customers.end) / 2))
    return replace(measured, sources=_sources(facts, "customers_lost"), parts={
        "customers_at_start": customers.start, "customers_at_end": customers.end,
        "customers_lost": lost,
    })  # fmt: skip


def _upselling(facts: KpiFacts) -> Measured:
    several, needs = _stock_end(facts, "customers_multiple")
    customers, more = _stock_end(facts, "customers")
    if (
        several is not None
        and customers is not None
        and (facts.stocks["customers_multiple"].keys() != facts.stocks["customers"].keys())
    ):
        return Measured(needs=("customers_multiple",), denominator=customers)
    if several is None or customers is None:
        return Measured(needs=needs + more, numerator=several, denominator=customers)
    return _share(several, customers, 1)


def _flow_of(facts: KpiFacts, metric: str) -> Number | None:
    """Return a flow of customers, unknown where it is known of some of their sources only."""
    counted, moved = facts.stocks.get("customers", {}).keys(), facts.sums.get(metric, {}).keys()
    if counted & moved and counted - moved:
        return None
    return _total(facts, metric)


def _stock(facts: KpiFacts, metric: str) -> tuple[Stock, tuple[str, ...]]:
    """Add up start and end of all sources; a part that one of them lacks is missing."""
    stocks = list(facts.stocks.get(metric, {}).values())
    starts, ends = [s.start for s in stocks], [s.end for s in stocks]
    needs = (() if starts and None not in starts else (f"{metric}_start",)) + (
        () if ends and None not in ends else (f"{metric}_end",)
    )
    return Stock(*(_added(values) for values in (starts, ends))), needs


def _stock_end(facts: KpiFacts, metric: str) -> tuple[float | None, tuple[str, ...]]:
    end = _added([stock.end for stock in facts.stocks.get(metric, {}).values()])
    return end, () if end is not None else (metric,)


def _added(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return whole(sum(known)) if known and len(known) == len(values) else None


# --- surveys ----------------------------------------------------------------------------------


def _promoters(facts: KpiFacts) -> Measured:
    scores = facts.scores.get("nps", {})
    answers = sum(scores.values())
    if not answers:
        return Measured(needs=("nps",))
    promoters = sum(n for score, n in scores.items() if score >= 9)
    detractors = sum(n for score, n in scores.items() if score <= 6)
    low, high = net_promoter_interval(promoters, detractors, answers)
    return Measured(
        value=100 * (promoters - detractors) / answers,
        numerator=promoters - detractors,
        denominator=answers,
        low=100 * low,
        high=100 * high,
        parts={
            "promoters": promoters,
            "passives": answers - promoters - detractors,
            "detractors": detractors,
        },
    )


def _loyalty(facts: KpiFacts) -> Measured:
    """The three questions weigh alike, however many answered each."""
    needs = tuple(q for q in LOYALTY if not sum(facts.scores.get(q, {}).values()))
    if needs:
        return Measured(needs=needs)
    points = [_loyalty_points(facts.scores[question]) for question in LOYALTY]
    total = whole(sum(points))
    return Measured(
        value=total / len(LOYALTY),
        numerator=total,
        denominator=len(LOYALTY),
        parts={f"{question}_answers": sum(facts.scores[question].values()) for question in LOYALTY},
    )


def _loyalty_points(scores: Mapping[int, int]) -> float:
    """Return the mean of answers on 1..6 on the scale 1 -> 100, 6 -> 0."""
    return sum((6 - score) * 20 * n for score, n in scores.items()) / sum(scores.values())


# --- parts ------------------------------------------------------------------------------------


def _share(part: float, of: float, scale: int) -> Measured:
    """Return part / of x scale with Wilson's interval; a part is within its whole."""
    measured = Measured(numerator=part, denominator=of)
    if of <= 0:
        return replace(measured, fault="zero")
    if not 0 <= part <= of:
        return replace(measured, fault="too_many")
    low, high = wilson(round(part), round(of))
    return replace(measured, value=scale * part / of, low=scale * low, high=scale * high)


def _rate(events: float, of: float, sources: tuple[str, ...] = ()) -> Measured:
    """Return events / of in percent with the exact interval of a count."""
    measured = Measured(numerator=events, denominator=of, sources=sources)
    if of <= 0:
        return replace(measured, fault="zero")
    low, high = poisson_interval(round(events))
    return replace(measured, value=100 * events / of, low=100 * low / of, high=100 * high / of)


def _total(facts: KpiFacts, metric: str) -> Number | None:
    by_source = facts.sums.get(metric)
    return whole(sum(by_source.values())) if by_source else None


def _sources(facts: KpiFacts, metric: str) -> tuple[str, ...]:
    return tuple(sorted(facts.sums.get(metric, {})))


def whole(number: float) -> Number:
    """Return a number without a fraction as an int, so that it is written as people count."""
    return int(number) if float(number).is_integer() else number


def _by_source(formula: Formula, facts: KpiFacts) -> tuple[tuple[str, bool, Measured], ...]:
    if not formula.by_source:
        return ()
    own = {source.source: source.own for source in facts.sources}
    names = sorted({*own, *(name for sums in facts.sums.values() for name in sums)})
    found = [(name, own.get(name, True), formula.compute(_only(facts, name))) for name in names]
    return tuple(entry for entry in found if entry[2].value is not None)


def _only(facts: KpiFacts, source: str) -> KpiFacts:
    return replace(
        facts,
        chosen=True,
        sources=tuple(s for s in facts.sources if s.source == source),
        seen={name: seen for name, seen in facts.seen.items() if name == source},
        sums={
            metric: {source: sums[source]} for metric, sums in facts.sums.items() if source in sums
        },
        days={},
    )


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
            "(customers at end - new customers) / customers at start × 100", _retention),
    Formula("customer_churn_rate", "%",
            "lost customers / ((customers at start + at end) / 2) × 100", _churn),
    Formula("net_promoter_score", "points", "% of 9 and 10 - % of 0 to 6", _promoters),
    Formula("upselling_ratio", "ratio", "customers with several products / all customers",
            _upselling),
    Formula("customer_loyalty_index", "points",
            "mean of recommend, buy again, buy other things on 1 to 6; 1 = 100, 6 = 0", _loyalty),
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
    Formula("answer_rate", "ratio", "answered / asked", _answer_rate),
    Formula("time_to_first_answer", "s", "median from question to first answer",
            _first_answer(0.5)),
    Formula("time_to_first_answer_p90", "s",
            "90th percentile from question to first answer", _first_answer(0.9)),
)  # fmt: skip
"""The sheet, line by line, in the order of its stages: reach, interaction, transaction."""

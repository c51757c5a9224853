"""What the counts of customers tell: retention, churn, upselling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from monitor.measure.kpi_parts import rate_of, share_of, sources_of, total_of, whole
from monitor.types.kpis import KpiFacts, Measured, Number, Stock


def retention_rate(facts: KpiFacts) -> Measured:
    """Return (customers at end - new customers) / customers at start x 100."""
    customers, needs = _stock(facts, "customers")
    new = _flow_of(facts, "customers_new")
    needs += () if new is not None else ("customers_new",)
    if needs or new is None or customers.start is None or customers.end is None:
        return Measured(needs=needs)
    measured = share_of(customers.end - new, customers.start, 100)
    return replace(measured, sources=sources_of(facts, "customers_new"), parts={
        "customers_at_start": customers.start, "customers_at_end": customers.end,
        "customers_new": new,
    })  # fmt: skip


def churn_rate(facts: KpiFacts) -> Measured:
    """Return lost customers / ((customers at start + at end) / 2) x 100."""
    customers, needs = _stock(facts, "customers")
    lost = _flow_of(facts, "customers_lost")
    needs += () if lost is not None else ("customers_lost",)
    if needs or lost is None or customers.start is None or customers.end is None:
        return Measured(needs=needs)
    measured = rate_of(lost, whole((customers.start + customers.end) / 2))
    return replace(measured, sources=sources_of(facts, "customers_lost"), parts={
        "customers_at_start": customers.start, "customers_at_end": customers.end,
        "customers_lost": lost,
    })  # fmt: skip


def upselling_ratio(facts: KpiFacts) -> Measured:
    """Return customers with several products / all customers, as counted last."""
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
    return share_of(several, customers, 1)


def _flow_of(facts: KpiFacts, metric: str) -> Number | None:
    """Return a flow of customers, unknown where it is known of some of their sources only."""
    counted, moved = facts.stocks.get("customers", {}).keys(), facts.sums.get(metric, {}).keys()
    if counted & moved and counted - moved:
        return None
    return total_of(facts, metric)


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

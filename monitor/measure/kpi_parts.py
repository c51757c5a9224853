"""What the formulas of the KPI sheet are made of: shares, rates, whole numbers."""

from __future__ import annotations

from dataclasses import replace

from monitor.measure.engagement import poisson_interval
from monitor.measure.shares import wilson
from monitor.types.kpis import KpiFacts, Measured, Number


def share_of(part: float, of: float, scale: int) -> Measured:
    """Return part / of x scale with Wilson's interval; a part is within its whole."""
    measured = Measured(numerator=part, denominator=of)
    if of <= 0:
        return replace(measured, fault="zero")
    if not 0 <= part <= of:
        return replace(measured, fault="too_many")
    low, high = wilson(round(part), round(of))
    return replace(measured, value=scale * part / of, low=scale * low, high=scale * high)


def rate_of(events: float, of: float, sources: tuple[str, ...] = ()) -> Measured:
    """Return events / of in percent with the exact interval of a count."""
    measured = Measured(numerator=events, denominator=of, sources=sources)
    if of <= 0:
        return replace(measured, fault="zero")
    low, high = poisson_interval(round(events))
    return replace(measured, value=100 * events / of, low=100 * low / of, high=100 * high / of)


def whole(number: float) -> Number:
    """Return a number without a fraction as an int, so that it is written as people count."""
    return int(number) if float(number).is_integer() else number


def total_of(facts: KpiFacts, metric: str) -> Number | None:
    """Return the sum of a metric over the period and its sources; None where nobody gave it."""
    by_source = facts.sums.get(metric)
    return whole(sum(by_source.values())) if by_source else None


def sources_of(facts: KpiFacts, metric: str) -> tuple[str, ...]:
    """Return the sources that gave a metric."""
    return tuple(sorted(facts.sums.get(metric, {})))

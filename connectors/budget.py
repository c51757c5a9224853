"""What the configured sources cost in a day, and whether a platform grants that. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from connectors.base import ConnectorFacts, Cost
from connectors.types import Source

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """The cost of all sources of one platform that share a budget.

    `needed` and `allowed` are per day, in `unit`; `allowed` is None where the platform states no
    number. `arithmetic` shows how `needed` came about.
    """

    platform: str
    sources: tuple[str, ...]
    needed: float
    allowed: int | None
    unit: str
    arithmetic: str

    @property
    def fits(self) -> bool:
        """Whether the plan stays within what the platform grants."""
        return self.allowed is None or self.needed <= self.allowed


def plan_day(entries: Iterable[tuple[Source, ConnectorFacts, timedelta]]) -> list[Plan]:
    """Sum up a day of quiet looks per platform and token; every entry is (source, facts, interval).

    Busy sources cost more: a plan that does not fit when all is quiet cannot fit at all.
    """
    groups: defaultdict[tuple[str, ...], list[tuple[Source, Cost, timedelta]]] = defaultdict(list)
    for source, facts, interval in entries:
        # sources with the same secrets draw on the same budget; hosts have budgets of their own
        login = repr(sorted(source.secrets.items())) if source.secrets else ""
        host = source.base_url or "" if facts.per_host else ""
        for cost in costs_of(source, facts):
            shared = login if cost.is_shared else source.name
            groups[facts.platform, cost.unit, host, shared].append((source, cost, interval))
    return [_plan(key[0], group) for key, group in groups.items()]


def costs_of(source: Source, facts: ConnectorFacts) -> tuple[Cost, ...]:
    """Return what a quiet look at a source takes, one entry for each budget it draws on."""
    if facts.costs is not None:
        return facts.costs(source)
    return (Cost(per_look=facts.cost, per_day=facts.requests_per_day),)


def _plan(platform: str, group: list[tuple[Source, Cost, timedelta]]) -> Plan:
    cost = group[0][1]
    parts, needed = [], 0.0
    for source, own, interval in group:
        looks = _DAY / interval
        needed += looks * own.per_look
        parts.append(f"{source.name}: {looks:,.0f} looks x {own.per_look:g}")
    allowed = cost.per_day
    limit = f" of {allowed:,}" if allowed is not None else ""
    price = ""
    if cost.price:
        of = f" of ${allowed * cost.price:,.2f}" if allowed is not None else ""
        price = f" (${needed * cost.price:,.2f}{of})"
    return Plan(
        platform=platform,
        sources=tuple(source.name for source, _, _ in group),
        needed=needed,
        allowed=allowed,
        unit=cost.unit,
        arithmetic=f"{'; '.join(parts)} = {needed:,.0f}{limit} {cost.unit} a day{price}",
    )

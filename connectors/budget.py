"""What the configured sources cost in a day, and whether a platform grants that. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from connectors.base import ConnectorFacts
from connectors.types import Source

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """The cost of all sources of one platform that share a token.

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
    groups: defaultdict[tuple[str, str], list[tuple[Source, ConnectorFacts, timedelta]]] = (
        defaultdict(list)
    )
    for source, facts, interval in entries:
        # sources with the same secrets draw on the same budget; hosts have budgets of their own
        shared = repr(sorted(source.secrets.items())) if source.secrets else ""
        host = source.base_url or "" if facts.per_host else ""
        groups[facts.platform, f"{host}\0{shared}"].append((source, facts, interval))
    return [_plan(group) for group in groups.values()]


def _plan(group: list[tuple[Source, ConnectorFacts, timedelta]]) -> Plan:
    facts = group[0][1]
    parts, needed = [], 0.0
    for source, _, interval in group:
        looks = _DAY / interval
        needed += looks * facts.cost
        parts.append(f"{source.name}: {looks:,.0f} looks x {facts.cost:g}")
    unit = facts.unit
    allowed = facts.requests_per_day
    limit = f" of {allowed:,}" if allowed is not None else ""
    return Plan(
        platform=facts.platform,
        sources=tuple(source.name for source, _, _ in group),
        needed=needed,
        allowed=allowed,
        unit=unit,
        arithmetic=f"{'; '.join(parts)} = {needed:,.0f}{limit} {unit} a day",
    )

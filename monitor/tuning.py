"""The story of tuning: what would each threshold have fired and missed in the last weeks?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from monitor.alerts.lifecycle import BUDGETED
from monitor.alerts.settings import RuleSettings
from monitor.replay import replay
from monitor.store.alerts import AlertTable
from monitor.store.database import Database
from monitor.types.alerts import Alert

LOOSE = 0.5
"""Share of today's thresholds with which the look back collects candidates."""

UNLIMITED = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """A rule's threshold for a wished budget, beside the one in force.

    In the weeks looked at, `fired` alerts reach the threshold and `missed` candidates do not;
    `useful_missed` of these a person has called useful. `per_week` is fired a week.
    """

    rule: str
    current: float
    threshold: float
    fired: int
    missed: int
    useful_missed: int
    per_week: float


def tune_thresholds(
    db: Database,
    now: datetime,
    *,
    settings: RuleSettings,
    zone: tzinfo,
    weeks: int,
    budget: float,
) -> list[Tuned]:
    """Replay the last weeks with loose thresholds and return what would keep the budget.

    The budget (alarms a week) is shared by the rules in proportion to what they find. Storms,
    outages and removed criticism are not held back by a budget and are listed as they fire.
    """
    loose = replace(
        settings,
        budget_per_week=UNLIMITED,
        volume_rarity=settings.volume_rarity * LOOSE,
        sentiment_surprise=settings.sentiment_surprise * LOOSE,
        engagement_surprise=settings.engagement_surprise * LOOSE,
    )
    start = now - timedelta(weeks=weeks)
    last: dict[str, Alert] = {}
    for event in replay(db, settings=loose, zone=zone, start=start, end=now):
        last[event.alert.id] = event.alert
    useful = _called_useful(db)
    found: dict[str, list[Alert]] = {}
    for alert in last.values():
        found.setdefault(alert.rule, []).append(alert)
    candidates = sum(len(found.get(rule, ())) for rule in BUDGETED)
    allowed = budget * weeks
    rows = []
    for rule, alerts in sorted(found.items()):
        current = current_threshold(rule, settings)
        scores = sorted((alert.score for alert in alerts), reverse=True)
        threshold = current
        if rule in BUDGETED:
            share = int(allowed * len(alerts) / max(candidates, 1))
            threshold = scores[share] * 1.001 if share < len(scores) else min(current, scores[-1])
        fired = [a for a in alerts if rule not in BUDGETED or a.score >= threshold]
        missed = [a for a in alerts if a not in fired]
        rows.append(
            Tuned(
                rule=rule,
                current=round(current, 2),
                threshold=round(threshold, 2),
                fired=len(fired),
                missed=len(missed),
                useful_missed=sum(_is_useful(alert, useful) for alert in missed),
                per_week=round(len(fired) / weeks, 2),
            )
        )
    return rows


def current_threshold(rule: str, settings: RuleSettings) -> float:
    """Return the threshold in force: deviations, surprise, or the storm level."""
    return {
        "volume_spike": settings.volume_rarity,
        "sentiment_spike": settings.sentiment_surprise,
        "engagement_high": settings.engagement_surprise,
        "engagement_low": settings.engagement_surprise,
        "storm": float(settings.storm_level),
        "source_silent": settings.silence_surprise,
        "criticism_removed": float(settings.removed_least),
    }.get(rule, 0.0)


def _called_useful(db: Database) -> list[Alert]:
    table = AlertTable(db)
    names = {v.alert for v in table.load_verdicts() if v.verdict == "useful"}
    return [table.load(name) for name in sorted(names)]


def _is_useful(alert: Alert, useful: list[Alert]) -> bool:
    """Whether a person praised the alert that this one is the replay of."""
    reach = timedelta(hours=6)
    return any(
        other.rule == alert.rule
        and other.source == alert.source
        and abs(other.opened_at - alert.opened_at) <= reach
        for other in useful
    )

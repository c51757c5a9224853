"""What people's verdicts mean: precision per rule, and whether an alert may speak right now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from monitor.alerts.tails import share_interval
from monitor.types.alerts import RULES, Alert, Precision, Verdict

URGENT_LEVEL = 3
"""From this storm level on, a snooze that was given below it does not hold."""


def precision(rules: Mapping[str, str], verdicts: Iterable[Verdict]) -> list[Precision]:
    """Return how each rule's alerts were judged; the last word on an alert counts.

    `rules` maps alert ids to rules. The interval is for 95 %; without verdicts it is None.
    """
    last = {
        verdict.alert: verdict.verdict
        for verdict in verdicts
        if verdict.verdict in ("noise", "useful")
    }
    rows = []
    for rule in RULES:
        mine = [alert for alert, its in rules.items() if its == rule]
        if not mine:
            continue
        useful = sum(last.get(alert) == "useful" for alert in mine)
        noise = sum(last.get(alert) == "noise" for alert in mine)
        judged = useful + noise
        low, high = share_interval(useful, judged) if judged else (None, None)
        rows.append(
            Precision(
                rule=rule,
                alerts=len(mine),
                useful=useful,
                noise=noise,
                value=useful / judged if judged else None,
                low=low,
                high=high,
            )
        )
    return rows


def is_snoozed(alert: Alert, verdicts: Sequence[Verdict], now: datetime) -> bool:
    """Whether an alert keeps quiet now: a snooze is running and the storm has not outgrown it.

    A rise to level 3 or above ignores snoozes that were given below that level.
    """
    for verdict in reversed(verdicts):
        if verdict.verdict != "snooze" or verdict.alert != alert.id:
            continue
        running = verdict.until is not None and now < verdict.until
        outgrown = alert.level >= URGENT_LEVEL and alert.level > verdict.level
        return running and not outgrown
    return False


def is_acknowledged(alert: Alert, verdicts: Iterable[Verdict]) -> bool:
    """Whether a person has said anything of the alert; then nobody needs to be woken."""
    return any(verdict.alert == alert.id for verdict in verdicts)

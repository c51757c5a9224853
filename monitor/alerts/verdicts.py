"""What people's verdicts mean for whether an alert may speak right now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from monitor.types.alerts import Alert, Verdict

URGENT_LEVEL = 3
"""From this storm level on, a snooze that was given below it does not hold."""


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

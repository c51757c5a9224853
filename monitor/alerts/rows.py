"""Alerts and events as scripts read them: the JSON rows of the command line and of exports."""

from __future__ import annotations

from typing import Any

from monitor.alerts.wording import headline, why
from monitor.types.alerts import Alert, Event, Part


def part_row(part: Part) -> dict[str, Any]:
    """Return a part with the keys that the command line promises; `why` tells the rest in words."""
    return {
        "part": part.part,
        "value": part.value,
        "baseline": part.baseline,
        "weight": part.weight,
    }


def alert_row(alert: Alert, lang: str) -> dict[str, Any]:
    """Return an alert with its headline and reasons; times stay aware datetimes."""
    return {
        "id": alert.id,
        "rule": alert.rule,
        "source": alert.source,
        "subject": alert.subject,
        "level": alert.level,
        "peak_level": alert.peak_level,
        "state": alert.state,
        "opened_at": alert.opened_at,
        "updated_at": alert.updated_at,
        "closed_at": alert.closed_at,
        "headline": headline(alert, lang),
        "why": why(alert, lang),
        "parts": [part_row(part) for part in alert.parts],
        "posts": list(alert.posts),
        "context": list(alert.context),
    }


def event_row(event: Event, lang: str) -> dict[str, Any]:
    """Return an event as the command line promises it."""
    alert = event.alert
    return {
        "at": event.at,
        "event": event.event,
        "alert": alert.id,
        "rule": alert.rule,
        "source": alert.source,
        "level": alert.level,
        "state": alert.state,
        "headline": headline(alert, lang),
        "parts": [part_row(part) for part in alert.parts],
    }

"""Decides what the weather is: one word, and the reasons in the order of their weight."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from monitor.measure.shares import apart
from monitor.types.alerts import RULES, Alert
from monitor.types.digest import (
    CampaignFigures,
    Change,
    QueueFigures,
    Reason,
    Share,
    SourceDigest,
    Weather,
)

ENOUGH = 10
"""Posts below which a share of negative ones is no reason for anything."""

SEEN_ENOUGH = 0.8
"""Share of the period below which an own source counts as a blind spot."""

ACT_NOW = frozenset({"storm", "criticism_removed"})
"""Rules whose open alerts ask for somebody at once."""

_GRAVITY: dict[Weather, int] = {"act": 0, "watch": 1, "quiet": 2}


def decide_weather(
    *,
    posts: Change,
    negative: Share,
    previous_negative: Share,
    sources: Sequence[SourceDigest],
    alerts: Sequence[Alert],
    queue: QueueFigures,
    campaigns: Sequence[CampaignFigures],
    storm_level: int = 0,
) -> tuple[Weather, tuple[Reason, ...]]:
    """Return the weather and why; a quiet day has one reason too, which says what quiet means."""
    found = [
        *_alerts(alerts),
        *_level(storm_level, alerts),
        *_ledgers(campaigns),
        *_mood(negative, previous_negative),
        *_volume(posts),
        *_blind_spots(sources),
        *_queue(queue),
    ]
    if not found:
        return "quiet", (Reason("nothing" if posts.value else "no_posts"),)
    # A stable sort: within a word the order above is the order of weight.
    found.sort(key=lambda pair: _GRAVITY[pair[0]])
    return found[0][0], tuple(reason for _weather, reason in found)


Found = Iterator[tuple[Weather, Reason]]


def _alerts(alerts: Sequence[Alert]) -> Found:
    for alert in sorted(alerts, key=lambda a: (not a.open, RULES.index(a.rule), a.opened_at)):
        facts: dict[str, str | int | float] = {
            "rule": alert.rule,
            "source": alert.source or "",
            "level": alert.level,
        }
        if alert.open:
            word: Weather = "act" if alert.rule in ACT_NOW else "watch"
            yield word, Reason("alert", {**facts, "state": alert.state})
        elif alert.rule == "storm":
            yield "watch", Reason("storm_over", {**facts, "level": alert.peak_level})


def _level(storm_level: int, alerts: Sequence[Alert]) -> Found:
    """Level 2 is repeated criticism: too little for an alert, enough to have an eye on it."""
    if storm_level >= 2 and not any(alert.open and alert.rule == "storm" for alert in alerts):
        yield "watch", Reason("storm_level", {"level": storm_level})


def _ledgers(campaigns: Sequence[CampaignFigures]) -> Found:
    for campaign in campaigns:
        if campaign.ledger_ok is False:
            yield "act", Reason("ledger_broken", {"campaign": campaign.title})


def _mood(now: Share, before: Share) -> Found:
    if now.value is None or before.value is None:
        return
    if now.denominator >= ENOUGH and now.value > before.value and apart(now, before):
        yield "watch", Reason("mood", {"share": now.value, "before": before.value})


def _volume(posts: Change) -> Found:
    if posts.trend != "usual" and posts.usual is not None:
        code = "volume" if posts.trend == "more" else "silence"
        yield "watch", Reason(code, {"posts": posts.value, "usual": posts.usual})


def _blind_spots(sources: Sequence[SourceDigest]) -> Found:
    for source in sources:
        if source.state != "ok":
            yield "watch", Reason("source_failing", {"source": source.source})
        elif source.own and source.coverage < SEEN_ENOUGH:
            yield "watch", Reason("gap", {"source": source.source, "coverage": source.coverage})


def _queue(queue: QueueFigures) -> Found:
    if queue.overdue:
        yield "watch", Reason("queue_overdue", {"n": queue.overdue})

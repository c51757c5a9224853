"""Story of what a tick learns beside the posts: known events, sources, queues, campaigns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from monitor.campaigns.cases import SUSPICIOUS, find_cases
from monitor.config import EventSettings
from monitor.store.campaigns import Campaigns
from monitor.store.figures import FigureTable
from monitor.store.ledger import Ledgers
from monitor.store.store import Store
from monitor.types.alerts import Finding, KnownEvent, QueueLoad, SourceHealth, WarningInputs


def load_circumstances(
    store: Store, events: Sequence[EventSettings], now: datetime
) -> WarningInputs:
    """Return what the rules are told beside the posts, as it stands at `now`."""
    queue = FigureTable(store.db).load_queue(now)
    return WarningInputs(
        events=tuple(KnownEvent(e.name, e.from_, e.to) for e in events),
        health=tuple(_health(store)),
        queues=(
            QueueLoad(
                queue="moderation",
                open=queue.open,
                overdue=queue.overdue,
                oldest_at=queue.oldest_at,
            ),
        ),
        findings=tuple(_campaign_findings(store)),
    )


def _health(store: Store) -> Iterator[SourceHealth]:
    """Sources that are fetched; those known from files alone can neither fail nor fall silent."""
    for state in store.sources.states():
        if state.state in ("ok", "failing", "stopped"):
            yield SourceHealth(
                source=state.source,
                failing_since=state.failing_since,
                last_success=state.last_success,
                error=state.error,
            )


def _campaign_findings(store: Store) -> Iterator[Finding]:
    """Campaigns with doubtful votes that nobody has decided on, or with rules that changed."""
    ledgers = Ledgers(store.db)
    for campaign in Campaigns(store.db).all():
        if campaign.opened_at is None or campaign.closed_at is not None:
            continue
        events = ledgers.events(campaign.id)
        open_cases = [c for c in find_cases(events).values() if c.state in SUSPICIOUS]
        if open_cases:
            votes = sum(len(case.entries) for case in open_cases)
            yield Finding(
                rule="campaign_suspicion", subject=campaign.name, score=float(votes), size=votes
            )
        if any(event.type == "rules_changed" for event in events):
            yield Finding(rule="rules_changed", subject=campaign.name, score=1.0, size=1)

"""From findings to alerts: opened, raised at once, lowered late, closed when it stays quiet.

One storm is one alert: its id lives from the first warning to the all-clear, through nights too.
Nothing here knows where alerts are kept; old ones come in, new ones and events come out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from monitor.alerts.settings import USUAL_WINDOW, RuleSettings
from monitor.types.alerts import Alert, AlertState, Event, EventKind, Finding, KnownEvent, Rule

HOLD = timedelta(hours=6)
"""So many waking hours findings must stay below a level before it is lowered: a quiet evening and
the night after it lower nothing, and the morning raises nothing again."""

AFTERMATH = timedelta(hours=72)
"""So long after its end a storm's criticism is not what is usual: it fades over days, and who
takes its tail for the new normal does not see the second wave. Three days span any weekend; a short
storm fades in the time that it lasted, so that what goes on is learnt as usual."""

REST = timedelta(hours=24)
"""So long a burst or a mood of one source is no news again, unless it is worse than before."""

NIGHT_ENDS = 7
NIGHT_BEGINS = 23
"""Local hours between which silence is sleep and not the end of a storm."""

SUBJECT_MEMORY = timedelta(days=7)
WEEK = timedelta(days=7)
CONTEXT_REACH = timedelta(hours=6)
BUDGETED: frozenset[Rule] = frozenset(
    {"volume_spike", "sentiment_spike", "engagement_high", "engagement_low"}
)
"""Rules that the alarm budget holds back; storms, outages and removed criticism always speak."""

EXPLAINED: frozenset[Rule] = frozenset({"volume_spike", "source_silent", "source_failed"})
"""Rules that a known event explains away; it stands beside all others and silences none."""

ENDS_AT_ONCE: frozenset[Rule] = frozenset(
    {"source_silent", "source_failed", "queue_overdue", "campaign_suspicion", "rules_changed"}
)
STEP_OF_BUDGET = 0.25
"""What each alarm beyond the budget adds to the threshold of the next one, as a share of it."""

Key = tuple[str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a tick changed: alerts to save (new ones included), and the events to tell."""

    changed: tuple[Alert, ...]
    events: tuple[Event, ...]


def key_of(thing: Finding | Alert) -> Key:
    """Return what makes two findings the same matter: rule, source and subject."""
    return thing.rule, thing.source, thing.subject


def advance(
    alerts: Sequence[Alert],
    findings: Iterable[Finding],
    now: datetime,
    *,
    settings: RuleSettings,
    zone: tzinfo,
    events: Sequence[KnownEvent] = (),
    own_posts: Sequence[tuple[str, datetime]] = (),
) -> Outcome:
    """Bring alerts up to date with what the rules found at `now`.

    `alerts` are the open ones and those closed within the last week. `own_posts` are (uid, time)
    of the company's newest posts, for context.
    """
    context = context_of(events, own_posts, now)
    # The long window still holds a burst for six hours after what explains it.
    known = any(event.start <= now < event.end + CONTEXT_REACH for event in events)
    open_now = {key_of(alert): alert for alert in alerts if alert.open}
    found = {key_of(finding): finding for finding in findings}
    changed: list[Alert] = []
    told: list[Event] = []
    for key, alert in open_now.items():
        after, event = update(alert, found.pop(key, None), now, settings, zone)
        if after != alert:
            changed.append(after)
        if event is not None:
            told.append(Event(at=now, event=event, alert=after))
    for finding in sorted(found.values(), key=lambda f: (-f.level, -f.score)):
        explained = known and finding.rule in EXPLAINED
        if explained or not may_open(finding, [*alerts, *changed], now, settings):
            continue
        opened = open_alert(finding, now, context)
        changed.append(opened)
        told.append(Event(at=now, event="opened", alert=opened))
    return Outcome(tuple(changed), tuple(told))


def may_open(
    finding: Finding, alerts: Sequence[Alert], now: datetime, settings: RuleSettings
) -> bool:
    """Whether a finding is news: strong enough, not just told, and within the alarm budget."""
    if finding.rule == "storm":
        return finding.level >= settings.storm_level
    rest = max(settings.quiet_period, REST if finding.rule in BUDGETED else timedelta(0))
    for alert in alerts:
        if key_of(alert) != key_of(finding):
            continue
        if finding.subject is not None and finding.rule not in ENDS_AT_ONCE:
            return False
        last = alert.closed_at or alert.updated_at
        if alert.open or (now - last < rest and finding.score <= alert.score):
            return False
    return finding.rule not in BUDGETED or finding.score >= price(finding, alerts, now, settings)


def price(
    finding: Finding, alerts: Sequence[Alert], now: datetime, settings: RuleSettings
) -> float:
    """Return the score that a finding must reach, dearer with each alarm beyond the budget."""
    thresholds = {
        "volume_spike": settings.volume_rarity,
        "sentiment_spike": settings.sentiment_surprise,
        "engagement_high": settings.engagement_surprise,
        "engagement_low": settings.engagement_surprise,
    }
    spent = sum(a.rule in BUDGETED and now - a.opened_at < WEEK for a in alerts)
    over = max(0.0, spent + 1 - settings.budget_per_week)
    return thresholds.get(finding.rule, 0.0) * (1 + STEP_OF_BUDGET * over)


def is_stormy(
    storms: Iterable[tuple[datetime, datetime | None]], start: datetime, end: datetime
) -> bool:
    """Whether [start, end) touches a storm or its aftermath; `storms` are (opened, closed)."""
    return any(
        opened < end and (closed is None or start < closed + min(AFTERMATH, closed - opened))
        for opened, closed in storms
    )


def open_alert(finding: Finding, now: datetime, context: tuple[str, ...]) -> Alert:
    """Return a new alert of a finding."""
    return Alert(
        id=make_id(finding, now),
        rule=finding.rule,
        source=finding.source,
        subject=finding.subject,
        level=finding.level,
        state="new",
        opened_at=now,
        updated_at=now,
        score=finding.score,
        size=finding.size,
        total=finding.size,
        peak_level=finding.level,
        peak_size=finding.size,
        peak_at=now,
        parts=finding.parts,
        posts=finding.posts,
        context=context,
    )


def make_id(finding: Finding, now: datetime) -> str:
    """Return an id that a person can type: rule, place, and the minute in UTC."""
    place = finding.source or finding.subject or ""
    slug = re.sub(r"[^a-z0-9]+", "-", place.casefold()).strip("-")[:40]
    if finding.subject and finding.source:
        slug += "-" + re.sub(r"[^a-z0-9]+", "-", finding.subject.casefold()).strip("-")[-24:]
    words = [finding.rule.replace("_", "-"), slug, f"{now:%y%m%d-%H%M}"]
    return "-".join(word for word in words if word)


def update(
    alert: Alert,
    finding: Finding | None,
    now: datetime,
    settings: RuleSettings,
    zone: tzinfo,
) -> tuple[Alert, EventKind | None]:
    """Return an open alert as it stands after this tick, and what to tell of it, if anything."""
    floor = settings.storm_level if alert.rule == "storm" else alert.level
    level = finding.level if finding is not None else 0
    if finding is not None and level >= floor:
        alert = _grown(alert, finding, now, settings)
        if level > alert.level:
            raised = replace(alert, level=level, state="rising", below_since=None, ceiling=0)
            return replace(raised, peak_level=max(level, alert.peak_level)), "raised"
        if level == alert.level:
            return replace(alert, below_since=None, ceiling=0, updated_at=now), None
    if alert.rule in ENDS_AT_ONCE and finding is None:
        return _closed(alert, now), "closed"
    quieter = alert if finding is None or level >= floor else replace(alert, size=finding.size)
    since = alert.below_since or now
    ceiling = max(alert.ceiling, level)
    waiting = replace(
        quieter, below_since=since, ceiling=ceiling, updated_at=now, state=_falling(quieter)
    )
    if ceiling < floor and awake(since, now, zone) >= settings.quiet_period:
        return _closed(waiting, now), "closed"
    target = max(ceiling, floor)
    if target < alert.level and awake(since, now, zone) >= HOLD:
        lowered = replace(waiting, level=target, state="falling")
        still_below = ceiling < floor
        return (
            replace(lowered, below_since=since if still_below else None, ceiling=0),
            "lowered",
        )
    return waiting, None


def _grown(alert: Alert, finding: Finding, now: datetime, settings: RuleSettings) -> Alert:
    """Take in what the finding says; the state follows from size and peak."""
    higher = finding.size > alert.peak_size
    share = (now - alert.updated_at) / USUAL_WINDOW  # sizes slide
    state: AlertState = "peak"
    if higher:
        state = "rising"
    elif finding.size < 0.7 * alert.peak_size:
        state = "falling"
    elif alert.state == "new" and now - alert.opened_at < timedelta(hours=1):
        state = "new"
    return replace(
        alert,
        state=state,
        score=max(alert.score, finding.score),
        size=finding.size,
        total=alert.total + round(finding.size * min(share, 1.0)),
        peak_size=max(alert.peak_size, finding.size),
        peak_at=now if higher else alert.peak_at,
        parts=finding.parts,
        posts=tuple(dict.fromkeys([*alert.posts[:3], *finding.posts]))[:8],
        updated_at=now,
    )


def _falling(alert: Alert) -> AlertState:
    return "falling" if alert.size < 0.7 * max(alert.peak_size, 1) else alert.state


def _closed(alert: Alert, now: datetime) -> Alert:
    return replace(alert, state="over", closed_at=now, updated_at=now)


def awake(start: datetime, end: datetime, zone: tzinfo) -> timedelta:
    """Return how much of [start, end) lay in waking hours; at night silence means nothing."""
    total = timedelta(0)
    at = start
    while at < end:
        following = min(end, at + timedelta(hours=1))
        if NIGHT_ENDS <= at.astimezone(zone).hour < NIGHT_BEGINS:
            total += following - at
        at = following
    return total


def context_of(
    events: Sequence[KnownEvent], own_posts: Sequence[tuple[str, datetime]], now: datetime
) -> tuple[str, ...]:
    """Return what may explain an alert: names of known events, uids of own fresh posts."""
    named = [
        f"event:{event.name}"
        for event in events
        if event.start - CONTEXT_REACH <= now < event.end + CONTEXT_REACH
    ]
    fresh = [f"post:{uid}" for uid, at in own_posts if now - timedelta(hours=24) <= at <= now]
    return (*named, *fresh[-3:])

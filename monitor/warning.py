"""The story of warning: load what the rules look at, let them judge, save alerts, tell events.

    store --hours, posts, gaps--> rules --findings--> life of alerts --> store, events

`raise_alerts` is what `tick` and `run` call. `Engine` is the part that a replay with its
simulated clock shares: from numbers to events, with nothing in between that is not the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

import numpy as np
from numpy.typing import NDArray

from monitor.alerts.baselines import Baselines
from monitor.alerts.lifecycle import AFTERMATH, advance, is_stormy
from monitor.alerts.observe import observe, read_signs, unknown_hour
from monitor.alerts.settings import RuleSettings
from monitor.alerts.watch import Watch
from monitor.config import Alerts, Company
from monitor.store.alerts import AlertTable
from monitor.store.database import Database, from_ms, to_ms
from monitor.store.series import SeriesTable, SourceNames
from monitor.types.alerts import Alert, Event, Finding, WarningInputs
from monitor.types.observation import Floats, Observation, Span

HOUR = timedelta(hours=1)
HOUR_MS = 3_600_000
LEARN_AT_ONCE = 7 * 24 * HOUR_MS
"""Six weeks of a thousand sources at once would be 50 MB for a moment, at every tick."""

MEMORY = timedelta(weeks=6)
"""How much of the past a tick reads: beyond it, every half-life has forgotten."""

RECENT = timedelta(hours=30)
READ = timedelta(hours=7)
"""How far back a tick reads texts: the usual window and the one before it, or the long window."""

RECENT_WHEN_BUSY = timedelta(hours=8)
BUSY_POSTS = 150_000
"""Posts in so many hours from which a tick reads only the last hours: all that storms need."""

OWN_POSTS = timedelta(days=100)


def rule_settings(alerts: Alerts, company: Company | None = None) -> RuleSettings:
    """Return the rules' settings as `[alerts]` and `[company]` wish them."""
    called = () if company is None else (company.name or "", *company.names)
    low, high = alerts.good_rate
    return RuleSettings(
        storm_level=alerts.storm_level,
        quiet_period=alerts.quiet_period,
        min_history=alerts.min_history,
        budget_per_week=alerts.budget_per_week,
        good_rate=(low / 100, high / 100),
        silent_after=alerts.silent_after,
        removed_within=alerts.removed_within,
        names=called,
    )


@dataclass(frozen=True, slots=True)
class Ticked:
    """What a tick found: the storm level 0 to 6, alerts that changed, events to tell."""

    storm_level: int
    alerts: tuple[Alert, ...]
    events: tuple[Event, ...]
    findings: tuple[Finding, ...] = ()


@dataclass
class Engine:
    """Baselines and rules of one company. Fed hour by hour; asked at any moment."""

    sources: tuple[str, ...]
    zone: tzinfo
    watch: Watch = field(default_factory=Watch)
    first_hours: NDArray[np.int64] = field(init=False)
    baselines: Baselines = field(init=False)
    _last_post: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.baselines = Baselines(len(self.sources), self.zone)
        self.first_hours = np.zeros(len(self.sources), dtype=np.int64)
        self._last_post = np.full(len(self.sources), np.nan)

    def learn_hour(
        self,
        start_ms: int,
        numbers: tuple[Floats, Floats, Floats],
        gaps: Sequence[Span],
        *,
        stormy: bool,
    ) -> None:
        """Take in a whole hour: (posts, labelled, negative) per source."""
        posts, labelled, negative = numbers
        unknown = unknown_hour(start_ms, self.first_hours, gaps)
        self.baselines.learn(from_ms(start_ms), posts, labelled, negative, unknown, stormy=stormy)
        self._last_post[posts > 0] = start_ms + HOUR_MS

    def quiet_hours(self, observation: Observation) -> Floats:
        """Return for each source for how many hours nothing came; 0 where nothing ever did."""
        at = to_ms(observation.now)
        last = self._last_post.copy()
        np.fmax.at(last, observation.posts.source, observation.posts.created.astype(float))
        quiet: Floats = np.nan_to_num((at - last) / HOUR_MS, nan=0.0)
        return np.maximum(quiet, 0.0)

    def tick(
        self,
        observation: Observation,
        alerts: Sequence[Alert],
        inputs: WarningInputs,
        own_posts: Sequence[tuple[str, datetime]] = (),
    ) -> Ticked:
        """Judge one moment: findings of all rules, and what they make of the alerts."""
        open_alerts = [alert for alert in alerts if alert.open]
        findings = self.watch.look(
            observation, self.baselines, self.quiet_hours(observation), inputs, open_alerts
        )
        outcome = advance(
            alerts,
            findings,
            observation.now,
            settings=self.watch.settings,
            zone=self.zone,
            events=inputs.events,
            own_posts=own_posts,
        )
        return Ticked(findings[0].level, outcome.changed, outcome.events, tuple(findings))


def raise_alerts(
    db: Database,
    now: datetime,
    *,
    settings: RuleSettings,
    zone: tzinfo,
    inputs: WarningInputs | None = None,
    dry_run: bool = False,
) -> list[Event]:
    """Look at the store as it is at `now`; open, raise, lower and close alerts.

    Alerts, their events and the storm level are saved in one transaction, before anybody is
    told. With `dry_run` nothing is saved. Returns the events, the gravest first.
    """
    series, table = SeriesTable(db, read_signs), AlertTable(db)
    series.refresh_hours(to_ms(now))
    sources = series.sources()
    engine = Engine(sources.names, zone, Watch(settings))
    learn_past(engine, series, table, sources, now)
    observation = load_observation(engine, series, sources, now)
    own = series.own_post_times(to_ms(now - timedelta(hours=24)), to_ms(now))
    ticked = engine.tick(
        observation,
        table.load_current(now),
        inputs or WarningInputs(),
        [(uid, from_ms(at)) for uid, at in own],
    )
    if not dry_run:
        with db.transaction():
            table.save(ticked.alerts, ticked.events)
            table.save_weather(now, ticked.storm_level)
    return list(ticked.events)


def learn_past(
    engine: Engine, series: SeriesTable, table: AlertTable, sources: SourceNames, now: datetime
) -> None:
    """Feed the engine all whole hours of the last weeks."""
    end = to_ms(now) // HOUR_MS * HOUR_MS
    engine.first_hours = series.first_hours(sources)
    if not len(engine.first_hours):
        return
    start = max(end - round(MEMORY / HOUR) * HOUR_MS, int(engine.first_hours.min()))
    if start >= end:
        return
    gaps = series.load_gaps(sources, start, end)
    storms = table.load_storm_spans(from_ms(start) - AFTERMATH)
    for begin in range(start, end, LEARN_AT_ONCE):
        hours = series.load_hours(sources, begin, min(begin + LEARN_AT_ONCE, end))
        for n in range(len(hours.posts)):
            at = begin + n * HOUR_MS
            stormy = is_stormy(storms, from_ms(at), from_ms(at + HOUR_MS))
            numbers = hours.posts[n], hours.labelled[n], hours.negative[n]
            engine.learn_hour(at, numbers, gaps_at(gaps, at), stormy=stormy)


def load_observation(
    engine: Engine, series: SeriesTable, sources: SourceNames, now: datetime
) -> Observation:
    """Return the last 30 hours as the store knows them at `now`."""
    at = to_ms(now)
    busy = series.count_posts(at - _ms(RECENT), at) > BUSY_POSTS
    start = at - _ms(RECENT_WHEN_BUSY if busy else RECENT)
    posts, platforms = series.load_posts(
        sources, start, at, seen_until=at, read_from=at - _ms(READ)
    )
    return observe(
        posts,
        now,
        sources=sources.names,
        platforms=platforms,
        gaps=series.load_gaps(sources, start, at),
        baselines=engine.baselines,
        strays=series.load_strays(sources, start, at),
        removals=series.load_removals(sources, at - _ms(engine.watch.settings.removed_within), at),
        own_posts=series.load_own_posts(to_ms(now - OWN_POSTS), at, to_ms(now - HOUR)),
        earlier=series.load_earlier_words(at),
    )


def gaps_at(gaps: Sequence[Span], hour_ms: int) -> list[Span]:
    """Return the gaps that touch an hour."""
    return [gap for gap in gaps if gap.start < hour_ms + HOUR_MS and gap.end > hour_ms]


def _ms(span: timedelta) -> int:
    return round(span.total_seconds() * 1000)

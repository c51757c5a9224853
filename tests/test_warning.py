"""The story of warning: one tick of the store, the same rules as a replay, nothing lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from communities import START, Community

from monitor.alerts.observe import read_signs
from monitor.alerts.settings import RuleSettings
from monitor.pipeline import Rejects, import_rows
from monitor.replay import replay
from monitor.store.alerts import AlertTable
from monitor.store.series import SeriesTable
from monitor.store.store import Store
from monitor.types.alerts import Alert, Event, Finding, QueueLoad, SourceHealth, WarningInputs
from monitor.warning import Engine, learn_past, raise_alerts

ZONE = ZoneInfo("Europe/Berlin")
NOON = START + timedelta(days=9, hours=10)
SETTINGS = RuleSettings()


@pytest.fixture
def community(store: Store) -> Store:
    weeks = Community(5).live(10).burst(NOON, 8, 60, (0.8, 0.15, 0.05), ramp_h=2)
    import_rows(weeks.numbered(), store, Rejects(None, "weeks"), NOON, default_source="weeks")
    return store


def tick(store: Store, at: datetime, **more: object) -> list[Event]:
    return raise_alerts(store.db, at, settings=SETTINGS, zone=ZONE, **more)  # type: ignore[arg-type]


def test_a_tick_in_a_storm_opens_and_saves_its_alert(community: Store) -> None:
    before = tick(community, NOON - timedelta(hours=2))
    assert not [event for event in before if event.alert.rule == "storm"]
    events = tick(community, NOON + timedelta(hours=3))
    (opened,) = [event for event in events if event.alert.rule == "storm"]
    assert opened.event == "opened"
    table = AlertTable(community.db)
    assert table.load(opened.alert.id) == opened.alert
    weather = table.load_weather()
    assert weather is not None
    assert weather[1] >= 3


def test_a_second_tick_of_the_same_moment_tells_nothing_new(community: Store) -> None:
    at = NOON + timedelta(hours=3)
    assert tick(community, at)
    assert tick(community, at) == []


def test_a_dry_run_saves_nothing(community: Store) -> None:
    assert tick(community, NOON + timedelta(hours=3), dry_run=True)
    assert AlertTable(community.db).load_list() == []
    assert AlertTable(community.db).load_weather() is None


def test_ticks_and_replay_tell_the_same_storm_at_the_same_time(community: Store) -> None:
    start, end = NOON - timedelta(hours=1), NOON + timedelta(hours=4)
    replayed = [
        (event.at, event.event, event.alert.level)
        for event in replay(community.db, settings=SETTINGS, zone=ZONE, start=start, end=end)
        if event.alert.rule == "storm"
    ]
    ticked: list[tuple[datetime, str, int]] = []
    at = start
    while at <= end:
        ticked += [
            (event.at, event.event, event.alert.level)
            for event in tick(community, at)
            if event.alert.rule == "storm"
        ]
        at += timedelta(minutes=15)
    assert ticked
    assert ticked == replayed


def test_a_tick_on_an_empty_store_is_calm(store: Store) -> None:
    assert tick(store, NOON) == []
    assert AlertTable(store.db).load_weather() == (NOON, 0)


def test_other_rooms_bring_their_findings(store: Store) -> None:
    inputs = WarningInputs(
        queues=(QueueLoad(queue="ideas", open=9, overdue=2),),
        health=(SourceHealth(source="forum", failing_since=NOON - timedelta(days=2)),),
        findings=(Finding(rule="campaign_suspicion", subject="mugs", level=2),),
    )
    events = tick(store, NOON, inputs=inputs)
    assert {event.alert.rule for event in events} == {
        "queue_overdue",
        "source_failed",
        "campaign_suspicion",
    }
    assert {event.event for event in tick(store, NOON + timedelta(minutes=15))} == {"closed"}


def test_the_clock_may_stand_before_the_first_post(community: Store) -> None:
    assert tick(community, datetime(2020, 1, 1, tzinfo=UTC)) == []


def usual_share(store: Store, now: datetime) -> float:
    """Return the company's usual negative share as a tick at `now` would learn it."""
    series = SeriesTable(store.db, read_signs)
    series.refresh_hours(round(now.timestamp() * 1000))
    sources = series.sources()
    engine = Engine(sources.names, ZONE)
    learn_past(engine, series, AlertTable(store.db), sources, now)
    a, b = engine.baselines.usual_share()
    return float(a[-1] / (a[-1] + b[-1]))


def test_the_aftermath_of_a_storm_does_not_become_the_usual(community: Store) -> None:
    later = NOON + timedelta(days=2)
    poisoned = usual_share(community, later)
    storm = Alert(
        id="storm", rule="storm", source=None, level=3, state="over",
        opened_at=NOON, updated_at=NOON, closed_at=NOON + timedelta(hours=6),
    )  # fmt: skip
    AlertTable(community.db).save([storm])
    assert usual_share(community, later) < poisoned - 0.03

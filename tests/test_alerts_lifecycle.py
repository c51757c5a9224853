"""The life of an alert: up at once, down late, closed when it stays quiet, told once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.alerts.lifecycle import AFTERMATH, advance, awake, context_of, is_stormy, make_id
from monitor.alerts.settings import RuleSettings
from monitor.types.alerts import Alert, Event, Finding, KnownEvent

ZONE = ZoneInfo("Europe/Berlin")
MORNING = datetime(2026, 3, 4, 8, 0, tzinfo=UTC)
STEP = timedelta(minutes=15)
BURST = Finding(rule="volume_spike", source="forum", score=2.5, size=40)


def storm(level: int, size: int = 20) -> Finding:
    return Finding(rule="storm", level=level, size=size, score=float(level))


class Life:
    """Plays findings against the clock and keeps what is told."""

    def __init__(self, settings: RuleSettings | None = None) -> None:
        self.settings = settings or RuleSettings()
        self.alerts: dict[str, Alert] = {}
        self.told: list[Event] = []
        self.now = MORNING

    def play(self, findings: Sequence[Finding], steps: int = 1) -> list[str]:
        before = len(self.told)
        for _ in range(steps):
            outcome = advance(
                list(self.alerts.values()), findings, self.now, settings=self.settings, zone=ZONE
            )
            self.alerts |= {alert.id: alert for alert in outcome.changed}
            self.told += outcome.events
            self.now += STEP
        return [event.event for event in self.told[before:]]


@pytest.mark.parametrize("level", [0, 1, 2])
def test_low_levels_open_nothing(level: int) -> None:
    assert Life().play([storm(level)]) == []


def test_the_opening_level_is_a_wish() -> None:
    assert Life(RuleSettings(storm_level=2)).play([storm(2)]) == ["opened"]
    assert Life(RuleSettings(storm_level=5)).play([storm(4)]) == []


def test_a_storm_rises_at_once_and_sinks_after_six_waking_hours() -> None:
    life = Life()
    assert life.play([storm(3)]) == ["opened"]
    assert life.play([storm(5, 60)]) == ["raised"]
    assert life.play([storm(3, 30)], steps=24) == []
    assert life.play([storm(3, 30)], steps=2) == ["lowered"]
    assert life.told[-1].alert.level == 3
    assert life.told[-1].alert.peak_level == 5


def test_a_storm_that_breathes_is_not_told_each_time() -> None:
    life = Life()
    life.play([storm(4, 40)])
    told = [life.play([storm(3 if n % 2 else 4, 40)]) for n in range(20)]
    assert not any(told)


def test_a_storm_closes_after_quiet_hours_awake() -> None:
    life = Life()
    life.play([storm(3)])
    assert life.play([storm(1, 2)], steps=24) == []
    assert life.play([storm(1, 2)], steps=2) == ["closed"]
    (alert,) = life.alerts.values()
    assert alert.state == "over"
    assert alert.closed_at is not None


def test_a_night_neither_ends_nor_lowers_a_storm() -> None:
    life = Life()
    life.now = datetime(2026, 3, 4, 21, 0, tzinfo=UTC)  # 22:00 in Berlin
    life.play([storm(4, 50)])
    life.play([storm(1, 1)], steps=4 * 10)
    assert life.play([storm(4, 50)]) == []
    assert [event.event for event in life.told] == ["opened"]


def test_states_follow_the_size() -> None:
    life = Life()
    states = []
    for size in (20, 40, 60, 58, 30):
        life.play([storm(3, size)])
        states.append(next(iter(life.alerts.values())).state)
    assert states == ["new", "rising", "rising", "peak", "falling"]


def test_one_burst_is_told_once_a_day_unless_it_is_worse() -> None:
    life = Life()
    assert life.play([BURST]) == ["opened"]
    life.play([], steps=4 * 8)
    assert life.play([BURST]) == []
    assert life.play([replace(BURST, score=9.0)]) == ["opened"]


def test_beyond_the_budget_alarms_get_dearer() -> None:
    life = Life(RuleSettings(budget_per_week=2))
    findings = [replace(BURST, source=f"s{n}", score=2.1) for n in range(5)]
    assert life.play(findings) == ["opened", "opened"]
    assert life.play([replace(BURST, source="loud", score=6.0)]) == ["opened"]


def test_the_budget_never_holds_back_a_storm() -> None:
    life = Life(RuleSettings(budget_per_week=1))
    life.play([replace(BURST, source="a"), replace(BURST, source="b")])
    assert life.play([storm(3)]) == ["opened"]


def test_an_outage_ends_with_its_cause() -> None:
    life = Life()
    failed = Finding(rule="source_failed", source="forum", score=30)
    assert life.play([failed]) == ["opened"]
    assert life.play([failed]) == []
    assert life.play([]) == ["closed"]


def test_a_post_is_praised_once() -> None:
    life = Life()
    loved = Finding(rule="engagement_high", source="page", subject="facebook:1", score=4)
    assert life.play([loved]) == ["opened"]
    life.play([], steps=4 * 8)
    assert life.play([replace(loved, score=8.0)]) == []


def test_an_id_can_be_typed() -> None:
    assert make_id(storm(3), MORNING) == "storm-260304-0800"
    assert make_id(replace(BURST, source="Acme Päge!"), MORNING) == (
        "volume-spike-acme-p-ge-260304-0800"
    )


def test_awake_hours_leave_out_the_night() -> None:
    evening = datetime(2026, 3, 4, 20, 0, tzinfo=UTC)  # 21:00 in Berlin
    assert awake(evening, evening + timedelta(hours=12), ZONE) == timedelta(hours=4)


def test_context_names_events_and_fresh_posts() -> None:
    event = KnownEvent("launch", MORNING - timedelta(hours=8), MORNING - timedelta(hours=2))
    old = KnownEvent("fair", MORNING - timedelta(days=3), MORNING - timedelta(days=2))
    posts = [("facebook:1", MORNING - timedelta(hours=3)), ("x:2", MORNING - timedelta(days=2))]
    assert context_of([event, old], posts, MORNING) == ("event:launch", "post:facebook:1")


@pytest.mark.parametrize(
    ("begin_h", "closed_h", "stormy"),
    [(-1, 80, False), (0, 80, True), (79, 80, True), (80 + 71, 80, True), (80 + 72, 80, False),
     (10 + 9, 10, True), (10 + 10, 10, False), (500, None, True)],
)  # fmt: skip
def test_a_storm_and_its_aftermath_are_not_what_is_usual(
    begin_h: int, closed_h: int | None, stormy: bool
) -> None:
    assert timedelta(hours=72) == AFTERMATH
    closed = None if closed_h is None else MORNING + timedelta(hours=closed_h)
    begin = MORNING + timedelta(hours=begin_h)
    assert is_stormy([(MORNING, closed)], begin, begin + timedelta(hours=1)) is stormy

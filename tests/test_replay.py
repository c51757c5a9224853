"""Replay: a storm is one alert, early and for stated reasons; what is no storm stays silent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from communities import FORUM, PAGE, PLACES, START, TAG, Community

from models.base import Classifier
from monitor.alerts.settings import RuleSettings
from monitor.errors import UsageError
from monitor.replay import load_file, replay
from monitor.types.alerts import Event, KnownEvent

ZONE = ZoneInfo("Europe/Berlin")
NOON = START + timedelta(days=9, hours=10)
ANGRY, HAPPY, MIXED = (0.8, 0.15, 0.05), (0.03, 0.2, 0.77), (0.2, 0.5, 0.3)


def no_classifier() -> Classifier:
    raise AssertionError("every row has labels")


def events_of(community: Community, **options: Any) -> list[Event]:
    store, deletions, imported = load_file(
        community.numbered(), "weeks", no_classifier, now=datetime(2026, 11, 1, tzinfo=UTC)
    )
    assert imported.rejected == 0
    settings = options.pop("settings", RuleSettings())
    return list(replay(store.db, settings=settings, zone=ZONE, deletions=deletions, **options))


def storms(events: list[Event]) -> list[Event]:
    return [event for event in events if event.alert.rule == "storm"]


def outage(community: Community) -> Community:
    start, end = NOON - timedelta(hours=4), NOON + timedelta(hours=8)
    for row in community.rows:
        if start <= datetime.fromisoformat(row["created_at"]) < end:
            row["seen_at"] = end.isoformat()
    for _, source in PLACES:
        community.rows.append(
            {"type": "gap", "source": source, "from": start.isoformat(), "to": end.isoformat()}
        )
    return community


HARMLESS: dict[str, Callable[[Community], Community]] = {
    "nothing at all": lambda c: c,
    "praise": lambda c: c.burst(NOON, 8, 70, HAPPY),
    "a launch": lambda c: c.burst(NOON, 12, 50, MIXED),
    "a contest": lambda c: c.burst(NOON, 12, 80, (0.04, 0.76, 0.2), [PAGE]),
    "a television evening": lambda c: c.burst(NOON, 3, 350, (0.28, 0.45, 0.27), [TAG]),
    "one troll": lambda c: c.burst(NOON, 5, 10, (1, 0, 0), [PAGE], author_id="troll", toxic=True),
    "copies by bots": lambda c: c.burst(
        NOON, 3, 80, (1, 0, 0), text="Alle wurden betrogen, boykottiert diese Firma sofort!"
    ),
    "an outage and its catch-up": outage,
}


@pytest.mark.parametrize("story", HARMLESS, ids=str)
def test_what_is_no_storm_opens_no_storm_alert(story: str) -> None:
    community = HARMLESS[story](Community(3).live(11))
    assert storms(events_of(community)) == []


def evening(mix: tuple[float, ...]) -> Community:
    """A loud evening: ten times the usual for four hours, mostly strangers, one hashtag."""
    community = Community(7).live(11)
    ordinary = len(community.rows)
    community.burst(NOON, 4, 150, mix, ramp_h=1)
    for row in community.rows[ordinary:]:
        row["text"] += " #AcmeAbend"
    return community


@pytest.mark.parametrize(
    ("mix", "alerts"),
    [((0.2, 0.5, 0.3), 0), ((0.27, 0.5, 0.23), 0), ((0.65, 0.25, 0.1), 1)],
    ids=["the usual grumbling", "half as much again", "a firestorm of the same size"],
)
def test_how_loud_an_evening_is_does_not_make_it_a_storm(
    mix: tuple[float, ...], alerts: int
) -> None:
    told = storms(events_of(evening(mix), start=NOON - timedelta(days=1)))
    opened = [event.at for event in told if event.event == "opened"]
    assert len(opened) == alerts
    assert all(at <= NOON + timedelta(hours=3) for at in opened)


@pytest.fixture(scope="module")
def stormy() -> list[Event]:
    community = Community(5).live(12).burst(NOON, 14, 60, ANGRY, ramp_h=4)
    return events_of(community)


def test_a_storm_is_one_alert_from_warning_to_all_clear(stormy: list[Event]) -> None:
    told = storms(stormy)
    assert len({event.alert.id for event in told}) == 1
    assert told[0].event == "opened"
    assert told[-1].event == "closed"
    assert told[-1].alert.state == "over"


def test_a_storm_is_told_within_three_hours_of_its_rise(stormy: list[Event]) -> None:
    opened = storms(stormy)[0]
    assert NOON < opened.at <= NOON + timedelta(hours=3)
    assert opened.alert.level >= 3


def test_a_storm_names_its_reasons(stormy: list[Event]) -> None:
    weighing = {part.part for part in storms(stormy)[0].alert.parts if part.weight > 0}
    assert {"volume", "negative_share", "new_authors"} <= weighing


def test_the_replay_never_knows_what_came_later() -> None:
    """Cutting the future off changes nothing that was told before the cut."""
    whole = Community(5).live(11).burst(NOON, 14, 60, ANGRY, ramp_h=4)
    cut = NOON + timedelta(hours=5)
    short = Community(5)
    short.rows = [r for r in whole.rows if datetime.fromisoformat(r["created_at"]) <= cut]
    until_cut = [event for event in events_of(whole) if event.at <= cut]
    assert events_of(short, end=cut) == until_cut


def test_a_post_counts_from_the_moment_it_was_seen() -> None:
    community = Community(5).live(11).burst(NOON, 6, 60, ANGRY)
    late = NOON + timedelta(hours=2)
    for row in community.rows:
        if NOON <= datetime.fromisoformat(row["created_at"]) < late:
            row["seen_at"] = late.isoformat()
    assert storms(events_of(community))[0].at >= late


def test_a_storm_without_authors_is_still_a_storm() -> None:
    community = Community(5).live(12).burst(NOON, 10, 60, ANGRY, ramp_h=2)
    for row in community.rows:
        row["author_id"] = None
    opened = storms(events_of(community))[0]
    new = next(part for part in opened.alert.parts if part.part == "new_authors")
    assert new.value is None
    assert opened.at <= NOON + timedelta(hours=3)


def test_with_little_history_no_volume_rule_fires_and_nobody_is_new() -> None:
    early = START + timedelta(days=4, hours=10)
    community = Community(5).live(6).burst(early, 8, 80, ANGRY)
    events = events_of(community)
    assert not [event for event in events if event.alert.rule == "volume_spike"]
    new = [p for e in storms(events) for p in e.alert.parts if p.part == "new_authors"]
    assert new
    assert all(part.value is None for part in new)


def test_removed_criticism_is_told_and_raises_the_storm() -> None:
    community = Community(5).live(11).burst(NOON, 10, 40, ANGRY, [FORUM], ramp_h=2)
    removed_at = NOON + timedelta(hours=4)
    for row in community.rows:
        at = datetime.fromisoformat(row["created_at"])
        if NOON < at < removed_at and row["labels"]["sentiment"] == "negative":
            row |= {"deleted_at": removed_at.isoformat(), "deleted_reason": "moderator"}
    events = events_of(community)
    told = [event for event in events if event.alert.rule == "criticism_removed"]
    assert told[0].at >= removed_at
    assert told[0].alert.source == "forum"
    assert max(event.alert.level for event in storms(events)) >= 4


def test_a_known_event_explains_a_burst_but_silences_no_storm() -> None:
    community = Community(5).live(11).burst(NOON, 8, 90, HAPPY, [PAGE])
    evening = KnownEvent("TV spot", NOON - timedelta(hours=1), NOON + timedelta(hours=12))
    silent = events_of(community, events=[evening])
    assert [e for e in events_of(community) if e.alert.rule == "volume_spike"]
    assert not [e for e in silent if e.alert.rule == "volume_spike"]
    angry = Community(5).live(11).burst(NOON, 8, 90, ANGRY, ramp_h=2)
    opened = storms(events_of(angry, events=[evening]))[0]
    assert "event:TV spot" in opened.alert.context


def test_earlier_lines_are_history(stormy: list[Event]) -> None:
    community = Community(5).live(12).burst(NOON, 14, 60, ANGRY, ramp_h=4)
    later = events_of(community, start=NOON - timedelta(hours=3))
    assert storms(later)[0].at == storms(stormy)[0].at


def test_a_misdated_post_moves_no_clock() -> None:
    community = Community(5).live(3)
    for year in ("1995", "2099"):
        community.rows.append({**community.rows[0], "native_id": year,
                               "created_at": f"{year}-01-01T00:00:00Z"})  # fmt: skip
    assert events_of(community) == []


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_almost_empty_histories_give_no_events(rows: int) -> None:
    community = Community(5).live(1)
    community.rows = community.rows[:rows]
    assert events_of(community) == []


def test_a_step_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="--step"):
        events_of(Community(5).live(1), step=timedelta(0))

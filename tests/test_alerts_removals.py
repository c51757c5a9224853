"""Removed criticism: civil posts that moderators took away while the mood is falling."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from communities import FORUM, START, Community

from models.base import Classifier
from monitor.alerts.settings import RuleSettings
from monitor.pipeline import Rejects, import_rows
from monitor.replay import load_file, replay
from monitor.store.store import Store
from monitor.types.alerts import Event
from monitor.warning import raise_alerts

ZONE = ZoneInfo("Europe/Berlin")
NOON = START + timedelta(days=14, hours=10)
MIX = (0.3, 0.5, 0.2)
MILD = (0.05, 0.5, 0.45)
HOUR = timedelta(hours=1)


def no_classifier() -> Classifier:
    raise AssertionError("every row has labels")


def criticised(
    removed_h: list[float],
    *,
    today: tuple[float, ...] = MIX,
    reason: str = "moderator",
    **labels: object,
) -> Community:
    """Return a community with critics of five days ago, each gone so many hours before noon."""
    community = Community(4).live(13).burst(NOON - 20 * HOUR, 20, 4, today, [FORUM])
    for n, hours in enumerate(removed_h):
        community.say(NOON - timedelta(days=5, hours=n), (1, 0, 0), [FORUM], f"critic{n}")
        row = community.rows[-1]
        row |= {"deleted_at": (NOON - hours * HOUR).isoformat(), "deleted_reason": reason}
        row["labels"] |= labels
    return community


def told(community: Community, **settings: object) -> list[Event]:
    store, deletions, _ = load_file(community.numbered(), "weeks", no_classifier, now=NOON)
    events = replay(
        store.db,
        settings=RuleSettings(**settings),  # type: ignore[arg-type]
        zone=ZONE,
        start=NOON - 2 * HOUR,
        end=NOON,
        deletions=deletions,
    )
    return [event for event in events if event.alert.rule == "criticism_removed"]


def test_posts_that_stood_for_days_before_they_went_are_told() -> None:
    (opened,) = told(criticised([1, 30, 100]))
    assert opened.alert.source == "forum"
    assert opened.alert.size == 3
    assert len(opened.alert.posts) == 3


@pytest.mark.parametrize(
    ("removed_h", "why"),
    [
        ([1, 30], "two are too few"),
        ([30, 40, 100], "none went today"),
        ([1, 30, 8 * 24], "one went too long ago"),
    ],
)
def test_few_or_old_removals_are_no_alert(removed_h: list[float], why: str) -> None:
    assert told(criticised(removed_h)) == [], why


def test_how_long_removals_count_together_is_a_setting() -> None:
    assert told(criticised([1, 30, 8 * 24]), removed_within=timedelta(days=10))


def test_while_people_are_kind_a_removal_is_no_alert() -> None:
    assert told(criticised([1, 30, 100], today=MILD)) == []


@pytest.mark.parametrize(
    "fields", [{"reason": "author"}, {"toxic": True}, {"sentiment": "positive"}]
)
def test_only_civil_criticism_that_moderators_took_counts(fields: dict[str, Any]) -> None:
    assert told(criticised([1, 30, 100], **fields)) == []


def test_a_tick_tells_what_a_replay_tells() -> None:
    store = Store(None)
    rows = list(criticised([1, 30, 100]).numbered())
    alive = [(n, {k: v for k, v in row.items() if not k.startswith("deleted")}) for n, row in rows]
    for lines in (alive, [(n, row) for n, row in rows if row.get("deleted_at")]):
        import_rows(lines, store, Rejects(None, "weeks"), NOON, default_source="weeks")
    foreign = raised_in(store, own=False)
    assert "criticism_removed" not in foreign, "elsewhere others moderate"
    assert "criticism_removed" in raised_in(store, own=True)


def raised_in(store: Store, *, own: bool) -> set[str]:
    store.sources.set_own({"forum": own})
    events = raise_alerts(store.db, NOON, settings=RuleSettings(), zone=ZONE, dry_run=True)
    return {event.alert.rule for event in events}

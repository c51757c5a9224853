"""When things run: each source for itself, never twice at once, on its own clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.errors import AuthError, Unavailable
from monitor.app import App
from monitor.config import Secrets, parse_settings
from monitor.errors import StoreError
from monitor.places import Places
from monitor.scheduler import build_scheduler, fetch_turn, is_due, only_one, tick_turn
from tests.conftest import NOW
from tests.fakes import FakeClassifier, FakeConnector, make_post

CONFIG = {
    "general": {"timezone": "Europe/Berlin", "digest_at": "07:30"},
    "sources": [
        {"name": "one", "platform": "fake", "interval": "10m"},
        {"name": "two", "platform": "fake", "interval": "1h"},
        {"name": "off", "platform": "fake", "enabled": False},
    ],
}


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> App:
    built = App(parse_settings(CONFIG, "test"), tmp_path / "s.db", clock=clock, secrets=Secrets({}))
    built.__dict__["classifier"] = FakeClassifier()
    connector = FakeConnector([[make_post("1", "Schlimm!")]])
    monkeypatch.setattr(Places, "connector", lambda _self, _platform: connector)
    return built


def never() -> bool:
    return False


def planned(app: App) -> dict[str, Any]:
    scheduler = build_scheduler(app, never)
    scheduler.start(paused=True)
    jobs = {job.id: job for job in scheduler.get_jobs()}
    scheduler.shutdown(wait=False)
    return jobs


def test_each_enabled_source_has_its_own_turn(app: App) -> None:
    jobs = set(planned(app))
    assert {"fetch one", "fetch two", "refresh one", "tick", "digest", "retention"} <= jobs
    assert "fetch off" not in jobs


def test_missed_turns_are_made_up_for_once(app: App) -> None:
    jobs = planned(app)
    assert all(job.coalesce and job.max_instances == 1 for job in jobs.values())
    assert jobs["fetch one"].trigger.interval == timedelta(minutes=10)
    assert 0 < jobs["fetch one"].trigger.jitter <= 60


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 29, 5, 30, tzinfo=UTC)),
        (datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2026, 10, 25, 6, 30, tzinfo=UTC)),
        (datetime(2026, 6, 1, 12, tzinfo=UTC), datetime(2026, 6, 2, 5, 30, tzinfo=UTC)),
    ],
)
def test_the_digest_goes_out_at_the_same_local_time_when_clocks_change(
    app: App, before: datetime, expected: datetime
) -> None:
    trigger = planned(app)["digest"].trigger
    due = trigger.get_next_fire_time(None, before.astimezone(ZoneInfo("Europe/Berlin")))
    assert due.astimezone(UTC) == expected


def test_a_source_that_failed_touches_no_other(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    good = FakeConnector([[make_post("1", source="two")]])
    bad = FakeConnector([], Unavailable("503", source="one"))
    one, two = app.places.sources()
    monkeypatch.setattr(Places, "connector", lambda *_: bad)
    fetch_turn(app, one, never)
    monkeypatch.setattr(Places, "connector", lambda *_: good)
    fetch_turn(app, two, never)
    states = {state.source: state.state for state in app.store.sources.states()}
    assert states == {"one": "failing", "two": "ok"}


def test_a_source_that_asked_for_rest_is_left_alone_until_then(
    app: App, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = FakeConnector([], Unavailable("429", source="one", retry_after=3600.0))
    monkeypatch.setattr(Places, "connector", lambda *_: busy)
    source = app.places.sources()[0]
    for minutes in (0, 30, 59, 61):
        clock.now = NOW + timedelta(minutes=minutes)
        fetch_turn(app, source, never)
    assert len(app.store.sources.runs_since("one", NOW - timedelta(days=1))) == 2


def test_a_source_whose_token_expired_stops_until_a_person_resumes_it(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    expired = FakeConnector([], AuthError("401", source="one"))
    monkeypatch.setattr(Places, "connector", lambda *_: expired)
    source = app.places.sources()[0]
    for _ in range(3):
        fetch_turn(app, source, never)
    assert len(app.store.sources.runs_since("one", NOW - timedelta(days=1))) == 1
    app.store.sources.resume("one")
    fetch_turn(app, source, never)
    assert len(app.store.sources.runs_since("one", NOW - timedelta(days=1))) == 2


def test_a_tick_labels_what_came_before_it_warns(app: App) -> None:
    fetch_turn(app, app.places.sources()[0], never)
    tick_turn(app, never)
    assert app.store.labels.count_unlabelled() == 0


def test_only_one_service_runs_on_a_store(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with (
        only_one(path),
        pytest.raises(StoreError, match="another `sturmglas run`"),
        only_one(path),
    ):
        pass
    with only_one(path):  # the lock ended with its holder
        pass


@pytest.mark.parametrize(
    ("state", "retry_in_s", "due"),
    [("ok", None, True), ("failing", None, True), ("failing", 60, False), ("failing", -1, True),
     ("stopped", None, False)],
)  # fmt: skip
def test_whether_a_source_is_due(state: str, retry_in_s: int | None, due: bool) -> None:
    retry_at = None if retry_in_s is None else NOW + timedelta(seconds=retry_in_s)
    assert is_due(NOW, state, retry_at) is due

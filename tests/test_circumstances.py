"""What a tick learns from other rooms becomes alerts of its own."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from connectors.errors import Unavailable
from monitor.app import App
from monitor.campaigning import Campaigning
from monitor.config import Secrets, parse_settings
from monitor.pipeline import Rejects, fetch_source
from monitor.places import Places
from tests.conftest import NOW
from tests.fakes import FakeConnector, make_post

RULES = """
name = "spring"
opens = 2026-02-01T00:00:00Z
closes = 2026-04-01T00:00:00Z
"""


class Clock:
    now = NOW

    def __call__(self):  # type: ignore[no-untyped-def]
        return self.now


@pytest.fixture
def app(tmp_path: Path) -> App:
    config = {"sources": [{"name": "one", "platform": "fake"}]}
    return App(
        parse_settings(config, "test"), tmp_path / "s.db", clock=Clock(), secrets=Secrets({})
    )


def rules(app: App) -> list[tuple[str, str]]:
    return [(event.event, event.alert.rule) for event in app.tick()]


def test_rules_that_change_while_a_campaign_runs_are_an_alert(app: App) -> None:
    story = Campaigning(app.store.db, app.keys)
    story.create(RULES, NOW - timedelta(days=2))
    story.open("spring", NOW - timedelta(days=2))
    assert ("opened", "rules_changed") not in rules(app)
    story.create(RULES + "quorum = 5\n", NOW)
    assert ("opened", "rules_changed") in rules(app)
    assert rules(app) == [], "told once"


def test_a_failing_source_is_an_alert_until_it_answers_again(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = app.clock
    monkeypatch.setattr(Places, "connector", lambda *_: FakeConnector([[make_post(source="one")]]))
    source = app.places.sources()[0]
    fetch_source(FakeConnector([[make_post(source="one")]]), source, app.store,
                 Rejects(tmp_path, "one"), clock)  # fmt: skip
    down = FakeConnector([], Unavailable("503", source="one"))
    told = []
    for hour in range(1, 30):
        clock.now = NOW + timedelta(hours=hour)  # type: ignore[attr-defined]
        fetch_source(down, source, app.store, Rejects(tmp_path, "one"), clock)
        told += rules(app)
    assert told.count(("opened", "source_failed")) == 1
    clock.now = NOW + timedelta(hours=31)  # type: ignore[attr-defined]
    fetch_source(FakeConnector([]), source, app.store, Rejects(tmp_path, "one"), clock)
    assert ("closed", "source_failed") in rules(app)

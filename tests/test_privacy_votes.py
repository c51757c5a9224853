"""Who voted, and from where, is forgotten in time; the votes and their ledger stay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.app import App
from monitor.campaigning import Campaigning
from monitor.config import parse_settings
from monitor.errors import UsageError
from monitor.publishing import check, publish
from tests.conftest import NOW
from tests.test_privacy_retention import Clock

DAY = timedelta(days=1)
VOTE = {"vote": "v", "idea": "i", "voter": "anna_77", "at": "2026-01-03T00:00:00Z",
        "ip": "192.0.2.7"}  # fmt: skip


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> Iterator[App]:
    opened = App(parse_settings({}, "test"), tmp_path / "store.db", clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def story(app: App) -> Campaigning:
    """A campaign of January, of which we have taken the votes and which was closed today."""
    story = Campaigning(app.store.db, app.keys)
    story.create(
        'name = "k"\ntitle = "K"\nopens = 2026-01-01T00:00:00Z\ncloses = 2026-02-01T00:00:00Z\n',
        NOW,
    )
    take(story, [VOTE])
    story.close("k", NOW)
    return story


def take(story: Campaigning, votes: Sequence[Mapping[str, Any]]) -> Any:
    return story.take(
        "k", ideas=[(1, {"idea": "i", "text": "t"})], votes=list(enumerate(votes)),
        refuse=lambda _rows: None, now=NOW,
    )[1]  # fmt: skip


def test_networks_of_votes_go_after_the_campaign(
    app: App, clock: Clock, story: Campaigning
) -> None:
    clock.now = NOW + 181 * DAY
    assert app.guard.retain()["networks"] == 1
    assert app.guard.retain()["networks"] == 0
    assert story.tally("k").cast == 1


def test_who_voted_is_forgotten_when_nobody_can_appeal_any_more(
    app: App, clock: Clock, story: Campaigning, tmp_path: Path
) -> None:
    clock.now = NOW + (14 + 90) * DAY
    assert app.guard.retain(dry_run=True)["voters"] == 0
    clock.now += DAY
    assert app.guard.retain(dry_run=True)["voters"] == 1
    assert app.guard.retain()["voters"] == 1
    assert app.guard.retain()["voters"] == 0
    assert story.tally("k").cast == 1
    publish(story, "k", tmp_path / "public", clock.now)
    assert check(tmp_path / "public").ok
    assert not app.guard.find("facebook:anna_77").voters
    assert take(story, [VOTE]).unchanged == 1
    assert b"anna_77" not in b"".join(file.read_bytes() for file in app.guard.beside.files())


def test_votes_that_come_after_the_voters_were_forgotten_are_refused(
    app: App, clock: Clock, story: Campaigning
) -> None:
    clock.now = NOW + 120 * DAY
    app.guard.retain()
    with pytest.raises(UsageError, match=r"\[retention\] voters"):
        take(story, [VOTE | {"vote": "w"}])
    assert story.tally("k").cast == 1


def test_votes_of_long_ago_that_are_imported_today_are_kept_for_the_audit(
    app: App, clock: Clock
) -> None:
    story = Campaigning(app.store.db, app.keys)
    story.create('name = "k"\nopens = 2011-04-01T00:00:00Z\ncloses = 2011-05-01T00:00:00Z\n', NOW)
    take(story, [VOTE | {"at": "2011-04-03T00:00:00Z"}])
    clock.now = NOW + 30 * DAY
    done = app.guard.retain()
    assert (done["networks"], done["voters"]) == (0, 0)

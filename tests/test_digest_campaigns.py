"""What a digest says of campaigns and moderation: ideas at a moment, votes, the ledger's state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.types import Account, Post
from monitor import ledger_lines
from monitor.measure.ideas import count_statuses, days_to_answer, known_at
from monitor.publishing import publish
from monitor.reporting import House, choose_period, load_campaigns, make_digest
from monitor.store.campaigns import Campaigns
from monitor.store.figures import FigureTable
from monitor.store.queue import Queue
from monitor.store.store import Store
from monitor.types.campaigns import Idea
from monitor.types.digest import CampaignFigures
from tests.campaign_cases import NOW, campaign, vote
from tests.digest_community import DAY, fill, post

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
VOTES = [vote(1, "a", "i0", 1), vote(2, "b", "i1", 2)]


def told(story, now=NOW) -> CampaignFigures:
    (figures,) = load_campaigns(story.db, choose_period("day", now.date(), now, "UTC"), now)
    return figures


def test_a_ledger_that_is_what_was_signed_is_told_so():
    story, _ = campaign(VOTES)
    assert told(story).ledger_ok is True


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE campaign_ideas SET idea = 'i9' WHERE idea = 'i0'",
        "DELETE FROM vote_blocks",
        "UPDATE ledger_events SET body = '{}' WHERE seq = 0",
        "UPDATE ledger_heads SET signature = hex(zeroblob(64))",
        "UPDATE vote_blocks SET commitments = zeroblob(length(commitments))",
    ],
)
def test_a_store_that_was_changed_from_outside_shows_in_the_digest(change: str):
    story, _ = campaign(VOTES)
    story.db.rows(change)
    assert told(story).ledger_ok is False


def test_a_ledger_too_long_for_a_digest_says_when_it_was_checked_last(tmp_path, monkeypatch):
    monkeypatch.setattr(ledger_lines, "CHECKED_AT_ONCE", 2)
    story, _ = campaign(VOTES)
    assert (told(story).ledger_ok, told(story).ledger_checked_at) == (None, None)
    publish(story, "spring", tmp_path / "account", NOW)
    assert (told(story).ledger_ok, told(story).ledger_checked_at) == (None, NOW)


def idea(number: int, status: str, created: int, answered: int | None) -> Idea:
    return Idea(
        idea=f"i{number}",
        status=status,  # type: ignore[arg-type]  # one of the statuses
        created_at=MARCH + timedelta(days=created),
        status_at=None if answered is None else MARCH + timedelta(days=answered),
    )


IDEAS = [
    idea(1, "submitted", 0, None),
    idea(2, "planned", 0, 4),
    idea(3, "declined", 2, 3),
    idea(4, "launched", 1, 30),
    idea(5, "in_review", 20, 21),
]


@pytest.mark.parametrize(
    ("day", "statuses", "days"),
    [
        (1, {"submitted": 3}, None),
        (3, {"submitted": 3, "declined": 1}, 1.0),
        (10, {"submitted": 2, "planned": 1, "declined": 1}, 2.5),
        (40, {"submitted": 1, "in_review": 1, "planned": 1, "launched": 1, "declined": 1}, 4.0),
    ],
)
def test_ideas_are_counted_as_they_stood(day: int, statuses: dict, days: float | None):
    known = known_at(IDEAS, MARCH + timedelta(days=day))
    assert count_statuses(known) == statuses
    assert days_to_answer(known) == days


def test_the_queue_of_a_past_moment_does_not_know_later_decisions(store: Store):
    queue = Queue(store.db)
    for n in range(3):
        queue.add(f"p{n}", queued_at=DAY, due_at=DAY + timedelta(hours=2))
    first, second, _third = queue.items()
    queue.decide(first, "approved", DAY + timedelta(hours=3), action="approve", by="eva", reason="")
    later = DAY + timedelta(days=1)
    queue.decide(second, "hidden", later, action="hide", by="eva", reason="insult")
    table = FigureTable(store.db)
    at = {hours: table.load_queue(DAY + timedelta(hours=hours)) for hours in (-1, 1, 4, 30)}
    assert {hours: (figures.open, figures.overdue) for hours, figures in at.items()} == {
        -1: (0, 0), 1: (3, 0), 4: (2, 2), 30: (1, 1),
    }  # fmt: skip


def test_the_reach_of_a_past_day_is_not_that_of_today(store: Store):
    fill(store)

    def star(number: int, words: str, at: datetime, followers: int) -> Post:
        return replace(post(number, words, at), author=Account(id="star", followers=followers))

    first = star(80, "Warum antwortet niemand auf meine Frage?", DAY, 90_000)
    store.ingest.save_posts([first], DAY + timedelta(hours=1))
    now = DAY + timedelta(hours=5)
    period = choose_period("day", DAY.date(), now, "UTC")

    def reach() -> set[str]:
        made = make_digest(store, House(), now, period, as_of=now)
        return {voice.quote.uid for voice in made.voices if "reach" in voice.reasons}

    assert reach() == {"facebook:80"}
    later = now + timedelta(days=9)
    store.ingest.save_posts([star(81, "Hallo?", later, 9_000_000)], later)
    assert reach() == set(), "which number was known then, nobody kept"


def test_the_campaign_s_ideas_are_those_of_the_store():
    story, _ = campaign(VOTES)
    held = Campaigns(story.db).ideas(1)
    assert told(story).ideas == len(held) == sum(told(story).statuses.values())

"""Annulment: two families, two people, a notice, an appeal; unclear means counted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.campaigns.cases import find_cases, public_words, same_person
from monitor.errors import NotFound, UsageError
from tests.campaign_cases import NOW, campaign, crowd, numbered
from tests.test_campaigns_account import ring


@pytest.fixture
def found():
    story, _ = campaign(numbered(crowd(1, 150) + ring()), number_of_ideas=12)
    return story, story.audit("spring", NOW).findings[0].finding


def line(story, idea="i3"):
    return next(line for line in story.tally("spring").lines if line.idea == idea)


def test_a_flag_takes_no_vote_away(found):
    story, _ = found
    assert line(story).annulled == 0
    assert line(story).suspicious >= 30
    assert line(story).counted == line(story).cast


def test_an_annulment_takes_two_people_and_shows_both_sums(found):
    story, finding = found
    cast = line(story).cast
    story.step("spring", "propose", finding, by="Kim", reason="ring", now=NOW)
    assert line(story).annulled == 0
    with pytest.raises(UsageError, match="another person"):
        story.step("spring", "confirm", finding, by=" kim ", reason="sure", now=NOW)
    story.step("spring", "confirm", finding, by="Lou", reason="sure", now=NOW)
    assert (line(story).cast, line(story).suspicious) == (cast, 0)
    assert line(story).counted == cast - line(story).annulled
    assert line(story).rank_cast <= line(story).rank_counted


def test_an_appeal_is_decided_by_a_third_person_and_undoes_it(found):
    story, finding = found
    for step, by in (("propose", "Kim"), ("confirm", "Lou"), ("notify", "Kim"), ("appeal", "P.")):
        story.step("spring", step, finding, by=by, reason="…", now=NOW)
    with pytest.raises(UsageError, match="another person"):
        story.step("spring", "reinstate", finding, by="Lou", reason="…", now=NOW)
    story.step("spring", "reinstate", finding, by="Sam", reason="a club", now=NOW)
    assert (line(story).annulled, line(story).suspicious) == (0, 0)


def test_an_appeal_comes_too_late_after_its_days(found):
    story, finding = found
    for step, by in (("propose", "Kim"), ("confirm", "Lou"), ("notify", "Kim")):
        story.step("spring", step, finding, by=by, reason="…", now=NOW)
    late = NOW + timedelta(days=15)
    with pytest.raises(UsageError, match="14 days"):
        story.step("spring", "appeal", finding, by="P.", reason="…", now=late)


@pytest.mark.parametrize("step", ["confirm", "notify", "appeal"])
def test_steps_cannot_be_skipped(found, step):
    story, finding = found
    with pytest.raises(UsageError, match="is flagged"):
        story.step("spring", step, finding, by="Kim", reason="…", now=NOW)


def test_one_family_is_never_enough(found):
    story, finding = found
    cases = find_cases(story.ledgers.events(1))
    body = {"finding": "f1", "idea": "i1", "families": ["burst"], "entries": [[1, 9]]}
    story.record(story.campaigns.load("spring"), "flagged", body, NOW)
    assert finding in cases
    with pytest.raises(UsageError, match="2 independent families"):
        story.step("spring", "propose", "f1", by="Kim", reason="…", now=NOW)


def test_an_unknown_finding_is_named(found):
    with pytest.raises(NotFound, match="f0"):
        found[0].step("spring", "propose", "f0", by="Kim", reason="…", now=NOW)


@pytest.mark.parametrize(("by", "reason"), [("", "x"), ("Kim", " ")])
def test_who_and_why_are_needed(found, by, reason):
    with pytest.raises(UsageError, match="--"):
        found[0].step("spring", "propose", found[1], by=by, reason=reason, now=NOW)


def test_a_second_audit_writes_nothing_new(found):
    story, _ = found
    before = story.ledgers.events(1)
    story.audit("spring", NOW)
    assert story.ledgers.events(1) == before


def test_a_jury_stands_beside_the_vote(found):
    story, _ = found
    before = [line.rank_counted for line in story.tally("spring").lines]
    story.jury("spring", "i5", rank=1, by="Chair", reason="can be built", now=NOW)
    lines = story.tally("spring").lines
    assert [line.rank_counted for line in lines] == before
    assert {line.idea: line.jury_rank for line in lines if line.jury_rank} == {"i5": 1}


def test_thresholds_are_fixed_before_and_revealed_after(found):
    from monitor.campaigning import committed

    story, _ = found
    story.close("spring", NOW)
    events = story.ledgers.events(1)
    revealed = events[-1].body
    assert committed(revealed["thresholds"], revealed["salt"]) == events[0].body["thresholds"]


def test_a_lead_that_hangs_on_doubtful_votes_is_too_close_to_call():
    votes = crowd(1, 60) + ring()
    story, _ = campaign(numbered(votes), number_of_ideas=12)
    assert not story.tally("spring").too_close
    story.audit("spring", NOW)
    counted = story.tally("spring")
    leader = counted.lines[0]
    assert counted.too_close == (
        any(other.counted >= leader.undisputed for other in counted.lines[1:])
        and leader.suspicious > 0
    )
    assert counted.too_close


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to a.b@c.example now", "write to […] now"),
        ("from 192.0.2.7", "from […]"),
        ("2001:db8:0:1::7 again", "[…] again"),
        ("call +49 30 1234567 today", "call […] today"),
        ("thanks @anna", "thanks […]"),
        ("Anna said so", "[…] said so"),
        ("36 of 2026 votes", "36 of 2026 votes"),
    ],
)
def test_public_words_hide_persons(text, masked):
    assert public_words(text, ["anna"]) == masked


def test_a_person_is_known_by_any_spelling():
    assert same_person(" Kim  Muster", "kim muster")
    assert not same_person("Kim", "Lou")

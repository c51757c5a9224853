"""Moderation: claims, decisions with reasons, undo, a second person for civil criticism."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from models.types import Utterance
from monitor.alerts.lifecycle import open_alert
from monitor.campaigning import Campaigning
from monitor.campaigns.duplicates import find_duplicates
from monitor.campaigns.priority import Facts, prioritise, suggest
from monitor.errors import NotFound, UsageError
from monitor.moderation import Moderation, funnel
from monitor.reasons import write_reasons
from monitor.store.accounts import Accounts
from monitor.store.alerts import AlertTable
from monitor.store.erasure import Erasure
from monitor.types.alerts import Finding
from monitor.types.campaigns import Idea
from tests.campaign_cases import KEYS, NOW, OPENS, RULES, campaign, rows, vote
from tests.fakes import FakeClassifier, make_post


@pytest.fixture
def desk():
    story, _ = campaign([vote(1, "a", "i0", 1), vote(2, "b", "i1", 2)])
    desk = Moderation(story)
    desk.fill(NOW)
    return desk


def status(desk, idea):
    return desk.story.campaigns.idea(idea)[1].status


def test_no_item_goes_to_two_people(desk):
    kim = desk.claim(2, by="Kim", now=NOW)
    lou = desk.claim(5, by="Lou", now=NOW)
    assert (len(kim), len(lou)) == (2, 1)
    assert not {item.item for item in kim} & {item.item for item in lou}
    with pytest.raises(UsageError, match="claimed by Kim"):
        desk.decide([str(kim[0].item)], "approve", by="Lou", reason="ok", now=NOW)


def test_a_batch_is_decided_whole_or_not_at_all(desk):
    with pytest.raises(Exception, match="item 99"):
        desk.decide(["1", "99"], "approve", by="Kim", reason="ok", now=NOW)
    assert status(desk, "i0") == "submitted"
    desk.decide(["1", "2"], "approve", by="Kim", reason="ok", now=NOW)
    assert {status(desk, "i0"), status(desk, "i1")} == {"in_review"}


def test_a_merge_moves_the_votes_and_undo_brings_them_back(desk):
    desk.decide(["i1"], "merge", by="Kim", reason="the same", now=NOW, into="i0")
    assert {line.idea: line.cast for line in desk.story.tally("spring").lines if line.cast} == {
        "i0": 2
    }
    desk.decide(["i1"], "undo", by="Lou", reason="they differ", now=NOW)
    assert (status(desk, "i1"), len(desk.items())) == ("submitted", 3)


@pytest.mark.parametrize(("by", "reason"), [("", "x"), ("Kim", "")])
def test_a_decision_needs_a_person_and_a_reason(desk, by, reason):
    with pytest.raises(UsageError, match="--by and --reason"):
        desk.decide(["1"], "reject", by=by, reason=reason, now=NOW)


def test_what_is_decided_is_not_decided_again(desk):
    desk.decide(["1"], "reject", by="Kim", reason="off topic", now=NOW)
    desk.fill(NOW)
    with pytest.raises(UsageError, match="undo that first"):
        desk.decide(["1"], "approve", by="Lou", reason="ok", now=NOW)


@pytest.fixture
def critic(store):
    """A desk over a stored post that is critical but civil: item 1."""
    store.ingest.save_posts([make_post("1", "Der Deckel ist undicht!")], NOW)
    post_id = store.db.value("SELECT id FROM posts")
    said = FakeClassifier().classify([Utterance("Der Deckel ist undicht!")])[0]
    store.labels.save([(post_id, said, False)], NOW)
    desk = Moderation(Campaigning(store.db, KEYS))
    desk.add_post("facebook:1", NOW)
    return desk


def hide(desk, by, action="hide", policy="4.2"):
    (item,) = desk.decide(["1"], action, by=by, reason="rude", policy=policy, now=NOW)
    return item.state


@pytest.mark.parametrize("action", ["hide", "reject"])
def test_civil_criticism_is_hidden_by_two_people_or_not_at_all(critic, action):
    assert hide(critic, "Kim", action) == "hide_proposed"
    for same in ("Kim", " kim "):
        with pytest.raises(UsageError, match="another person"):
            hide(critic, same, action)
    assert hide(critic, "Lou", action) in ("hidden", "rejected")


def test_hiding_civil_criticism_names_a_policy(critic):
    with pytest.raises(UsageError, match="--policy"):
        hide(critic, "Kim", policy=None)


def test_who_proposed_to_hide_cannot_do_it_alone_after_the_second_person_undid_it(critic):
    hide(critic, "Kim")
    hide(critic, "Lou")
    critic.decide(["1"], "undo", by="Lou", reason="a mistake", now=NOW)
    with pytest.raises(UsageError, match="another person"):
        hide(critic, "Kim")
    assert hide(critic, "Sam") == "hidden"


def test_a_post_becomes_an_idea_that_people_vote_on_and_its_author_can_erase(critic):
    story = critic.story
    story.create(RULES, OPENS)
    for _ in range(2):
        made = critic.take_post("facebook:1", "spring")
    assert made.text == "Der Deckel ist undicht!"
    assert "facebook" not in made.idea
    votes = rows([vote(1, "a", made.idea, 1)])
    story.take("spring", votes=votes, refuse=lambda _: None, now=NOW)
    assert [(line.idea, line.counted) for line in story.tally("spring").lines] == [(made.idea, 1)]
    assert Accounts(story.db).ideas_of(["facebook:u1"])
    assert Erasure(story.db, str).erase_ideas(["facebook:u1"]) == 1
    assert story.campaigns.idea(made.idea)[1].post_uid is None
    with pytest.raises(NotFound, match="facebook:2"):
        critic.take_post("facebook:2", "spring")


def test_what_nobody_has_labelled_yet_is_hidden_by_two_people(store):
    store.ingest.save_posts([make_post("1", "Schlimm, euer Deckel!")], NOW)
    desk = Moderation(Campaigning(store.db, KEYS))
    assert desk.add_post("facebook:1", NOW).civil_criticism
    with pytest.raises(UsageError, match="not labelled yet"):
        hide(desk, "Kim", policy=None)
    assert hide(desk, "Kim") == "hide_proposed"
    assert hide(desk, "Lou") == "hidden"


def test_joining_is_no_answer_and_an_answer_is_one_for_all_that_joined(desk):
    desk.set_idea("i1", "joined", into="i2", reason="the same", now=NOW)
    desk.set_idea("i0", "joined", into="i1", reason="the same", now=NOW)
    told = funnel(desk.story, "spring", NOW)
    assert (told.answered, told.by_status) == (0, {"submitted": 1, "joined": 2})
    desk.set_idea("i2", "declined", reason="too heavy", now=NOW)
    assert funnel(desk.story, "spring", NOW).answered == 3


def test_reasons_name_nobody_who_is_known_here(desk, tmp_path):
    desk.decide(["1"], "reject", by="Kim Muster", reason="as author0 and Herr Maier said", now=NOW)
    desk.decide(["2"], "reject", by="Lou", reason="Muster told me, mail a@b.de", now=NOW)
    path = tmp_path / "reasons.md"
    write_reasons(path, list(desk.statements()))
    for name in ("author0", "Maier", "Muster", "a@b.de"):
        assert name not in path.read_text()


def test_an_idea_gets_a_status_with_a_reason(desk):
    idea = desk.set_idea("i2", "planned", reason="for autumn", now=NOW)
    assert (idea.status, idea.status_reason) == ("planned", "for autumn")
    with pytest.raises(UsageError, match="none of"):
        desk.set_idea("i2", "maybe", reason="x", now=NOW)
    told = funnel(desk.story, "spring", NOW)
    assert (told.ideas, told.answered, told.votes_cast) == (3, 1, 2)


def test_statements_name_no_person_and_run_no_formula(desk, tmp_path):
    desk.decide(["1"], "reject", by="Kim Muster", reason="=cmd()", now=NOW)
    for suffix in (".csv", ".md"):
        path = tmp_path / f"reasons{suffix}"
        assert write_reasons(path, list(desk.statements())) == 1
        assert "Muster" not in path.read_text()
    assert "'=cmd()" in (tmp_path / "reasons.csv").read_text()


def test_a_storm_comes_before_an_insult_before_what_waits():
    storm = Facts(negative=True, storm=True)
    insult, old = Facts(toxic=0.9), Facts(age_h=100)
    assert prioritise(storm)[0] > prioritise(insult)[0] > prioritise(old)[0]
    assert prioritise(insult)[1] == ("toxic 90%",)
    assert (suggest(insult), suggest(old)) == ("hide", None)


def test_duplicates_are_proposed_for_the_earliest():
    words = "Bitte mehr Ladesäulen für Fahrräder am Bahnhof aufstellen"
    ideas = [
        Idea(idea="a", title=words),
        Idea(idea="b", title=words.upper() + "!"),
        Idea(idea="c", title="Am Bahnhof bitte mehr Ladesäulen für Fahrräder aufstellen"),
        Idea(idea="d", title="Weniger Plastik in der Verpackung"),
    ]
    found = {one.idea: (one.into, one.exact) for one in find_duplicates(ideas)}
    assert found == {"b": ("a", True), "c": ("a", False)}


def test_two_that_are_nearest_to_each_other_say_the_same_and_a_third_is_not_dragged_in():
    ideas = [Idea(idea=name, title=name * 3) for name in "abcd"]
    vectors = np.array([[1, 0], [0.9, 0.436], [0.6, 0.8], [-1, 0]], np.float32)
    found = find_duplicates(ideas, lambda texts: vectors[: len(texts)])
    assert [(one.idea, one.into, one.by) for one in found] == [("b", "a", "meaning")]


def test_what_is_alike_by_its_words_is_not_proposed_twice():
    ideas = [Idea(idea="a", title="Mehr Licht"), Idea(idea="b", title="Mehr Licht!")]
    found = find_duplicates(ideas, lambda texts: np.ones((len(texts), 1), np.float32))
    assert [(one.idea, one.into, one.by) for one in found] == [("b", "a", "text")]


@pytest.mark.parametrize(("hours_before", "of_the_storm"), [(-1, True), (5, True), (30, False)])
def test_a_storm_makes_urgent_what_was_written_in_it_and_its_rise(
    store, hours_before, of_the_storm
):
    began = NOW - timedelta(hours=2)
    written = began - timedelta(hours=hours_before)
    labels = {"sentiment": "negative", "initiator": "customer", "kind": "supply"}
    post = make_post(native_id="1", text="Why does it leak?", created_at=written, labels=labels)
    store.ingest.save_posts([post], written)
    stormy = Finding(rule="storm", level=3, score=9.0, size=20)
    AlertTable(store.db).save([open_alert(stormy, began, ())], [])
    desk = Moderation(Campaigning(store.db, KEYS))
    desk.fill(NOW)
    (item,) = desk.items()
    assert "question" in item.reasons
    assert ("storm" in item.reasons) == of_the_storm

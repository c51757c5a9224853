"""The sample community is reproducible, well-formed, and shaped like life."""

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.records import parse_record
from connectors.types import Counts, Followers, Gap, Post
from monitor.campaigns.rules import parse_rules
from monitor.config import load_settings
from monitor.demo import campaign, community
from monitor.demo.community import END, START, generate, generate_gold
from monitor.demo.phrases import load_phrases
from monitor.demo.rhythm import BERLIN
from monitor.demo.scene import GAP
from monitor.demo.storm import SEED_AT


@pytest.fixture(scope="module")
def lines():
    return list(generate())


@pytest.fixture(scope="module")
def records(lines):
    return [parse_record(line, default_source="demo") for line in lines]


@pytest.fixture(scope="module")
def posts(records):
    return [record for record in records if isinstance(record, Post)]


@pytest.fixture(scope="module")
def gold():
    return {row["id"]: row for row in generate_gold()}


def test_the_same_seed_gives_the_same_bytes(lines):
    assert [json.dumps(line) for line in generate()] == [json.dumps(line) for line in lines]


def test_another_seed_gives_other_lines(lines):
    assert list(generate(seed=2)) != lines


@pytest.mark.parametrize("seed", range(1, 6))
def test_any_seed_tells_the_whole_story(seed):
    posts = [line for line in generate(seed) if "text" in line]
    assert 2500 <= len(posts) <= 4200


def test_every_kind_of_line_is_there(records):
    assert {type(record) for record in records} == {Post, Counts, Followers, Gap}


def test_no_line_gives_labels_away(lines):
    assert not any("labels" in line or "gold" in line for line in lines)


def test_a_post_comes_twice_only_when_it_was_deleted(posts):
    for uid, times in Counter(post.uid for post in posts).items():
        versions = [post for post in posts if post.uid == uid] if times > 1 else []
        assert [post.deleted_at is None for post in versions] in ([], [True, False])


def test_parents_are_there_and_earlier(posts):
    known = {}
    for post in posts:
        if post.parent_uid:
            assert known[post.parent_uid].created_at < post.created_at
            assert post.root_uid in known
        known.setdefault(post.uid, post)


def test_everything_happens_between_start_and_end(posts):
    assert all(START <= post.created_at < END for post in posts)


def test_lines_come_in_the_order_of_time(lines):
    moments = [
        line.get("seen_at") or line.get("created_at") or line.get("at") or line.get("to")
        for line in lines
    ]
    assert moments == sorted(moments)


def test_the_night_is_quiet_and_the_evening_is_not(posts):
    hours = Counter(
        post.created_at.astimezone(BERLIN).hour for post in posts if post.created_at < SEED_AT
    )
    assert sum(hours[h] for h in range(1, 6)) * 5 < sum(hours[h] for h in range(17, 22))


def test_both_languages_are_at_home(gold):
    share = Counter(row["lang"] for row in gold.values())["de"] / len(gold)
    assert 0.35 < share < 0.65


def test_five_sources_speak(posts):
    assert len(Counter(post.source for post in posts)) == 5


def test_no_post_falls_into_the_gap(posts):
    source, start, length = GAP
    assert not any(p.source == source and start <= p.created_at < start + length for p in posts)


def test_counters_never_fall_and_name_posts_that_exist(records, posts):
    known, likes = {post.uid for post in posts}, {}
    for record in records:
        if isinstance(record, Counts):
            assert record.uid in known
            assert record.likes >= likes.get(record.uid, 0)
            likes[record.uid] = record.likes


def _storm_posts(posts, start, end):
    return sum(start <= post.created_at < end for post in posts)


def test_the_storm_starts_small_and_is_still_rising_at_the_end(posts):
    usual = _storm_posts(posts, SEED_AT - timedelta(days=3), SEED_AT) / 3
    first = _storm_posts(posts, SEED_AT, SEED_AT + timedelta(hours=24))
    last = _storm_posts(posts, END - timedelta(hours=24), END)
    assert first < 1.6 * usual
    assert last > 4 * usual
    assert _storm_posts(posts, END - timedelta(hours=3), END) >= _storm_posts(
        posts, END - timedelta(hours=6), END - timedelta(hours=3)
    )


def test_on_the_last_day_most_are_negative_and_in_the_weeks_before_few_are(posts, gold):
    def share(start, end):
        moods = [gold[p.uid]["gold"]["sentiment"] for p in posts if start <= p.created_at < end]
        return moods.count("negative") / len(moods)

    assert share(START, SEED_AT) < 0.3
    assert share(END - timedelta(hours=12), END) > 0.6


def test_the_storm_brings_new_authors_press_and_several_platforms(posts):
    before = {post.author.id for post in posts if post.created_at < SEED_AT}
    today = [post for post in posts if post.created_at >= END - timedelta(hours=12)]
    assert sum(post.author.id not in before for post in today) > 0.35 * len(today)
    assert {"facebook", "mastodon", "discourse", "rss"} <= {post.platform for post in today}


def test_deleted_criticism_was_civil_and_by_a_moderator(posts, gold):
    removed = [post for post in posts if post.deleted_at]
    assert len(removed) >= 10
    for post in removed:
        labels = gold[post.uid]["gold"]
        assert post.deleted_reason == "moderator"
        assert (labels["sentiment"], labels["toxic"]) == ("negative", False)


def test_texts_are_seldom_repeated(posts):
    texts = Counter(post.text for post in posts if post.author_role is None and not post.deleted_at)
    once = sum(times == 1 for times in texts.values())
    assert once > 0.95 * len(texts)


def test_no_placeholder_and_no_choice_is_left_in_a_text(posts):
    assert not [p.text for p in posts if re.search(r"[\[\]{}|]", p.text + (p.title or ""))]


def test_at_least_seven_hundred_texts_were_written_by_hand():
    texts = [phrase.text for phrases in load_phrases().values() for phrase in phrases]
    assert len(set(texts)) >= 700


def test_no_pool_of_texts_was_written_in_vain():
    book = community.play(seed=1).book
    assert book.pools == {pool for pool, _ in load_phrases()}


def test_gold_knows_every_post_and_speaks_the_words_of_the_codebook(posts, gold):
    assert set(gold) == {post.uid for post in posts}
    for row in gold.values():
        assert row["gold"]["sentiment"] in ("negative", "neutral", "positive")
        assert row["gold"]["initiator"] in ("company", "customer", "third_party")
        assert row["gold"]["kind"] in ("supply", "demand", "activity")


def test_the_sample_ends_on_a_sunday_evening_in_berlin():
    assert datetime(2026, 3, 22, 18, tzinfo=UTC) == END
    assert END.astimezone(BERLIN).strftime("%a %H") == "Sun 19"


def test_the_sample_brings_a_valid_configuration(posts):
    path = Path(community.__file__).with_name("config.toml")
    settings = load_settings(path)
    assert {source.name for source in settings.sources} == {post.source for post in posts}


def test_the_rules_of_the_campaign_can_be_read():
    rules = parse_rules(campaign.RULES)
    assert (rules.name, rules.opens) == (campaign.NAME, campaign.OPENS)


def test_the_campaign_has_forty_ideas_and_about_three_thousand_votes_for_them():
    ideas = {row["idea"] for row in campaign.ideas()}
    votes = list(campaign.votes())
    assert len(ideas) == campaign.IDEAS
    assert 2500 <= len(votes) <= 3500
    assert {vote["idea"] for vote in votes} <= ideas
    assert len({vote["vote"] for vote in votes}) == len(votes)
    assert all(campaign.OPENS <= datetime.fromisoformat(vote["at"]) < END for vote in votes)


def test_the_puppets_lift_their_idea_into_the_first_five():
    def rank(votes):
        order = [idea for idea, _ in Counter(vote["idea"] for vote in votes).most_common()]
        return order.index(campaign.BOUGHT) + 1

    votes = list(campaign.votes())
    assert rank(votes) <= 5
    assert rank([vote for vote in votes if not campaign.is_puppet(vote["voter"])]) > 8


def test_an_honest_office_shares_one_address():
    voters = {}
    for vote in campaign.votes():
        if not campaign.is_puppet(vote["voter"]):
            voters.setdefault(vote["ip"], set()).add(vote["voter"])
    assert max(map(len, voters.values())) == campaign.OFFICE

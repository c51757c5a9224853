"""The examiner's weeks obey their own laws: truth, form, rhythm, and nothing of the detector."""

import ast
import json
import statistics
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path

import pytest

from benchmarks import weeks
from benchmarks.weather.rhythm import ZONES
from benchmarks.weeks import (
    HARMLESS,
    KINDS,
    STORMS,
    negative_cases,
    negative_weeks,
    storm_cases,
    storm_weeks,
)
from connectors.records import parse_record
from connectors.types import Counts, Gap, Post

HOUR = timedelta(hours=1)
make_week = lru_cache(maxsize=20)(weeks.make_week)


def posts_of(week):
    records = map(parse_record, week.lines)
    return [record for record in records if isinstance(record, Post) and not record.deleted_at]


def in_week(week, posts):
    return [post for post in posts if post.created_at >= week.truth.start]


def worst_hour(posts):
    return max(Counter(post.created_at.replace(minute=0, second=0) for post in posts).values())


def negative_share(posts):
    return sum(post.labels["sentiment"] == "negative" for post in posts) / len(posts)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_arguments_give_the_same_week(kind):
    assert weeks.make_week(kind, 5, "small") == weeks.make_week(kind, 5, "small")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lang", ["de", "en"])
def test_every_line_is_accepted_and_labelled(kind, lang):
    week = make_week(kind, 2, "small", lang)
    for post in posts_of(week):
        assert post.labels["sentiment"] in ("negative", "neutral", "positive")
        assert post.labels["initiator"] in ("company", "customer", "third_party")
        assert post.labels["kind"] in ("supply", "demand", "activity")


@pytest.mark.parametrize("kind", KINDS)
def test_lines_come_in_order_of_sight_and_within_five_weeks(kind):
    week = make_week(kind, 3, "small")
    posts = posts_of(week)
    seen = [post.seen_at for post in posts]
    assert seen == sorted(seen)
    assert all(post.created_at <= post.seen_at for post in posts)
    assert week.truth.start - timedelta(days=28) <= min(post.created_at for post in posts)
    assert max(post.created_at for post in posts) < week.truth.end
    assert len({post.uid for post in posts}) == len(posts)


@pytest.mark.parametrize("kind", KINDS)
def test_a_reply_is_later_than_what_it_answers(kind):
    posts = {post.uid: post for post in posts_of(make_week(kind, 3, "small"))}
    for post in posts.values():
        if post.parent_uid in posts:
            assert posts[post.parent_uid].created_at <= post.created_at


@pytest.mark.parametrize("kind", HARMLESS)
def test_harmless_weeks_expect_none(kind):
    truth = make_week(kind, 4, "small").truth
    assert (truth.expected, truth.onset, truth.peak, truth.storm_posts) == ("none", None, None, 0)


@pytest.mark.parametrize("kind", STORMS)
@pytest.mark.parametrize("seed", range(1, 6))
def test_a_storm_rises_to_its_peak_within_the_week(kind, seed):
    truth = make_week(kind, seed, "small").truth
    assert truth.expected == "storm"
    assert truth.start < truth.onset <= truth.rise <= truth.peak <= truth.over < truth.end


@pytest.mark.parametrize("kind", STORMS)
def test_about_the_peak_of_a_storm_most_is_negative_and_much_is_written(kind):
    negative, times_usual = [], []
    for seed in range(1, 5):
        week = weeks.make_week(kind, seed, "medium")
        truth, posts = week.truth, posts_of(week)
        near = [p for p in posts if truth.peak - 2 * HOUR <= p.created_at <= truth.peak + HOUR]
        usual = [p for p in posts if p.created_at < truth.start]
        assert negative_share(near) > negative_share(usual) + 0.1
        negative.append(negative_share(near))
        times_usual.append(len(near) / 3 / (len(usual) / (28 * 24)))
    assert statistics.median(negative) > 0.5
    assert statistics.median(times_usual) > 5


def test_a_fast_storm_is_at_its_peak_sooner_than_a_slow_one():
    def climb_h(kind):
        truths = [weeks.make_week(kind, seed, "small").truth for seed in range(1, 16)]
        return statistics.median((truth.peak - truth.onset) / HOUR for truth in truths)

    assert climb_h("storm_fast") < 5 < 8 < climb_h("storm_slow")


@cache
def usual_worst_hour(kind):
    made = (weeks.make_week(kind, seed, "medium") for seed in range(1, 5))
    return statistics.median(worst_hour(in_week(week, posts_of(week))) for week in made)


@pytest.mark.parametrize("kind", ["praise_burst", "contest", "unrelated_news", "tv_evening"])
def test_some_harmless_bursts_are_as_large_as_storms(kind):
    assert usual_worst_hour(kind) > 0.6 * usual_worst_hour("storm_slow")


def test_everyday_hours_vary_more_than_chance_and_follow_the_day():
    week = make_week("quiet", 11, "medium")
    zone = ZONES["de"]
    local = [post.created_at.astimezone(zone) for post in posts_of(week)]
    evenings = Counter(at.date() for at in local if 18 <= at.hour < 21)
    counts = [evenings[day] for day in sorted(evenings)[1:-1]]
    assert statistics.variance(counts) > 1.5 * statistics.mean(counts)
    by_hour = Counter(at.hour for at in local)
    assert by_hour[20] > 5 * by_hour[3]


@pytest.mark.parametrize("seed", range(1, 6))
def test_every_eighth_to_every_third_everyday_post_is_negative(seed):
    week = make_week("quiet", seed, "medium", ("de", "en")[seed % 2])
    assert 0.09 < negative_share(posts_of(week)) < 0.3


def test_few_write_often_and_most_once():
    authors = Counter(post.author.id for post in posts_of(make_week("quiet", 1)) if post.author)
    del authors["company"]
    once = sum(count == 1 for count in authors.values())
    assert once > 0.5 * len(authors)
    assert max(authors.values()) > 25


def test_one_troll_is_one_account_with_fifty_posts():
    week = make_week("one_troll", 3)
    authors = Counter(
        post.author.id.split("-")[1]
        for post in in_week(week, posts_of(week))
        if post.created_at >= week.truth.begins and post.author.id != "company"
    )
    assert authors.most_common(1)[0][1] >= 50


def test_bot_copies_are_many_accounts_with_nearly_one_text():
    week = make_week("bot_copies", 3)
    raid = [post for post in in_week(week, posts_of(week)) if "#" in post.text]
    starts = Counter(post.text[:40] for post in raid)
    assert sum(count for _, count in starts.most_common(3)) >= 60
    assert len({post.author.id for post in raid}) >= 60


def test_an_outage_loses_one_source_and_catches_up_the_others_at_once():
    week = make_week("outage_and_catch_up", 3)
    gap = next(r for r in map(parse_record, week.lines) if isinstance(r, Gap))
    dark = [post for post in posts_of(week) if gap.start <= post.created_at < gap.end]
    assert dark
    assert not any(post.source == gap.source for post in dark)
    assert all(gap.end <= post.seen_at <= gap.end + HOUR / 4 for post in dark
               if post.source != "press")  # fmt: skip


def test_the_clocks_change_within_the_week():
    truth = make_week("clock_change", 2, "small").truth
    zone = ZONES[truth.lang]
    offsets = {(truth.start + day * 24 * HOUR).astimezone(zone).utcoffset() for day in range(7)}
    assert len(offsets) == 2


def test_few_write_about_christmas_and_all_come_back_in_january():
    week = make_week("holiday_dip", 1)
    days = Counter(post.created_at.strftime("%m-%d") for post in posts_of(week))
    assert max(days[f"12-{day}"] for day in range(24, 32)) < statistics.median(
        days[f"12-{day:02d}"] for day in range(8, 20)
    )


def test_unrelated_news_is_marked_so_nine_times_in_ten():
    week = make_week("unrelated_news", 2)
    after = [p for p in posts_of(week) if p.created_at >= week.truth.begins]
    strays = [post for post in after if not post.labels["relevant"]]
    assert len(strays) > 0.5 * len(
        [p for p in after if p.created_at < week.truth.begins + 8 * HOUR]
    )


def test_beneath_a_company_post_the_storm_shares_one_root():
    week = make_week("storm_on_company_post", 2)
    truth = week.truth
    near = [p for p in posts_of(week) if truth.rise <= p.created_at <= truth.peak]
    assert (
        Counter(post.root_id for post in near if post.root_id).most_common(1)[0][1] > len(near) / 3
    )


@pytest.mark.parametrize("size", ["small", "medium"])
def test_storms_do_not_repeat_themselves_word_for_word(size):
    week = make_week("storm_slow", 9, size)
    texts = [p.text for p in posts_of(week) if week.truth.onset <= p.created_at <= week.truth.over]
    assert len(set(texts)) > 0.88 * len(texts)


def test_negative_and_storm_cases_come_in_all_kinds_sizes_and_languages():
    for cases, kinds in ((list(negative_cases()), HARMLESS), (list(storm_cases()), STORMS)):
        assert {case.kind for case in cases} == set(kinds)
        for kind in kinds:
            assert {case.size for case in cases if case.kind == kind} == {
                "small",
                "medium",
                "large",
            }
            assert {case.lang for case in cases if case.kind == kind} == {"de", "en"}
        assert len({case.seed for case in cases}) == len(cases)


def test_the_weeks_in_turn_are_those_of_their_cases():
    case, week = next(storm_cases()), next(storm_weeks())
    assert case.make() == week
    assert next(negative_weeks()).truth.expected == "none"


def test_a_large_page_has_about_a_thousand_posts_a_day():
    posts = posts_of(weeks.make_week("quiet", 1, "large", "en"))
    assert 700 < len(posts) / 35 < 1700


def test_counters_belong_to_posts_that_were_seen():
    week = make_week("launch", 2)
    uids = {post.uid for post in posts_of(week)}
    counts = [r for r in map(parse_record, week.lines) if isinstance(r, Counts)]
    assert counts
    assert all(count.uid in uids for count in counts)


def test_the_command_writes_a_posts_file_and_the_truth_beside_it(tmp_path):
    script = Path(__file__).parents[1] / "benchmarks" / "weeks.py"
    truth = tmp_path / "truth.json"
    done = subprocess.run(
        [sys.executable, str(script), "storm_fast", "--seed", "4", "--size", "small",
         "--truth", str(truth)],
        capture_output=True, text=True, check=True, encoding="utf-8",
    )  # fmt: skip
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines == list(make_week("storm_fast", 4, "small").lines)
    told = json.loads(truth.read_text())
    assert told["expected"] == "storm"
    assert datetime.fromisoformat(told["rise"]).tzinfo


def test_the_examiner_knows_nothing_of_the_examined():
    folder = Path(__file__).parents[1] / "benchmarks"
    for file in (folder / "weeks.py", *(folder / "weather").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith(("monitor", "models", "connectors"))
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
                assert not any(name.startswith(("monitor", "models")) for name in names)

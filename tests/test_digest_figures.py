"""The figures of a day, each against a count by hand; and the same figures of a past moment."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from connectors.types import Counts, Tombstone
from monitor.digest.values import figure_values
from monitor.errors import UsageError
from monitor.reporting import House, choose_period, explain, make_digest, render
from monitor.store.store import Store
from monitor.types.digest import Digest, Period
from tests.digest_community import DAY, NOW, fill, labels, post

HOUSE = House(company="Acme", timezone="Europe/Berlin")
MONDAY = date(2026, 3, 2)


@pytest.fixture
def community(store: Store) -> Store:
    fill(store)
    return store


def the_period() -> Period:
    return choose_period("day", MONDAY, NOW, HOUSE.timezone)


def the_digest(store: Store, **options: object) -> Digest:
    return make_digest(store, HOUSE, NOW, the_period(), **options)  # type: ignore[arg-type]  # as_of


def test_every_stored_post_of_the_day_counts_as_a_post(community: Store) -> None:
    tally = the_digest(community).tally
    assert tally.posts == 14, "spam and strangers too; the one without a time is left out"
    assert (tally.spam, tally.irrelevant, tally.counted) == (1, 1, 12)
    assert tally.authors == 13
    assert sum(tally.sentiment.values()) == 12


def test_the_rate_takes_the_followers_of_that_day(community: Store) -> None:
    page = the_digest(community).sources[0]
    # 150 + 60, 0 + 1 + 2 + 3 + 4 + 5, 20 + 5; the spam's 99 likes are left out
    assert page.engagement.numerator == 250
    assert page.engagement.denominator == 5000
    assert page.engagement.value == 5.0
    assert page.engagement.band == "good"
    assert page.previous_engagement.denominator == 4000


def test_a_source_without_followers_has_no_rate(community: Store) -> None:
    forum = the_digest(community).sources[1]
    assert (forum.source, forum.engagement.value, forum.engagement.missing) == (
        "forum", None, "followers",
    )  # fmt: skip
    assert forum.coverage == 0.75


def test_comments_are_counted_where_the_platform_does_not_tell(store: Store) -> None:
    root = post(1, "Neu", DAY, "acme", likes=5)
    replies = [post(2 + n, "Oh", DAY, parent_id="1", root_id="1") for n in range(3)]
    store.ingest.save_posts([root, *replies], NOW)
    assert the_digest(store).sources[0].engagement.numerator == 8


def test_the_matrix_sums_to_the_counted_posts(community: Store) -> None:
    cells = {(c.initiator, c.kind): c for c in the_digest(community).matrix}
    assert sum(c.posts for c in cells.values()) == 12
    assert cells["customer", "demand"].posts == 1
    assert cells["customer", "supply"].sentiment["negative"] == 6
    assert cells["customer", "supply"].previous == 4


def test_questions_are_answered_by_the_company_only(community: Store) -> None:
    answers = the_digest(community).answers
    assert (answers.asked, answers.answered) == (8, 1), "six complaints, two questions"
    assert answers.median_s == 1200


def test_authors_echo_once_however_often_they_write(store: Store) -> None:
    angry = [post(n, f"Schlecht {n}", DAY, "a", labels=labels("negative")) for n in range(5)]
    happy = [post(10 + n, f"Gut {n}", DAY, f"h{n}", labels=labels("positive")) for n in range(4)]
    store.ingest.save_posts([*angry, *happy], NOW)
    assert the_digest(store).echo_balance == 3 * 4 - 10 * 1


def test_the_usual_comes_from_the_days_before_where_weekdays_are_too_few(community: Store) -> None:
    made = the_digest(community)
    assert (made.usual_by, made.posts.usual, made.posts.usual_low) == ("days", 4.0, 4)
    assert made.posts.trend == "more"


def test_a_post_of_two_sources_counts_once_in_all_and_once_in_each(store: Store) -> None:
    store.ingest.save_posts([post(1, "Hallo", DAY), post(1, "Hallo", DAY, source="search")], NOW)
    made = the_digest(store)
    assert made.tally.posts == 1
    assert [(s.source, s.posts.value) for s in made.sources] == [("acme-page", 1), ("search", 1)]


@pytest.mark.parametrize("timezone", ["Europe/Berlin", "America/New_York", "Pacific/Auckland"])
def test_the_day_begins_at_midnight_of_the_zone(store: Store, timezone: str) -> None:
    period = choose_period("day", MONDAY, NOW, timezone)
    edge = timedelta(microseconds=1)
    times = [period.start - edge, period.start, period.end - edge, period.end]
    store.ingest.save_posts([post(n, "x", at) for n, at in enumerate(times)], NOW)
    house = House(timezone=timezone)
    assert make_digest(store, house, NOW, period).tally.posts == 2


def test_every_figure_is_explained_by_as_many_posts(community: Store) -> None:
    values = figure_values(the_digest(community))
    counted = ("posts", "posts_counted", "spam", "irrelevant", "copies", "deleted", "unlabelled",
               "negative", "neutral", "positive", "ideas", "toxic", "asked", "answered",
               "posts_previous", "open_questions", "unsure")  # fmt: skip
    names = [*counted, *(n for n in values if n.startswith(("posts:", "matrix:", "lang:")))]
    for name in names:
        told = explain(community, HOUSE, NOW, name, the_period())
        assert sum(behind.value for behind in told.posts) == values[name], name


def test_a_rate_is_explained_by_its_interactions(community: Store) -> None:
    told = explain(community, HOUSE, NOW, "engagement:acme-page", the_period())
    assert sum(behind.value for behind in told.posts) == 250


def test_a_share_is_explained_by_its_numerator(community: Store) -> None:
    told = explain(community, HOUSE, NOW, "negative_share", the_period())
    assert [b.quote.uid for b in told.posts] == [f"facebook:{10 + n}" for n in range(6)]


def test_an_unknown_figure_names_the_known_ones(community: Store) -> None:
    with pytest.raises(UsageError, match="no figure of this digest; take one of posts"):
        explain(community, HOUSE, NOW, "poosts", the_period())


def test_a_past_digest_comes_out_again_byte_for_byte(community: Store) -> None:
    before = render(the_digest(community, as_of=NOW), "json", "de")
    later = NOW + timedelta(hours=5)
    community.ingest.save_posts([post(90, "Nachzügler", DAY, "z", seen_at=later)], later)
    community.ingest.save_counts([Counts("facebook:1", later, likes=900, replies=70)])
    community.labels.correct("facebook:10", "sentiment", "positive", "eva", later)
    community.ingest.save_posts(
        [post(91, "Jetzt die Antwort", later, "acme", author_role="company", parent_id="23")], later
    )
    now_told = render(the_digest(community), "json", "de")
    assert now_told != before
    assert render(the_digest(community, as_of=NOW), "json", "de") == before


def test_figures_stay_when_the_origin_deletes_and_only_the_words_go(community: Store) -> None:
    before = figure_values(the_digest(community))
    community.ingest.save_tombstones([Tombstone("facebook:10", NOW), Tombstone("facebook:21", NOW)])
    after = figure_values(the_digest(community))
    gone = {"deleted": 2, "open_questions": before["open_questions"] - 1}  # type: ignore[operator]  # an int
    assert after == before | gone
    assert "Nummer 0" not in render(the_digest(community), "text", "de")


def test_copies_stay_out_of_moods_and_are_told(community: Store) -> None:
    text = "Ein langer Satz, den jemand anders schon geschrieben hat, Wort für Wort."
    community.ingest.save_posts(
        [post(50, text, DAY, "k1"), post(51, text, DAY + timedelta(hours=1), "k2")], NOW
    )
    community.db.connection.execute(
        "UPDATE labels SET copy = 1 WHERE post_id = (SELECT id FROM posts WHERE native_id = '51')"
    )
    tally = the_digest(community).tally
    assert (tally.posts, tally.copies, tally.counted) == (16, 1, 13)


def test_an_empty_store_gives_a_quiet_digest_that_says_so(store: Store) -> None:
    made = the_digest(store)
    assert (made.weather, made.tally.posts) == ("quiet", 0)
    assert made.reasons[0].code == "no_posts"
    for form in ("text", "markdown", "html", "slack", "json"):
        assert render(made, form, "de")  # type: ignore[arg-type]  # one of the forms


def test_weeks_and_months_hold_their_days(community: Store) -> None:
    week = choose_period("week", MONDAY, NOW, HOUSE.timezone)
    made = make_digest(community, HOUSE, NOW, week)
    assert made.tally.posts == 14
    assert made.previous.posts == 28
    month = choose_period("month", date(2026, 2, 10), NOW, HOUSE.timezone)
    assert make_digest(community, HOUSE, NOW, month).tally.posts == 24

"""Saving: nothing is lost, nothing doubled, unknown never overwrites a number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.types import Account, Counts, Followers, Gap, Page, Tombstone
from monitor.store.merging import text_key
from monitor.store.store import Store
from monitor.types.posts import Saved
from monitor.types.roles import Roles
from tests.conftest import NOW
from tests.fakes import make_post


def test_a_second_arrival_changes_nothing(store: Store) -> None:
    assert store.ingest.save_posts([make_post()], NOW) == Saved(new=1)
    assert store.ingest.save_posts([make_post()], NOW) == Saved(unchanged=1)


@pytest.mark.parametrize(
    "labels",
    [
        {"sentiment": "negative", "idea": False},
        {"sentiment": "negative", "initiator": "customer", "kind": "supply", "idea": False},
    ],
    ids=["some", "all"],
)
def test_labels_of_a_row_change_nothing_again_and_never_a_persons_word(
    store: Store, labels: dict[str, object]
) -> None:
    post = make_post(labels=labels)
    store.ingest.save_posts([post], NOW)
    assert store.ingest.save_posts([post], NOW).updated == 0
    store.labels.correct(post.uid, "sentiment", "positive", "anna", NOW)
    assert store.ingest.save_posts([post], NOW).updated == 0
    assert store.labels.corrected(post.uid)["sentiment"] == "positive"
    changed = make_post(labels=labels | {"idea": True})
    assert store.ingest.save_posts([changed], NOW).updated == 1
    assert store.labels.corrected(post.uid)["sentiment"] == "positive"
    given = next(iter(store.posts.newest())).labels
    if given is not None:
        assert (given.sentiment, given.idea) == ("positive", True)


def test_a_post_found_through_two_sources_is_one_post_seen_by_both(store: Store) -> None:
    store.ingest.save_posts([make_post(), make_post(source="mentions")], NOW)
    assert store.posts.count() == 1
    assert [p.uid for p in store.posts.newest(source="mentions")] == ["facebook:1"]
    assert [p.uid for p in store.posts.newest(source="acme-page")] == ["facebook:1"]


def test_unknown_never_overwrites_a_number(store: Store) -> None:
    store.ingest.save_posts([make_post(likes=3, replies=1)], NOW)
    store.ingest.save_counts([Counts("facebook:1", NOW, likes=None, replies=4)])
    post = store.posts.load("facebook:1")
    assert post is not None
    assert (post.likes, post.replies, post.shares) == (3, 4, None)


def test_counts_are_a_series_from_which_any_moment_can_be_read(store: Store) -> None:
    store.ingest.save_posts([make_post(likes=0)], NOW)
    later = NOW + timedelta(hours=1)
    store.ingest.save_counts([Counts("facebook:1", later, likes=9)])
    store.ingest.save_counts([Counts("facebook:1", NOW, likes=5)])
    post = store.posts.load("facebook:1")
    assert post is not None
    assert [look.likes for look in store.posts.counts(post.id)] == [0, 5, 9]
    assert post.likes == 9, "an older look never replaces a newer one"


def test_an_edit_keeps_the_former_text_and_asks_for_new_labels(store: Store) -> None:
    store.ingest.save_posts([make_post(text="alt")], NOW)
    edited = make_post(text="neu", edited_at=NOW)
    assert store.ingest.save_posts([edited], NOW) == Saved(updated=1)
    post = store.posts.load("facebook:1")
    assert post is not None
    assert (post.text, post.edited_at) == ("neu", NOW)
    assert [text for _, _, text in store.posts.versions(post.id)] == ["alt"]
    assert [p.uid for p in store.posts.search("neu")] == ["facebook:1"]
    assert store.posts.search("alt") == []


def test_an_older_version_never_replaces_a_newer_text(store: Store) -> None:
    store.ingest.save_posts([make_post(text="neu", edited_at=NOW)], NOW)
    assert store.ingest.save_posts([make_post(text="alt")], NOW) == Saved(unchanged=1)
    post = store.posts.load("facebook:1")
    assert post is not None
    assert post.text == "neu"


def test_a_deletion_leaves_a_tombstone_without_any_text(store: Store) -> None:
    store.ingest.save_posts([make_post(text="Geheimnis eins zwei", raw={"x": "Geheimnis"})], NOW)
    assert store.ingest.save_tombstones([Tombstone("facebook:1", NOW, "author")]) == 1
    post = store.posts.load("facebook:1")
    assert post is not None
    assert (post.text, post.deleted_reason) == ("", "author")
    assert store.posts.search("Geheimnis") == []
    dump = "\n".join(store.db.connection.iterdump())
    assert "Geheimnis" not in dump


def test_a_tombstone_is_not_revived_by_an_old_file_but_by_a_later_look(store: Store) -> None:
    store.ingest.save_posts([make_post()], NOW)
    store.ingest.save_tombstones([Tombstone("facebook:1", NOW)])
    store.ingest.save_posts([make_post()], NOW + timedelta(days=1))
    post = store.posts.load("facebook:1")
    assert post is not None
    assert post.text == ""
    store.ingest.save_posts([make_post()], NOW + timedelta(days=1), live=True)
    post = store.posts.load("facebook:1")
    assert post is not None
    assert (post.text, post.deleted_at) == ("Der Deckel ist undicht.", None)


def test_a_page_and_its_cursor_are_saved_together_or_not_at_all(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_stones: object) -> int:
        raise RuntimeError("power cut")

    monkeypatch.setattr(store.ingest, "save_tombstones", fail)
    with pytest.raises(RuntimeError):
        store.ingest.save_page("acme-page", Page(posts=(make_post(),), cursor={"at": 1}), NOW)
    assert store.posts.count() == 0
    assert store.ingest.load_cursor("acme-page") is None


def test_a_cursor_is_echoed_back_as_it_was(store: Store) -> None:
    cursor = {"since": "109", "until": None, "ü": [1, 2.5]}
    store.ingest.save_page("acme-page", Page(cursor=cursor), NOW)
    assert store.ingest.load_cursor("acme-page") == cursor


@pytest.mark.parametrize(
    ("given_role", "account", "platform", "expected"),
    [
        ("company", "u1", "facebook", "company"),
        (None, "acme", "facebook", "company"),
        (None, "u1", "facebook", "customer"),
        (None, "blog", "rss", "third_party"),
        (None, None, "rss", "third_party"),
        ("moderator", "acme", "facebook", "unknown"),
        ("customer", "acme", "facebook", "customer"),
    ],
)
def test_the_role_comes_from_the_row_then_the_config_then_is_customer(
    store: Store, given_role: str | None, account: str | None, platform: str, expected: str
) -> None:
    author = Account(id=account) if account else None
    post = make_post(platform=platform, author=author, author_role=given_role)
    store.ingest.save_posts([post], NOW)
    held = store.posts.load(post.uid)
    assert held is not None
    assert held.role == expected


def test_an_author_known_by_name_alone_is_still_somebody(store: Store) -> None:
    guest = Account(name="Gast am Abend")
    store.ingest.save_posts([make_post(str(n), author=guest) for n in range(2)], NOW)
    post = store.posts.load("facebook:0")
    assert post is not None
    assert (post.author_name, post.author_key) == ("Gast am Abend", "facebook:~Gast am Abend")
    assert store.db.value("SELECT count(*) FROM authors") == 1


def test_a_change_of_the_config_changes_roles_of_posts_that_are_held(store: Store) -> None:
    store.ingest.save_posts([make_post(), make_post("2", author_role="customer")], NOW)
    store.ingest.roles = Roles(company=("facebook:u1",))
    assert store.ingest.resolve_roles() == 1
    held = store.posts.load("facebook:1")
    kept = store.posts.load("facebook:2")
    assert held is not None
    assert kept is not None
    assert (held.role, kept.role) == ("company", "customer")


def test_followers_are_read_as_of_a_moment(store: Store) -> None:
    store.ingest.save_followers(
        [Followers("acme-page", NOW, 100), Followers("acme-page", NOW + timedelta(days=1), 200)]
    )
    read = store.sources.followers
    assert read("acme-page", NOW - timedelta(seconds=1)) is None
    assert read("acme-page", NOW + timedelta(hours=5)) == 100
    assert read("acme-page", NOW + timedelta(days=9)) == 200


def test_overlapping_gaps_are_counted_once_in_the_coverage(store: Store) -> None:
    day = datetime(2026, 3, 1, tzinfo=UTC)
    hour = timedelta(hours=1)
    store.ingest.save_gaps(
        [Gap("s", day + 2 * hour, day + 8 * hour), Gap("s", day + 5 * hour, day + 14 * hour)]
    )
    assert store.sources.coverage("s", day, day + 24 * hour) == pytest.approx(0.5)
    assert store.sources.coverage("s", day + 20 * hour, day + 24 * hour) == 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (
            "Boykottiert diese Firma, jetzt und für immer!",
            "boykottiert diese firma jetzt und für immer",
            True,
        ),
        (
            "Boykottiert diese Firma, jetzt und für immer!",
            "Unterstützt diese Firma, jetzt und für immer",
            False,
        ),
    ],
)
def test_a_copy_is_told_by_its_words_alone(one: str, other: str, same: bool) -> None:
    assert (text_key(one) == text_key(other)) is same


def test_short_texts_are_no_copies_of_each_other() -> None:
    assert text_key("Danke!") is None


LOOKS = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.integers(0, 50),
        st.one_of(st.none(), st.integers(0, 9)),
        st.sampled_from(["alt", "neu", "neuer"]),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(LOOKS, st.randoms())
def test_whatever_the_order_each_post_is_held_once_and_no_number_is_lost(
    looks: list[tuple[int, int, int | None, str]], rnd: object
) -> None:
    store = Store(None)
    posts = [
        make_post(str(i), text, likes=likes, seen_at=NOW + timedelta(minutes=minute))
        for i, minute, likes, text in looks
    ]
    saved = store.ingest.save_posts(posts, NOW)
    assert saved.new == store.posts.count() == len({i for i, *_ in looks})
    assert saved.new + saved.updated + saved.unchanged == len(looks)
    for i in {i for i, _, likes, _ in looks if likes is not None}:
        post = store.posts.load(f"facebook:{i}")
        assert post is not None
        assert post.likes is not None
    store.close()

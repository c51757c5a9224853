"""Reading posts: lists, search, threads; what a query means is never left to SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.types import Account, Tombstone
from monitor.errors import UsageError
from monitor.store.store import Store
from tests.conftest import NOW
from tests.fakes import make_post


def uids(posts: list[object]) -> list[str]:
    return [post.uid for post in posts]  # type: ignore[attr-defined]


def test_posts_come_newest_first_and_those_without_a_time_last(store: Store) -> None:
    store.ingest.save_posts(
        [
            make_post("1", created_at=None),
            make_post("2", created_at=NOW - timedelta(days=1)),
            make_post("3", created_at=NOW),
        ],
        NOW,
    )
    assert uids(store.posts.newest()) == ["facebook:3", "facebook:2", "facebook:1"]
    assert uids(store.posts.newest(since=NOW)) == ["facebook:3"]
    assert uids(store.posts.newest(until=NOW)) == ["facebook:2"]


def test_a_phrase_a_beginning_and_an_umlaut_are_found(store: Store) -> None:
    store.ingest.save_posts(
        [make_post("1", "Der Deckel ist undicht"), make_post("2", "Undichter Verschluss, Grüße")],
        NOW,
    )
    assert uids(store.posts.search('"deckel ist"')) == ["facebook:1"]
    assert set(uids(store.posts.search("undicht*"))) == {"facebook:1", "facebook:2"}
    assert uids(store.posts.search("gruße")) == ["facebook:2"]


def test_a_search_without_a_word_is_refused(store: Store) -> None:
    with pytest.raises(UsageError, match="at least one word"):
        store.posts.search(' " - * ')


@pytest.fixture(scope="module")
def one_post() -> Iterator[Store]:
    opened = Store(None)
    opened.ingest.save_posts([make_post()], NOW)
    yield opened
    opened.close()


@settings(max_examples=200, deadline=None)
@given(query=st.text(max_size=40))
def test_no_query_that_a_person_may_type_breaks_the_search(one_post: Store, query: str) -> None:
    try:
        assert isinstance(one_post.posts.search(query), list)
    except UsageError:
        assert not any(sign.isalnum() for sign in query)


def test_a_reply_to_a_deleted_post_keeps_its_thread(store: Store) -> None:
    store.ingest.save_posts(
        [
            make_post("1", "Anfang"),
            make_post("2", "Mitte", parent_id="1", root_id="1"),
            make_post("3", "Ende", parent_id="2", root_id="1"),
        ],
        NOW,
    )
    store.ingest.save_tombstones([Tombstone("facebook:2", NOW)])
    last = store.posts.load("facebook:3")
    assert last is not None
    assert [p.text for p in store.posts.above(last)] == ["Anfang", ""]
    assert len(store.posts.thread(last)) == 3


def test_a_root_that_came_later_is_found_all_the_same(store: Store) -> None:
    store.ingest.save_posts([make_post("3", parent_id="2", root_id="1")], NOW)
    store.ingest.save_posts([make_post("1", "Anfang")], NOW)
    last = store.posts.load("facebook:3")
    assert last is not None
    assert uids(store.posts.above(last)) == ["facebook:1"]


def test_the_companys_own_answers_are_no_copies(store: Store) -> None:
    text = "Danke für den Hinweis, bitte schreib uns eine Nachricht."
    store.ingest.save_posts(
        [
            make_post(
                str(n), text, author=Account(id="acme"), created_at=NOW + n * timedelta(hours=1)
            )
            for n in range(3)
        ],
        NOW,
    )
    ids = [p.id for n in range(3) if (p := store.posts.load(f"facebook:{n}"))]
    assert store.posts.copies(ids) == set()


def test_every_post_is_walked_through_once(store: Store) -> None:
    store.ingest.save_posts([make_post(str(n)) for n in range(4_100)], NOW)
    walked = [post.uid for post, _raw in store.posts.each()]
    assert len(walked) == len(set(walked)) == 4_100

"""Walks that are cut, disturbed and lied to, and lose nothing."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.backward import Backward, walk_several
from connectors.errors import BadResponse, Unavailable
from connectors.paging import Listing, Step, make_page, walk_forward
from connectors.types import Post

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def backward(**changes: Any) -> Backward:
    given_walk = {"key": lambda raw: datetime.fromisoformat(raw["at"]), "now": NOW, "source": "s"}
    return Backward(**{**given_walk, **changes})


def record(minute: int) -> dict[str, Any]:
    return {"n": minute, "at": (NOW - timedelta(days=1) + timedelta(minutes=minute)).isoformat()}


def listing_of(records: list[dict[str, Any]], size: int = 5) -> Any:
    """Newest first, by key: what comes and goes moves nothing else."""

    def piece(place: Any) -> Listing:
        below = [
            r
            for r in sorted(records, key=lambda r: r["n"], reverse=True)
            if place is None or r["n"] < place
        ][:size]
        return Listing(below, below[-1]["n"] if len(below) == size else None)

    return piece


@given(
    st.lists(st.lists(st.integers(0, 600), max_size=12), min_size=1, max_size=8),
    st.lists(st.integers(1, 4), min_size=8, max_size=8),
)
def test_however_a_walk_is_cut_nothing_is_lost(arrivals: list[list[int]], cuts: list[int]) -> None:
    """Posts arrive newer and newer, each run is cut after some pages; the last one is not."""
    records: list[dict[str, Any]] = []
    seen: set[int] = set()
    cursor, top = None, 0
    for batch, cut in zip(arrivals, cuts, strict=False):
        for offset in sorted(set(batch)):
            records.append(record(top + offset + 1))
        top = max((r["n"] for r in records), default=0)
        walk = backward(now=NOW + timedelta(days=30)).walk(listing_of(records), cursor)
        for number, step in enumerate(walk, start=1):
            seen |= {r["n"] for r in step.items}
            cursor = json.loads(json.dumps(step.cursor))
            if number == cut:
                break
    for _ in range(200):
        steps = list(
            backward(now=NOW + timedelta(days=30), max_pages=3).walk(listing_of(records), cursor)
        )
        seen |= {r["n"] for step in steps for r in step.items}
        cursor = json.loads(json.dumps(steps[-1].cursor))
        if "top" not in cursor:
            break
    seen |= {
        r["n"]
        for s in backward(now=NOW + timedelta(days=30)).walk(listing_of(records), cursor)
        for r in s.items
    }
    assert seen == {r["n"] for r in records}


def test_a_post_from_the_future_does_not_hide_what_comes_until_then() -> None:
    records = [record(1), {"n": 9000, "at": "2090-01-01T00:00:00+00:00"}]
    *_, last = backward().walk(listing_of(records), None)
    assert datetime.fromisoformat(last.cursor["mark"]) <= NOW
    records.append(record(5))
    found = backward().walk(listing_of(records), last.cursor)
    assert 5 in {r["n"] for step in found for r in step.items}


def test_pinned_old_posts_on_top_stop_nothing() -> None:
    records = [record(n) for n in range(20)]
    *_, last = backward().walk(listing_of(records), None)
    new = [record(n) for n in range(100, 112)]

    def pinned(place: Any) -> Listing:
        piece = listing_of(records + new)(place)
        return Listing(
            [record(0), record(1), *piece.items] if place is None else piece.items, piece.next
        )

    found = {r["n"] for step in backward().walk(pinned, last.cursor) for r in step.items}
    assert found >= {r["n"] for r in new}


def test_places_in_circles_are_reported() -> None:
    def piece(place: Any) -> Listing:
        return Listing([record(5)], {None: "a", "a": "b", "b": "a"}[place])

    with pytest.raises(BadResponse, match="circles"):
        list(backward().walk(piece, None))


def test_an_empty_piece_in_the_middle_is_no_end() -> None:
    pieces = {None: Listing([record(9)], "a"), "a": Listing([], "b"), "b": Listing([record(1)])}
    steps = list(backward().walk(pieces.__getitem__, None))
    assert [r["n"] for step in steps for r in step.items] == [9, 1]


def test_a_page_cap_is_kept_and_the_rest_read_next_time() -> None:
    records = [record(n) for n in range(40)]
    first = list(backward(max_pages=3).walk(listing_of(records), None))
    assert len(first) == 3
    rest = list(backward(max_pages=20).walk(listing_of(records), first[-1].cursor))
    assert {r["n"] for step in first + rest for r in step.items} == set(range(40))


def numbers(steps: Iterable[Step]) -> list[int]:
    return [raw["n"] for step in steps for raw in step.items]


def test_a_backlog_waits_for_what_is_new_and_is_not_forgotten() -> None:
    records = [record(n) for n in range(60)]
    first = list(backward(max_pages=2).walk(listing_of(records), None))
    records += [record(n) for n in (100, 101)]
    second = list(backward(max_pages=4).walk(listing_of(records), first[-1].cursor))
    assert numbers(second[:1]) == [101, 100, 59, 58, 57]
    assert numbers(second[1:]) == list(range(49, 34, -1))
    third = list(backward().walk(listing_of(records), second[-1].cursor))
    assert set(numbers(third)) >= set(range(35))
    assert "top" not in third[-1].cursor


def test_a_cut_look_is_finished_before_the_next_one_begins() -> None:
    records = [record(n) for n in range(60)]
    cursor = [*backward(max_pages=2).walk(listing_of(records), None)][-1].cursor
    seen = set(range(50, 60))
    for run in range(1, 40):  # a piece a run, and more arrives than that, for a while
        if run < 8:
            records += [record(100 * run + n) for n in range(7)]
        steps = list(backward(max_pages=1).walk(listing_of(records), cursor))
        seen |= set(numbers(steps))
        cursor = json.loads(json.dumps(steps[-1].cursor))
    assert seen == {r["n"] for r in records}


def test_a_place_that_expired_between_two_runs_means_to_begin_again() -> None:
    records = [record(n) for n in range(40)]
    cut = list(backward(max_pages=2).walk(listing_of(records), None))[-1].cursor

    def forgetful(place: Any) -> Listing:
        if place == cut["next"] and not asked:
            asked.append(place)
            raise BadResponse("400: no such page token")
        return listing_of(records)(place)

    asked: list[Any] = []
    steps = list(backward().walk(forgetful, cut))
    assert asked
    assert set(numbers(steps)) == set(range(40))


def test_an_answer_that_cannot_be_read_in_this_run_is_no_expired_place() -> None:
    def broken(place: Any) -> Listing:
        if place is not None:
            raise BadResponse("the API has changed")
        return listing_of([record(n) for n in range(40)])(None)

    with pytest.raises(BadResponse, match="changed"):
        list(backward().walk(broken, None))


def test_a_first_walk_of_a_quiet_place_brings_its_newest_posts_and_no_more() -> None:
    records = [record(n) for n in range(100)]
    steps = list(backward(since=NOW).walk(listing_of(records), None))
    assert len(steps) == 5
    second = list(backward(since=NOW).walk(listing_of(records), steps[-1].cursor))
    assert len(second) == 1


def test_a_thread_is_read_when_it_has_grown_and_not_again() -> None:
    asked: list[str] = []
    size = {"value": 2}

    def thread(name: str, place: Any) -> Listing:
        asked.append(name)
        return Listing([])

    def run(cursor: Any) -> Any:
        steps = list(
            backward(overlap=timedelta(days=2)).walk(
                listing_of([record(1)]), cursor, lambda raw: ("t", size["value"]), thread
            )
        )
        return steps[-1].cursor

    cursor = run(run(None))
    assert asked == ["t"]
    size["value"] = 3
    run(cursor)
    assert asked == ["t", "t"]


def test_a_thread_that_always_fails_holds_up_nothing_for_ever() -> None:
    read: list[str] = []

    def thread(name: str, place: Any) -> Listing:
        if name == "bad":
            raise Unavailable("500 from its thread")
        read.append(name)
        return Listing([])

    def name_of(raw: Any) -> tuple[str, int]:
        return ("bad" if raw["n"] == 7 else str(raw["n"]), 1)

    records, cursor = [record(n) for n in range(8)], None
    for _ in range(8):
        with contextlib.suppress(Unavailable):
            for step in backward().walk(listing_of(records), cursor, name_of, thread):
                cursor = step.cursor
    assert "top" not in cursor
    assert sorted(read) == [str(n) for n in range(7)]


def test_a_forward_walk_turns_pages_only_inside_of_one_key() -> None:
    asked: list[tuple[Any, int]] = []
    keys = [1, 1, 1, 1, 1, 2, 3, 3]

    def listing(after: Any, page: int) -> Listing:
        asked.append((after, page))
        rest = [k for k in keys if after is None or k >= after][(page - 1) * 2 :]
        return Listing([{"k": k} for k in rest[:2]], len(rest) > 2)

    steps = list(walk_forward(listing, lambda raw: raw["k"], None))
    assert [r["k"] for s in steps for r in s.items].count(3) >= 2
    assert {r["k"] for s in steps for r in s.items} == {1, 2, 3}
    assert steps[-1].cursor == {"after": 3, "page": 1}


def test_listings_take_turns_when_runs_are_always_cut() -> None:
    def walk(name: str) -> Any:
        return lambda cursor: backward().walk(listing_of([record(1)]), cursor)

    cursor, seen = None, []
    for _ in range(4):
        name, step = next(walk_several({"a": walk("a"), "b": walk("b")}, cursor))
        seen.append(name)
        cursor = step.cursor
    assert seen == ["a", "b", "a", "b"]


def test_a_record_that_breaks_the_parser_is_kept_and_a_bug_is_not_hidden() -> None:
    def parse(raw: Any) -> Post:
        return Post(platform="p", source="s", native_id=raw["id"], text=raw["text"])

    page = make_page([{"id": "1", "text": "a"}, {"id": "2"}, None, "x"], parse, None)
    assert [post.native_id for post in page.posts] == ["1"]
    assert len(page.rejected) == 3

    def broken(raw: Any) -> Post:
        raise RuntimeError("a bug of ours")

    with pytest.raises(RuntimeError):
        make_page([{}], broken, None)

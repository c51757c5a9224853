"""Walks that are cut, disturbed and lied to, and lose nothing."""

from __future__ import annotations

import contextlib
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from connector_cases.github import CASE as GITHUB
from connector_cases.mastodon import CASE as MASTODON
from connector_cases.world import START, Case
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import BadResponse, Unavailable
from connectors.paging import Backward, Listing, make_page, walk_forward, walk_several
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


@pytest.mark.parametrize("case", [MASTODON, GITHUB], ids=lambda case: case.platform)
def test_a_month_of_trouble_loses_no_post(case: Case, tmp_path: Path) -> None:
    """A simulated month: 429 with short and long waits, 5xx, time-outs, runs that die anywhere."""
    chance = random.Random(7)
    world = case.world(tmp_path)
    world.now = START + timedelta(hours=1)
    plain_serve = world.handle

    def moody(request: httpx.Request) -> httpx.Response:
        mood = chance.random()
        if mood < 0.05:
            return httpx.Response(429, headers={"Retry-After": str(chance.choice([3, 900]))})
        if mood < 0.10:
            return httpx.Response(chance.choice([500, 502, 503]), html="<p>down</p>")
        if mood < 0.14:
            raise httpx.ReadTimeout("too slow", request=request)
        return plain_serve(request)

    world.handle = moody  # type: ignore[method-assign]
    traffic = world.traffic()
    cursor, seen, number = None, set(), 1000
    while world.now < START + timedelta(days=30):
        world.now += timedelta(minutes=chance.choice([15, 15, 60, 400]))
        for _ in range(chance.choice([0, 1, 3, 30])):
            number += 1
            world.add(number, at=world.now - timedelta(seconds=chance.randrange(1, 60)))
        with contextlib.suppress(Unavailable):  # any other error is a defect
            for page in world.fetch(cursor, traffic=traffic):
                seen |= {post.native_id for post in page.posts}
                cursor = json.loads(json.dumps(page.cursor))
                if chance.random() < 0.05:
                    break  # killed after the page was saved
    world.handle = plain_serve  # type: ignore[method-assign]
    world.now += timedelta(hours=1)
    for _ in range(3):
        for page in world.fetch(cursor):
            seen |= {post.native_id for post in page.posts}
            cursor = json.loads(json.dumps(page.cursor))
    assert world.expected() - seen == set()

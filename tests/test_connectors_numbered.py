"""Page numbers without an anchor, and forward walks by time: nothing may slip through."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from connectors.numbered import piece_after, walk_by_time
from connectors.paging import Listing

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@given(
    total=st.integers(0, 400),
    most=st.integers(20, 60),
    vanished=st.lists(st.integers(0, 5), max_size=80),
)
def test_up_to_five_vanished_records_between_two_pages_hide_no_other(
    total: int, most: int, vanished: list[int]
) -> None:
    records = list(range(total))
    seen: set[int] = set()
    read = 0
    for step in range(200):
        page, size = piece_after(read, most)
        piece = records[(page - 1) * size : page * size]
        seen |= set(piece)
        if len(piece) < size:
            break
        read = (page - 1) * size + len(piece)
        for _ in range(vanished[step] if step < len(vanished) else 0):
            records.pop(0)
    assert seen >= set(records)


@given(read=st.integers(0, 100_000), most=st.integers(20, 100))
def test_a_page_always_goes_on_and_always_overlaps(read: int, most: int) -> None:
    page, size = piece_after(read, most)
    assert most // 2 <= size <= most
    assert (page - 1) * size <= max(read - 5, 0)
    assert page * size > read


def test_a_time_in_the_future_hides_nothing_that_comes_until_then() -> None:
    changes = [NOW - timedelta(hours=1), NOW + timedelta(days=900)]

    def listing(after: datetime | None, page: int) -> Listing:
        return Listing([change for change in changes if after is None or change >= after])

    (step,) = walk_by_time(
        listing,
        lambda raw: raw,
        None,
        now=NOW,
        since=None,
        overlap=timedelta(minutes=5),
        max_pages=5,
    )
    assert step.cursor == {"after": int(NOW.timestamp()), "page": 1, "whole": True}


def test_a_quiet_place_is_not_read_further_and_further_back() -> None:
    cursor: object = {"after": int(NOW.timestamp()), "page": 1, "whole": True}
    asked: list[datetime | None] = []
    for _ in range(3):

        def listing(after: datetime | None, page: int) -> Listing:
            asked.append(after)
            return Listing(())

        (step,) = walk_by_time(
            listing,
            lambda raw: NOW,
            cursor,
            now=NOW,
            since=None,
            overlap=timedelta(minutes=5),
            max_pages=5,
        )
        cursor = step.cursor
    assert asked == [NOW - timedelta(minutes=5)] * 3

"""The fold of a ballot box: its law, against a plain loop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.campaigns.columns import COLUMNS, UNKNOWN_TIME, Votes
from monitor.campaigns.fold import fold

EVENTS = st.lists(
    st.tuples(
        st.integers(0, 3),  # voter
        st.integers(0, 4),  # idea
        st.integers(0, 12),  # at: equal times are common
        st.booleans(),  # withdraw
        st.integers(1, 2),  # value
    ),
    max_size=40,
)


def columns(events):
    number = len(events)
    values = {
        "seq": list(range(number)),
        "voter": [event[0] for event in events],
        "idea": [event[1] for event in events],
        "at": [event[2] for event in events],
        "withdraw": [event[3] for event in events],
        "value": [event[4] for event in events],
        "account_created_at": [UNKNOWN_TIME] * number,
    }
    return Votes(*(np.array(values.get(n, [0] * number), dtype=d) for n, d in COLUMNS))


def plain_fold(events, cap, until=None):
    """The law of `monitor.campaigns.fold`, one event after the other."""
    held = {}
    order = sorted(range(len(events)), key=lambda place: (events[place][2], place))
    for place in order:
        voter, idea, at, withdraw, value = events[place]
        if until is not None and at > until:
            continue
        mine = held.setdefault(voter, {})
        given_away = sum(events[p][4] for i, p in mine.items() if i != idea)
        if withdraw:
            mine.pop(idea, None)
        elif not cap or given_away + value <= cap:
            mine[idea] = place
    return sorted(place for mine in held.values() for place in mine.values())


@given(EVENTS, st.integers(0, 5), st.none() | st.integers(0, 12))
@settings(max_examples=300, deadline=None)
def test_the_columns_fold_as_the_plain_loop_does(events, cap, until):
    standing = fold(columns(events), votes_per_person=cap, until=until)
    assert standing.index.tolist() == plain_fold(events, cap, until)


@given(EVENTS, st.integers(0, 4), st.randoms())
@settings(max_examples=150, deadline=None)
def test_the_order_of_import_does_not_matter(events, cap, chance):
    distinct = [(*event[:2], place, *event[3:]) for place, event in enumerate(events)]
    shuffled = distinct[:]
    chance.shuffle(shuffled)
    one, other = (fold(columns(e), votes_per_person=cap) for e in (distinct, shuffled))
    assert {distinct[i] for i in one.index} == {shuffled[i] for i in other.index}


@given(EVENTS, st.lists(st.integers(0, 4), min_size=5, max_size=5))
@settings(max_examples=150, deadline=None)
def test_a_person_counts_once_for_ideas_that_were_joined(events, into):
    root = np.array([min(place, goal) for place, goal in enumerate(into)])
    root = root[root[root]]
    standing = fold(columns(events), root=root)
    pairs = [(events[i][0], idea) for i, idea in zip(standing.index, standing.idea, strict=True)]
    assert len(pairs) == len(set(pairs))
    alone = fold(columns(events))
    assert set(pairs) == {(events[i][0], root[events[i][1]]) for i in alone.index}


def test_of_joined_votes_the_undoubted_one_counts():
    votes = columns([(0, 0, 1, False, 1), (0, 1, 2, False, 1)])
    doubted = np.array([False, True])
    standing = fold(votes, root=np.array([0, 0]), doubted=doubted)
    assert standing.index.tolist() == [0]


@pytest.mark.parametrize("size", [0, 1, 7])
def test_columns_survive_packing(size):
    votes = columns([(1, 2, 3, True, 2)] * size)
    again = Votes.from_bytes(votes.to_bytes(), size)
    assert all(np.array_equal(getattr(votes, name), getattr(again, name)) for name, _ in COLUMNS)


def test_stars_cost_one_vote_whatever_their_number():
    votes = columns([(0, 0, 1, False, 5), (0, 1, 2, False, 5), (0, 2, 3, False, 5)])
    assert len(fold(votes, votes_per_person=2, by_value=False).index) == 2

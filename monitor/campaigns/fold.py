"""Folds the events of a ballot box into the votes that stand, at any moment.

The law, which `verify.py` repeats in plain Python and the tests in a third way: the events of a
person are taken in the order of time (equal times: order of the ledger). A cast sets or changes
the vote for that idea, unless the person has already given all that the rules allow; then it is
refused. A withdrawal takes the vote back. Nothing depends on the order of import.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from monitor.campaigns.columns import Bools, Ints, Votes


@dataclass(frozen=True, slots=True)
class Standing:
    """Votes that stand: `index` points into the columns; one each person and idea.

    `idea` is the idea that each of them counts for (a joined idea's votes go to the other).
    """

    index: Ints
    idea: Ints
    over_cap: int
    withdrawn: int


def fold(
    votes: Votes,
    *,
    votes_per_person: int = 0,
    by_value: bool = True,
    root: Ints | None = None,
    doubted: Bools | None = None,
    until: int | None = None,
) -> Standing:
    """Return what stands at the moment `until` (ms, inclusive; None: at the end).

    `by_value` says that a vote of value 2 takes two of the person's votes (not so with stars).
    `root[idea]` is the idea into which an idea was joined, or itself. `doubted` marks events of
    which another of the same person is preferred where ideas were joined.
    """
    order = _by_person_and_time(votes, until)
    refused = _beyond_cap(votes, order, votes_per_person, by_value)
    kept = order[~refused]
    if not len(kept):
        return Standing(np.empty(0, np.int64), np.empty(0, np.int64), int(refused.sum()), 0)
    pair = _pairs(votes, kept)
    by_pair = np.argsort(pair, kind="stable")
    sorted_pair = pair[by_pair]
    last = np.append(sorted_pair[1:] != sorted_pair[:-1], True)
    final = kept[by_pair[last]]
    withdrawn = votes.withdraw[final]
    index = np.sort(final[~withdrawn])
    idea = votes.idea[index].astype(np.int64)
    if root is not None and len(index):
        index, idea = _one_each(votes, index, root[idea], doubted)
    return Standing(index, idea, int(refused.sum()), int(withdrawn.sum()))


def _pairs(votes: Votes, index: Ints) -> Ints:
    ideas = int(votes.idea.max()) + 1
    return votes.voter[index].astype(np.int64) * ideas + votes.idea[index]


def _by_person_and_time(votes: Votes, until: int | None) -> Ints:
    index = np.arange(len(votes)) if until is None else np.flatnonzero(votes.at <= until)
    if not len(index):
        return index
    at = votes.at[index]
    start, span = int(at.min()), int(at.max() - at.min()) + 1
    voter = votes.voter[index].astype(np.int64)
    if (int(voter.max()) + 1) * span < 2**62:
        return index[np.argsort(voter * span + (at - start), kind="stable")]
    return index[np.lexsort((at, voter))]


def _beyond_cap(votes: Votes, order: Ints, cap: int, by_value: bool) -> Bools:
    """Mark casts that were refused because the person had given everything away."""
    refused = np.zeros(len(order), dtype=bool)
    if not cap or not len(order):
        return refused
    voter = votes.voter[order]
    cost = np.abs(votes.value[order]) if by_value else np.ones(len(order), dtype=np.int64)
    weight = np.where(votes.withdraw[order], 0, cost).astype(np.int64)
    # Who never cast more than the cap in all, changes included, cannot have been refused.
    given = np.bincount(voter, weights=weight)
    heavy = np.flatnonzero(given[voter] > cap)
    refused[list(_refusals(votes, order[heavy], weight[heavy], heavy, cap))] = True
    return refused


def _refusals(
    votes: Votes, events: Ints, weights: Ints, positions: Ints, cap: int
) -> Iterator[int]:
    columns = zip(
        positions.tolist(),
        votes.voter[events].tolist(),
        votes.idea[events].tolist(),
        votes.withdraw[events].tolist(),
        weights.tolist(),
        strict=True,
    )
    person, total = -1, 0
    held: dict[int, int] = {}
    for position, voter, idea, withdraw, weight in columns:
        if voter != person:
            person, held, total = voter, {}, 0
        before = held.get(idea, 0)
        if withdraw:
            held.pop(idea, None)
            total -= before
        elif total - before + weight > cap:
            yield position
        else:
            held[idea] = weight
            total += weight - before


def _one_each(votes: Votes, index: Ints, idea: Ints, doubted: Bools | None) -> tuple[Ints, Ints]:
    """Of one person's votes for joined ideas keep the undoubted, then the latest one."""
    doubt = np.zeros(len(index), dtype=bool) if doubted is None else doubted[index]
    person = votes.voter[index]
    order = np.lexsort((-votes.seq[index], -votes.at[index], doubt, idea, person))
    person, goal = person[order], idea[order]
    first = np.append(True, (person[1:] != person[:-1]) | (goal[1:] != goal[:-1]))
    kept = np.sort(order[first])
    return index[kept], idea[kept]

"""Who voted how, laid out for the audit: one row a person and idea, and what is usual."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.campaigns.audit.evidence import Thresholds, poisson_tail
from monitor.campaigns.columns import UNKNOWN_TIME, Bools, Ints, Votes

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

UNKNOWN, FRESH, ADVANCE, MIDDLE, AGED = range(5)
"""Ages of an account at its first vote: made to vote at once, made some days ahead, old."""


@dataclass(frozen=True, slots=True)
class Electorate:
    """First casts, one row a person and idea, sorted by idea and time.

    `voter` and `idea` number them, `at` is ms, `entry` the ledger's number. `network`, `device`
    and `referrer` are small numbers, 0 unknown. `ideas_of[voter]` is how many ideas they voted
    for, `age[voter]` one of the constants above. `start[idea]:start[idea + 1]` are an idea's rows.
    `withdrawals` counts withdrawals of that person from that idea. `dense` marks votes from
    networks that send far more people to that idea than its share, `hopping` those from devices
    that many people used for that idea in several networks. `meeting` is the chance that two
    voters of the campaign come from the same network, `persons[network]` how many use it.
    """

    voter: Ints
    idea: Ints
    at: Ints
    entry: Ints
    network: Ints
    device: Ints
    referrer: Ints
    withdrawals: Ints
    ideas_of: Ints
    age: NDArray[np.int8]
    start: Ints
    hourly: NDArray[np.float64]
    first_hour: int
    dense: Bools
    hopping: Bools
    mixed: Bools
    mixed_usual: float
    meeting: float
    persons: Ints

    def rows(self, idea: int) -> slice:
        """Return where an idea's rows are."""
        return slice(int(self.start[idea]), int(self.start[idea + 1]))

    @property
    def one_idea(self) -> Bools:
        """Rows of people who voted for nothing else."""
        one: Bools = self.ideas_of[self.voter] == 1
        return one

    @property
    def ages(self) -> NDArray[np.int8]:
        """The age of each row's account."""
        return self.age[self.voter]


def lay_out(votes: Votes, root: Ints, thresholds: Thresholds) -> Electorate:
    """Arrange a campaign's events. `root` maps joined ideas to the one they count for."""
    idea = root[votes.idea]
    ideas = len(root)
    pair = votes.voter.astype(np.int64) * ideas + idea
    cast = np.flatnonzero(~votes.withdraw)
    order = cast[np.lexsort((votes.at[cast], pair[cast]))]
    first = order[np.append(True, pair[order][1:] != pair[order][:-1])] if len(order) else order
    taken_back = _withdrawals(pair, votes.withdraw, pair[first])
    sort = np.lexsort((votes.at[first], idea[first]))
    rows, taken_back = first[sort], taken_back[sort]
    voters = int(votes.voter.max()) + 1 if len(votes) else 0
    voter = votes.voter[rows].astype(np.int64)
    hour = votes.at[rows] // HOUR_MS
    first_hour = int(hour.min()) if len(rows) else 0
    network, device = _small(votes.network[rows]), _small(votes.device[rows])
    persons = _persons(voter, network, voters)
    dense = _dense(idea[rows], network, persons, voters, thresholds)
    mixed = _mixed(idea[rows], network, persons, thresholds)
    return Electorate(
        voter=voter,
        idea=idea[rows],
        at=votes.at[rows],
        entry=votes.seq[rows],
        network=network,
        device=device,
        referrer=votes.referrer[rows].astype(np.int64),
        withdrawals=taken_back,
        ideas_of=np.bincount(voter, minlength=voters),
        age=_ages(votes, rows, voters, thresholds),
        start=np.searchsorted(idea[rows], np.arange(ideas + 1)),
        hourly=np.bincount(hour - first_hour).astype(np.float64) if len(rows) else np.zeros(1),
        first_hour=first_hour,
        dense=dense,
        hopping=_hopping(idea[rows], voter, device, network, voters, thresholds),
        mixed=mixed,
        mixed_usual=float(mixed[network > 0].mean()) if (network > 0).any() else 0.0,
        meeting=_meeting(voter[~dense], network[~dense]),
        persons=persons,
    )


def _meeting(voter: Ints, network: Ints) -> float:
    """Return the chance that two voters share a network; the caller leaves out rented exits."""
    known = network > 0
    persons, first = np.unique(voter[known], return_index=True)
    number = np.bincount(network[known][first]) if len(persons) else np.zeros(1)
    total = len(persons)
    return float((number * (number - 1)).sum() / (total * (total - 1))) if total > 1 else 0.0


def _persons(voter: Ints, origin: Ints, voters: int) -> Ints:
    """Return how many people used each network (or device); the unknown one counts as empty."""
    known = origin > 0
    pairs = np.unique(origin[known] * max(voters, 1) + voter[known])
    number = np.bincount(pairs // max(voters, 1), minlength=int(origin.max(initial=0)) + 1)
    return number.astype(np.int64)


def _dense(idea: Ints, network: Ints, persons: Ints, voters: int, thresholds: Thresholds) -> Bools:
    """Mark votes from networks whose people choose the idea far beyond its share of all voters.

    A carrier's big networks hold all sorts of people and stay near the share, however popular the
    idea is; an exit that was rented for one purpose does not.
    """
    marked = np.zeros(len(idea), dtype=bool)
    rows = np.flatnonzero(network > 0)
    if not len(rows):
        return marked
    networks = int(network.max()) + 1
    key = idea[rows] * networks + network[rows]
    each, place, number = np.unique(key, return_inverse=True, return_counts=True)
    mine = persons[each % networks]
    share = np.bincount(idea)[each // networks] / max(voters, 1)
    expected = thresholds.network_lift * mine * share
    dense = (
        (number >= thresholds.network_people)
        & (number >= thresholds.network_share * mine)
        & (poisson_tail(number, expected) < thresholds.p_family)
    )
    marked[rows] = dense[place]
    return marked


def _mixed(idea: Ints, network: Ints, persons: Ints, thresholds: Thresholds) -> Bools:
    """Mark votes from networks that some people use who did not vote for the same idea.

    Carriers, cities, universities are such networks, so that a good part of any real crowd comes
    through them (measured: 0.2 to 0.5 of those that television, a share or a newsletter brought,
    0.35 of everybody). Exits that were rented for one purpose are none.
    """
    key = idea * len(persons) + network
    _, place, number = np.unique(key, return_inverse=True, return_counts=True)
    others = persons[network] - number[place]
    mixed: Bools = (network > 0) & (others >= thresholds.mixed_others)
    return mixed


def _hopping(  # noqa: PLR0917 - columns of one table
    idea: Ints, voter: Ints, device: Ints, network: Ints, voters: int, thresholds: Thresholds
) -> Bools:
    """Mark votes from devices that several people used for one idea, in several networks.

    A shared family tablet, a library's computers, a stall's tablet stay in one place; a device
    that hops between networks and changes persons on the way does not. Two people whose devices
    only look alike do not vote alike either: most who use the device must be for the idea.
    """
    marked = np.zeros(len(idea), dtype=bool)
    rows = np.flatnonzero(device > 0)
    key = idea[rows] * (int(device.max(initial=0)) + 1) + device[rows]
    each_pair, which, number = np.unique(key, return_inverse=True, return_counts=True)
    users = _persons(voter, device, voters)
    each_device = each_pair % len(users)
    busy = number[which] >= thresholds.device_people
    rows, which = rows[busy], which[busy]
    networks = int(network.max(initial=0)) + 1
    each, together = np.unique(which * networks + network[rows], return_counts=True)
    owner = each // networks
    top = np.zeros(len(number))
    np.maximum.at(top, owner, together)
    hops = np.bincount(owner, minlength=len(number)) >= thresholds.device_networks
    hops &= number >= thresholds.device_share * users[each_device]
    hops &= top <= thresholds.device_top_network * number
    marked[rows] = hops[which]
    return marked


def _withdrawals(pair: Ints, withdraw: Bools, wanted: Ints) -> Ints:
    """Return how many withdrawals each wanted pair has."""
    held, number = np.unique(pair[withdraw], return_counts=True)
    if not len(held):
        return np.zeros(len(wanted), dtype=np.int64)
    place = np.minimum(np.searchsorted(held, wanted), len(held) - 1)
    return np.where(held[place] == wanted, number[place], 0)


def _small(keyed: Ints) -> Ints:
    """Replace keyed numbers by small ones; 0 stays 0."""
    values, small = np.unique(keyed, return_inverse=True)
    zero = int(np.searchsorted(values, 0))
    if zero == len(values) or values[zero] != 0:
        return small.astype(np.int64) + 1
    # The place of 0 is freed for it, and what was before it moves up by one.
    return np.where(keyed == 0, 0, small + (small < zero)).astype(np.int64)


def _ages(votes: Votes, rows: Ints, voters: int, thresholds: Thresholds) -> NDArray[np.int8]:
    """Return how old each voter's account was at its first vote."""
    first_at = np.full(voters, np.iinfo(np.int64).max)
    np.minimum.at(first_at, votes.voter[rows], votes.at[rows])
    created = np.full(voters, UNKNOWN_TIME)
    created[votes.voter[rows]] = votes.account_created_at[rows]
    lag_h = (first_at - np.where(created == UNKNOWN_TIME, 0, created)) / HOUR_MS
    age = np.full(voters, MIDDLE, dtype=np.int8)
    age[lag_h < thresholds.advance_days * 24] = ADVANCE
    age[lag_h < thresholds.fresh_hours] = FRESH
    age[lag_h >= thresholds.aged_days * 24] = AGED
    age[created == UNKNOWN_TIME] = UNKNOWN
    return age

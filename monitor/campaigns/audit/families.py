"""Asks each evidence family about a group: does it look like honest people to you?"""

from __future__ import annotations

import numpy as np

from monitor.campaigns.audit.electorate import (
    ADVANCE,
    AGED,
    DAY_MS,
    FRESH,
    HOUR_MS,
    UNKNOWN,
    Electorate,
)
from monitor.campaigns.audit.evidence import LEAST_P, Thresholds, binomial_tail
from monitor.campaigns.audit.groups import Group, in_one_place
from monitor.campaigns.audit.rhythm import find_burst, find_regularity, never_sleeps
from monitor.campaigns.columns import Bools, Ints
from monitor.types.campaigns import Evidence

HARD = ("device", "network", "recast", "regularity")
"""Families that no honest crowd triggers; burst, age, referrer and one idea only support them."""


def weigh(group: Group, people: Electorate, thresholds: Thresholds) -> tuple[Evidence, ...]:
    """Return what the families say of a group; empty where it must not be accused.

    A statistical group (nobody in it is marked, only their number is) may hold no more than a
    few honest people. What came from one place counts only if no crowd in one place could.
    """
    rows = group.rows
    if len(rows) < thresholds.least_group or _diluted(group, thresholds):
        return ()
    at = np.sort(people.at[rows])
    outside = _outside(group, people)
    asked = (
        _lockstep(group, people),
        find_burst(at, people, thresholds),
        _account_age(rows, outside, people, thresholds),
        _network(rows, people, thresholds),
        _device(rows, people, thresholds),
        _referrer(rows, outside, people, thresholds),
        find_regularity(at, thresholds) or never_sleeps(at, people, thresholds),
        _one_idea(rows, outside, people, thresholds),
        _recast(group, people),
    )
    found = tuple(one for one in asked if one is not None)
    return found if _may_accuse(group, found, people, thresholds) else ()


def _diluted(group: Group, thresholds: Thresholds) -> bool:
    return group.statistical and group.expected > thresholds.dilution * len(group.rows)


def _may_accuse(
    group: Group, found: tuple[Evidence, ...], people: Electorate, thresholds: Thresholds
) -> bool:
    names = {one.family for one in found}
    if in_one_place(group.rows, people, thresholds):
        return _beyond_a_place(group.rows, names, people, thresholds)
    if names & set(HARD):
        return True
    # Accounts made ahead or kept for years, for this one idea: statistics that need no hard mark,
    # but a newsletter or a shared link that brought them explains them.
    return {"account_age", "one_idea"} <= names and group.kind in ("advance", "aged") and (
        not _explained(group.rows, people)
    )


def _beyond_a_place(
    rows: Ints, names: set[str], people: Electorate, thresholds: Thresholds
) -> bool:
    """Tell whether one place's votes come as no class, office or stall would bring them.

    Those meet in sessions and register on the spot. Accounts made ahead that trickle in over
    days, or a clockwork, do not.
    """
    if "regularity" in names or "recast" in names:
        return True
    at = people.at[rows]
    span_h = (at.max() - at.min()) / HOUR_MS
    days = len(np.unique(at // DAY_MS))
    ahead = np.isin(people.age[people.voter[rows]], (ADVANCE, AGED)).mean()
    return bool(
        {"account_age", "one_idea"} <= names
        and span_h >= 4 * thresholds.session_hours
        and days >= thresholds.place_days
        and ahead >= thresholds.most_of_group
    )


def _explained(rows: Ints, people: Electorate) -> bool:
    """Tell whether one page sent most of them: a newsletter, a share, a press article."""
    referrer = people.referrer[rows]
    known = referrer[referrer > 0]
    return bool(len(known)) and bool(np.bincount(known).max() > 0.5 * len(rows))


def _outside(group: Group, people: Electorate) -> Bools:
    """Mark the rows of all other ideas: what is usual is read off there."""
    outside = np.ones(len(people.voter), dtype=bool)
    outside[people.rows(group.idea)] = False
    return outside


def _share(hits: Bools, outside: Bools, least: float) -> float:
    number = int(outside.sum())
    return max(float(hits[outside].sum()) / number, least) if number else 0.5


def _account_age(
    rows: Ints, outside: Bools, people: Electorate, thresholds: Thresholds
) -> Evidence | None:
    ages = people.ages
    best: Evidence | None = None
    known = int((ages[rows] != UNKNOWN).sum())
    for age, word in ((ADVANCE, "advance"), (AGED, "aged"), (FRESH, "fresh")):
        number = int((ages[rows] == age).sum())
        if not known or number < thresholds.most_of_group * known:
            continue
        usual = min(1.5 * _share(ages == age, outside, 0.01), 0.95)
        p = float(binomial_tail(number, known, usual))
        if p < thresholds.p_family:
            best = Evidence(
                family="account_age",
                p=max(p, LEAST_P),
                facts={"age": word, "share": number / known, "usual": round(usual / 1.5, 3)},
            )
    return best


def _network(rows: Ints, people: Electorate, thresholds: Thresholds) -> Evidence | None:
    network = people.network[rows]
    number = np.bincount(network[network > 0], minlength=1)
    persons = _persons_of(np.flatnonzero(number >= thresholds.network_people), people)
    dense = [
        (int(number[net]), all_persons)
        for net, all_persons in persons.items()
        if number[net] >= thresholds.network_exclusive * all_persons
    ]
    inside = sum(count for count, _ in dense)
    single = len(dense) == 1 and inside >= 2 * thresholds.least_group
    if inside < 0.4 * len(rows) or (len(dense) < thresholds.networks and not single):
        return None
    # That a network's people all choose the idea by chance: its share of all votes, each time.
    share = min(len(rows) / max(len(people.voter), 1) * 3, 0.5)
    p = max(share ** (inside - len(dense)) * max(len(people.start), 2), LEAST_P)
    return Evidence(
        family="network", p=min(p, 1.0), facts={"networks": len(dense), "people": inside}
    )


def _persons_of(networks: Ints, people: Electorate) -> dict[int, int]:
    """Return how many people each of these networks has in the whole campaign."""
    mine = np.isin(people.network, networks)
    pairs = np.unique(
        people.network[mine] * max(len(people.ideas_of), 1) + people.voter[mine]
    ) // max(len(people.ideas_of), 1)
    number = np.bincount(pairs, minlength=1)
    return {int(net): int(number[net]) for net in networks if net}


def _device(rows: Ints, people: Electorate, thresholds: Thresholds) -> Evidence | None:
    device, network = people.device[rows], people.network[rows]
    number = np.bincount(device[device > 0], minlength=1)
    shared = np.flatnonzero(number >= thresholds.device_people)
    hopping, inside = 0, 0
    for one in shared:
        nets = network[device == one]
        different = np.bincount(nets)
        if len(np.unique(nets)) >= thresholds.device_networks and (
            different.max() <= thresholds.device_top_network * len(nets)
        ):
            hopping += 1
            inside += len(nets)
    if inside < max(thresholds.least_group, 0.3 * len(rows)):
        return None
    p = max(0.02 ** (inside - hopping), LEAST_P)
    return Evidence(family="device", p=p, facts={"devices": hopping, "people": inside})


def _referrer(
    rows: Ints, outside: Bools, people: Electorate, thresholds: Thresholds
) -> Evidence | None:
    referrer = people.referrer[rows]
    known = referrer[referrer > 0]
    if not len(known):
        return None
    top = int(np.argmax(np.bincount(known)))
    number = int((known == top).sum())
    usual = min(3 * _share(people.referrer == top, outside, 1e-3), 0.95)
    p = float(binomial_tail(number, len(rows), usual))
    if number < thresholds.least_group or p > thresholds.p_family:
        return None
    facts = {"referrer": top, "people": number, "share": number / len(rows)}
    return Evidence(family="referrer", p=p, facts=facts)


def _one_idea(
    rows: Ints, outside: Bools, people: Electorate, thresholds: Thresholds
) -> Evidence | None:
    one = people.one_idea
    number = int(one[rows].sum())
    if number < thresholds.most_of_group * len(rows):
        return None
    # Counted by persons: whoever votes for many ideas must not weigh more for it.
    elsewhere = np.zeros(len(people.ideas_of), dtype=bool)
    elsewhere[people.voter[outside]] = True
    usual = min(max(float((people.ideas_of[elsewhere] == 1).mean()) if elsewhere.any() else 0.5, 0.05) * 1.2, 0.95)
    p = float(binomial_tail(number, len(rows), usual))
    if p > thresholds.p_family:
        return None
    facts = {"people": number, "share": number / len(rows), "usual": round(usual / 1.2, 3)}
    return Evidence(family="one_idea", p=p, facts=facts)


def _recast(group: Group, people: Electorate) -> Evidence | None:
    again = people.withdrawals[group.rows]
    if group.kind != "recast" and (again > 0).mean() < 0.5:
        return None
    usual = min(max(3 * float((people.withdrawals > 0).mean()), 0.01), 0.4)
    p = float(binomial_tail(int((again > 0).sum()), len(again), usual))
    if p > 1e-5:
        return None
    return Evidence(
        family="recast", p=p, facts={"people": int((again > 0).sum()), "times": int(again.sum())}
    )


def _lockstep(group: Group, people: Electorate) -> Evidence | None:
    if group.ring is None:
        return None
    mine = np.isin(people.voter, group.ring)
    together = np.bincount(people.idea[mine])
    ideas = int((together >= max(3, len(group.ring) / 2)).sum())
    share = min(len(group.rows) / max(len(people.voter), 1) * 3, 0.5)
    p = max(share ** max(len(group.ring) - 1, 1), LEAST_P)
    facts = {"people": len(group.ring), "ideas": ideas}
    return Evidence(family="lockstep", p=p, facts=facts)

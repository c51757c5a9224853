"""Asks each evidence family about a group: does it look like honest people to you?"""

from __future__ import annotations

import numpy as np

from monitor.campaigns.audit.electorate import (
    ADVANCE,
    AGED,
    DAY_MS,
    FRESH,
    HOUR_MS,
    MIDDLE,
    UNKNOWN,
    Electorate,
)
from monitor.campaigns.audit.evidence import LEAST_P, Thresholds, binomial_tail
from monitor.campaigns.audit.groups import Group
from monitor.campaigns.audit.origin import in_one_place, shared_networks
from monitor.campaigns.audit.rhythm import find_burst, find_regularity, never_sleeps
from monitor.campaigns.columns import Bools, Ints
from monitor.types.campaigns import Evidence

_AGE_WORDS = {
    "advance": (ADVANCE,),
    "recent": (ADVANCE, MIDDLE),
    "aged": (AGED,),
    "fresh": (FRESH,),
}


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
        group.origin or shared_networks(rows, people, thresholds),
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
    # A class that votes in every lesson turns out like a ring, but in one place.
    if group.drilled and {"lockstep", "burst"} <= names:
        return True
    if names & {"device", "recast", "regularity"}:
        return True
    if "network" in names and _strong_network(found, thresholds):
        return True
    # Accounts made ahead or kept for years, for this one idea: statistics that need no hard mark,
    # but a newsletter or a shared link that brought them explains them.
    return (
        {"account_age", "one_idea"} <= names
        and group.kind in ("advance", "aged")
        and (not _explained(group.rows, people))
    )


def _strong_network(found: tuple[Evidence, ...], thresholds: Thresholds) -> bool:
    """Tell whether networks can carry an accusation: a viral share fills a few by chance."""
    facts = {one.family: one.facts for one in found}
    network, age = facts["network"], facts.get("account_age", {})
    return (
        "meetings" in network
        or "mixed" in network
        or network["people"] >= thresholds.network_strong * network["networks"]
        or "lockstep" in facts
        or age.get("age") in ("advance", "recent", "aged")
    )


def _beyond_a_place(
    rows: Ints, names: set[str], people: Electorate, thresholds: Thresholds
) -> bool:
    """Tell whether one place's votes come as no class, office or stall would bring them.

    Those meet in sessions and register on the spot. Accounts made ahead that trickle in over
    days, newcomers at all hours for more than a week, or a clockwork, do not.
    """
    if "regularity" in names or "recast" in names:
        return True
    at = people.at[rows]
    span_h = (at.max() - at.min()) / HOUR_MS
    days = len(np.unique(at // DAY_MS))
    clock = len(np.unique(at // HOUR_MS % 24))
    if (
        {"network", "one_idea"} <= names
        and days >= thresholds.place_week_days
        and clock >= thresholds.place_clock_hours
    ):
        return True
    ahead = np.isin(people.age[people.voter[rows]], (ADVANCE, MIDDLE, AGED)).mean()
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
    for word, classes in _AGE_WORDS.items():
        number = int(np.isin(ages[rows], classes).sum())
        if not known or number < thresholds.most_of_group * known:
            continue
        usual = min(1.5 * _share(np.isin(ages, classes), outside, 0.01), 0.95)
        p = float(binomial_tail(number, known, usual))
        if p < min(thresholds.p_family, best.p if best else 1.0):
            best = Evidence(
                family="account_age",
                p=max(p, LEAST_P),
                facts={"age": word, "share": number / known, "usual": round(usual / 1.5, 3)},
            )
    return best


def _device(rows: Ints, people: Electorate, thresholds: Thresholds) -> Evidence | None:
    hopping = rows[people.hopping[rows]]
    if len(hopping) < max(thresholds.least_group, 0.3 * len(rows)):
        return None
    devices = len(np.unique(people.device[hopping]))
    p = max(0.02 ** (len(hopping) - devices), LEAST_P)
    return Evidence(family="device", p=p, facts={"devices": devices, "people": len(hopping)})


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
    usual = min(
        max(float((people.ideas_of[elsewhere] == 1).mean()) if elsewhere.any() else 0.5, 0.05)
        * 1.2,
        0.95,
    )
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

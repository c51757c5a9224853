"""Where votes come from: rented exits, exits that nobody else uses, one place.

Networks are keyed numbers; equal networks can be told, addresses cannot.
"""

from __future__ import annotations

import numpy as np
from scipy.special import bdtr, gammaincc

from monitor.campaigns.audit.electorate import Electorate
from monitor.campaigns.audit.evidence import LEAST_P, Thresholds
from monitor.campaigns.columns import Ints
from monitor.types.campaigns import Evidence


def in_one_place(rows: Ints, people: Electorate, thresholds: Thresholds) -> bool:
    """Tell whether most of a group came from a network or two: a class, an office, a stall.

    A carrier's big networks are no place, however many of its customers vote.
    """
    network = people.network[rows]
    number = np.bincount(network[network > 0], minlength=1)
    here = np.flatnonzero(number)
    special = here[number[here] >= thresholds.place_own * people.persons[here]]
    largest = np.sort(number[special])[-thresholds.places :]
    return bool(largest.sum() >= thresholds.place_share * max(int(number.sum()), 1))


def shared_networks(rows: Ints, people: Electorate, thresholds: Thresholds) -> Evidence | None:
    """Return the strongest thing that networks say of a group, None if they say nothing."""
    dense = rows[people.dense[rows]]
    number = np.bincount(people.network[dense], minlength=1)
    networks, inside = int((number > 0).sum()), len(dense)
    few = networks < thresholds.networks and inside < 2 * thresholds.least_group
    if inside < 0.4 * len(rows) or few:
        return _scattered(rows, people, thresholds) or apart(rows, people, thresholds)
    # That a network's people all choose the idea by chance: its share of all voters, each time.
    share = min(thresholds.network_lift * len(rows) / max(len(people.ideas_of), 1), 0.5)
    p = max(share ** (inside - networks) * max(len(people.start), 2), LEAST_P)
    facts = {"networks": networks, "people": inside}
    return Evidence(family="network", p=min(p, 1.0), facts=facts)


def _scattered(rows: Ints, people: Electorate, thresholds: Thresholds) -> Evidence | None:
    """Tell whether hardly two of a group share a network, though most people use a few big ones.

    Rented home connections come one by one from everywhere; a real crowd comes through carriers.
    """
    network = people.network[rows][people.network[rows] > 0]
    if len(network) < 0.8 * len(rows) or len(network) < 3 * thresholds.least_group:
        return None
    number = np.bincount(network)
    meetings = int((number * (number - 1)).sum() // 2)
    expected = people.meeting * len(network) * (len(network) - 1) / 2
    p = float(gammaincc(meetings + 1, expected / thresholds.scattered_factor))
    if p > thresholds.p_statistical:
        return None
    facts = {"meetings": meetings, "expected": round(expected), "people": len(network)}
    return Evidence(family="network", p=max(p, LEAST_P), facts=facts)


def apart(rows: Ints, people: Electorate, thresholds: Thresholds) -> Evidence | None:
    """Tell whether hardly any of a group comes through a network that others use as well.

    A class or an office does neither; whoever accuses must rule out one place first.
    """
    known = rows[people.network[rows] > 0]
    if len(known) < max(0.8 * len(rows), thresholds.apart_people):
        return None
    mixed = int(people.mixed[known].sum())
    usual = people.mixed_usual / thresholds.apart_factor
    p = float(bdtr(mixed, len(known), usual))
    if p > thresholds.p_apart:
        return None
    facts = {"mixed": mixed, "people": len(known), "usual": round(people.mixed_usual, 2)}
    return Evidence(family="network", p=max(p, LEAST_P), facts=facts)

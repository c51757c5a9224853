"""Whom to look at: groups of an idea's voters that have something in common.

Each kind of group is built so that the people we must never accuse fall outside of it: a class
or an office shares one network, a stall or a library a few devices in one place, a viral share or
a broadcast brings newcomers who register and vote within minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from monitor.campaigns.audit.electorate import ADVANCE, AGED, FRESH, HOUR_MS, Electorate
from monitor.campaigns.audit.evidence import Thresholds, poisson_tail
from monitor.campaigns.audit.origin import apart
from monitor.campaigns.columns import Ints
from monitor.types.campaigns import Evidence

LEAST_RECAST_SHARE = 3.0


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one idea. `kind` says what they share; `statistical` that no single member is
    marked, only their number is: such a group must not be diluted by honest people. `ring` are the
    voters of a lockstep group, `drilled` that they turn out like no club of friends does. `origin`
    is what the networks said before the rows were chosen by them.
    """

    kind: str
    idea: int
    rows: Ints
    p: float
    expected: float = 0.0
    statistical: bool = False
    ring: Ints | None = None
    drilled: bool = False
    origin: Evidence | None = None


def find_groups(people: Electorate, thresholds: Thresholds) -> Iterator[Group]:
    """Yield the groups worth a closer look, over all ideas."""
    yield from _by_idea("device", people, np.flatnonzero(people.hopping), thresholds)
    yield from _by_idea("network", people, np.flatnonzero(people.dense), thresholds)
    yield from recast_groups(people, thresholds)
    for age in (ADVANCE, AGED, FRESH):
        yield from age_groups(people, age, thresholds)


def recast_groups(people: Electorate, thresholds: Thresholds) -> Iterator[Group]:
    """Yield voters who withdrew from an idea where far more did so than is usual."""
    withdrew = people.withdrawals > 0
    ideas = len(people.start) - 1
    number = np.bincount(people.idea[withdrew], minlength=ideas)
    all_rows = np.diff(people.start)
    # The usual rate comes from the ideas with the lower half of rates: attacks cannot raise it.
    rates = np.sort(number[all_rows >= 20] / all_rows[all_rows >= 20])
    usual = max(float(np.median(rates)) if len(rates) else 0.0, float(withdrew.mean()) / 4, 0.002)
    p = poisson_tail(number, all_rows * usual * LEAST_RECAST_SHARE)
    for idea in np.flatnonzero((p < thresholds.p_family) & (number >= thresholds.least_group)):
        span = people.rows(int(idea))
        again = people.withdrawals[span] >= thresholds.recasts
        single = withdrew[span] & ~again
        rows = np.arange(span.start, span.stop)
        if again.sum() >= thresholds.least_group:
            yield Group("recast", int(idea), rows[again], float(p[idea]))
        if single.sum() >= thresholds.least_group:
            chosen = _densest(rows[single], people)
            at = people.at[span]
            others = (at >= people.at[chosen[0]]) & (at <= people.at[chosen[-1]]) & ~single
            expected = float(others.sum() * usual / (1 - usual))
            yield Group("recast", int(idea), chosen, float(p[idea]), expected, statistical=True)


def age_groups(people: Electorate, age: int, thresholds: Thresholds) -> Iterator[Group]:
    """Yield one-idea voters of one age of accounts, where there are far more than is usual."""
    mine = (people.ages == age) & people.one_idea
    ideas = len(people.start) - 1
    number = np.bincount(people.idea[mine], minlength=ideas)
    all_rows = np.diff(people.start)
    usual = _usual_share(number, all_rows)
    p = poisson_tail(number, 2 * (all_rows - number) * usual / (1 - usual))
    kind = {ADVANCE: "advance", AGED: "aged", FRESH: "fresh"}[age]
    limit = thresholds.p_statistical if age != FRESH else thresholds.p_family
    for idea in np.flatnonzero((p < limit) & (number >= thresholds.least_group)):
        span = people.rows(int(idea))
        rows = np.arange(span.start, span.stop)[mine[span]]
        for part in _waves_apart(_likely(rows, span, people), people, thresholds):
            origin, chosen, share = apart(part, people, thresholds), part, 1.0
            if origin is not None:
                # Whoever comes from where everybody comes from is likely to be one of them.
                chosen, share = part[~people.mixed[part]], 1 - people.mixed_usual
            if len(chosen) < thresholds.least_group:
                continue
            chosen = _densest(chosen, people)
            early, late = people.at[chosen[0]], people.at[chosen[-1]]
            others = (people.at[span] >= early) & (people.at[span] <= late) & ~mine[span]
            expected = share * float(others.sum() * usual / (1 - usual))
            yield Group(
                kind, int(idea), chosen, float(p[idea]), expected, statistical=True, origin=origin
            )


def _usual_share(number: Ints, all_rows: Ints) -> float:
    """Return the usual share of such voters: the median over ideas, which an attack cannot move."""
    enough = all_rows >= 20
    if enough.sum() >= 5:
        shares = number[enough] / all_rows[enough]
        pooled = number[enough].sum() / all_rows[enough].sum()
        return float(np.clip(max(np.median(shares), pooled / 4), 0.002, 0.9))
    return float(np.clip(number.sum() / max(all_rows.sum(), 1), 0.02, 0.9))


def _likely(rows: Ints, span: slice, people: Electorate) -> Ints:
    """Leave out who came by a way that is usual elsewhere and rare among these."""
    referrers = int(people.referrer.max(initial=0)) + 1
    elsewhere = np.bincount(people.referrer, minlength=referrers) - np.bincount(
        people.referrer[span], minlength=referrers
    )
    here = np.bincount(people.referrer[rows], minlength=referrers)
    usual = elsewhere / max(elsewhere.sum(), 1)
    rare = here / len(rows) < 0.6 * usual
    likely: Ints = rows[~rare[people.referrer[rows]]]
    return likely


def _densest(rows: Ints, people: Electorate) -> Ints:
    """Leave out the stragglers: the shortest stretch of time that holds nine in ten."""
    kept = max(int(np.ceil(0.9 * len(rows))), 1)
    at = people.at[rows]
    widths = at[kept - 1 :] - at[: len(at) - kept + 1]
    start = int(np.argmin(widths))
    stretch = slice(start, start + kept)
    margin = max(int(widths[start] * 0.1), HOUR_MS)
    inside = (at >= at[stretch][0] - margin) & (at <= at[stretch][-1] + margin)
    dense: Ints = rows[inside]
    return dense


def _waves_apart(rows: Ints, people: Electorate, thresholds: Thresholds) -> list[Ints]:
    """Part a steady trickle from sudden waves in it: a wave may be another crowd's, a share's."""
    window = (people.at[rows] - people.at[rows[0]]) // int(thresholds.wave_hours * HOUR_MS)
    number = np.bincount(window)
    typical = np.sort(number)[: max(int(0.9 * len(number)), 1)].mean()
    wave = poisson_tail(number, 2 * max(float(typical), 0.5)) < thresholds.p_family
    inside = wave[window]
    parts = [rows[~inside], rows[inside]] if inside.sum() > 0 else [rows]
    return [part for part in parts if len(part) >= thresholds.least_group]


def _by_idea(kind: str, people: Electorate, rows: Ints, thresholds: Thresholds) -> Iterator[Group]:
    rows = np.sort(rows)
    if not len(rows):
        return
    for part in np.split(rows, np.flatnonzero(np.diff(people.idea[rows])) + 1):
        if len(part) >= thresholds.least_group:
            yield Group(kind, int(people.idea[part[0]]), part, 0.0)

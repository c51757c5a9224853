"""The label contest of 2011, played again with the figures that the press reported.

A detergent brand let the public vote on more than 50,000 labels. First place ended with 35,617
votes; a favourite was cut from almost 26,000 to under 8,000 without an account and stood at 8,164
in the end; the jury then chose two with 2,667 and 2,635. Those figures are real. People, times and
addresses are invented, and so is the forgery: nobody has published how it was done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.electorate.campaign import Ballots, idea_id, moment_text
from benchmarks.electorate.rhythm import DAY_S, HOUR_S
from benchmarks.electorate.scene import LIFE, Scene, Size

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIRST = 35_617
LEADER_HONEST = 8_164
LEADER_CAST = 25_947  # "just under 26,000"
JURY = (2_667, 2_635)
# How things stood on the day of the cleaning, so that the favourite really led until then.
LEADER_HONEST_THEN = 7_702  # "under 8,000"
FIRST_THEN = 25_102
CLEANED_AFTER = 0.72  # share of the period; the forgers had stopped by then

_VOTED_FOR = 400  # designs that got votes at all
_DAYS = 42
_PEOPLE = 75_000


def pril(seed: int = 0, *, designs: int = _VOTED_FOR) -> Ballots:
    """The contest with `designs` designs (at least 20), of which at most 400 got a vote.

    `truth()["figures"]` names the designs behind the reported figures. Nobody withdraws or votes
    twice, so the figures are the same by lines and by standing votes.
    """
    rng = np.random.default_rng([seed, 2011])
    size = Size(ideas=designs, voters=_PEOPLE, spread=1.3, cap=100, crowd=1.0)
    scene = Scene.draw(rng, size, days=_DAYS)
    period = scene.period
    # Designs were handed in first and voted on afterwards.
    np.minimum(scene.board.created, period.opens - 60, out=scene.board.created)
    cleaned = period.clock(int(CLEANED_AFTER * _DAYS), 11)
    voted_for = rng.choice(designs, min(designs, _VOTED_FOR), replace=False)
    first, leader, *chosen = voted_for[:4].tolist()
    _honest_votes(
        scene, first, leader, dict(zip(chosen, JURY, strict=True)), voted_for[4:], cleaned
    )
    _forged_votes(scene, leader, cleaned)
    votes = np.concatenate(scene.sheets)
    votes = votes[np.argsort(votes["at"], kind="stable")]
    figures = {
        "cleaned_at": moment_text(cleaned),
        "first": {"idea": idea_id(first), "cast": FIRST, "cast_then": FIRST_THEN},
        "leader": {
            "idea": idea_id(leader),
            "cast": LEADER_CAST,
            "honest": LEADER_HONEST,
            "cast_then": LEADER_CAST - LEADER_HONEST + LEADER_HONEST_THEN,
            "honest_then": LEADER_HONEST_THEN,
        },
        "jury": [
            {"idea": idea_id(idea), "cast": cast} for idea, cast in zip(chosen, JURY, strict=True)
        ],
    }
    return Ballots("pril", f"{designs}-designs", seed, scene, votes, figures=figures)


def _honest_votes(
    scene: Scene,
    first: int,
    leader: int,
    chosen: dict[int, int],
    others: NDArray[np.int64],
    cleaned: int,
) -> None:
    rng = scene.rng
    visit = scene.period.any_moments(rng, _PEOPLE)
    visit = np.minimum(visit, scene.period.closes - 2 * HOUR_S)
    people = scene.public.recruit(_PEOPLE, visit)
    zeal = np.minimum(rng.pareto(1.3, _PEOPLE) + 0.3, 25)
    early = np.flatnonzero(visit < cleaned - HOUR_S)
    late = np.flatnonzero(visit >= cleaned)
    favourites = [
        (first, early, FIRST_THEN),
        (first, late, FIRST - FIRST_THEN),
        (leader, early, LEADER_HONEST_THEN),
        (leader, late, LEADER_HONEST - LEADER_HONEST_THEN),
    ]
    everybody = np.arange(_PEOPLE)
    appeal = np.minimum(rng.lognormal(4.3, 1.5, len(others)), 7_000).astype(np.int64)
    rest = [*chosen.items(), *zip(others.tolist(), appeal.tolist(), strict=True)]
    turnout = favourites + [(idea, everybody, votes) for idea, votes in rest]
    who = [_distinct(rng, crowd, zeal, votes) for _, crowd, votes in turnout]
    ideas = np.repeat([idea for idea, _, _ in turnout], [len(voters) for voters in who])
    voters = np.concatenate(who)
    at = visit[voters] + rng.integers(10, 1500, len(voters))
    again = ~np.isin(ideas, (first, leader)) & (rng.random(len(at)) < 0.25)
    at[again] = scene.period.moments(rng, at[again])
    scene.cast(0, people[voters], ideas, at, role=LIFE)


def _distinct(
    rng: np.random.Generator, crowd: NDArray[np.int64], zeal: NDArray[np.float64], votes: int
) -> NDArray[np.int64]:
    """`votes` different people of `crowd`, the zealous more likely.

    Source: Efraimidis and Spirakis (2006), weighted sampling by exponential keys.
    """
    keys = rng.exponential(size=len(crowd)) / zeal[crowd]
    return crowd[np.argpartition(keys, votes)[:votes]]


def _forged_votes(scene: Scene, leader: int, cleaned: int) -> None:
    """Four helpers of the favourite: bursts, a farm of addresses, a job at night, some phones."""
    rng, networks, period = scene.rng, scene.public.networks, scene.period
    last_day = int(CLEANED_AFTER * _DAYS) - 1
    wanted = LEADER_CAST - LEADER_HONEST
    bursts, farm, night = int(0.4 * wanted), int(0.28 * wanted), int(0.22 * wanted)
    phones = wanted - bursts - farm - night

    starts = [period.clock(int(day), 20.5) for day in rng.choice(range(3, last_day), 5, False)]
    at = rng.choice(starts, bursts) + (rng.beta(1, 2, bursts) * 6 * HOUR_S).astype(np.int64)
    exits = networks.exits(rng, "hosting", bursts)
    _forge(scene, "burst_new_accounts", leader, at, rng.integers(20, 6 * HOUR_S, bursts), exits)

    begin = period.clock(int(rng.integers(2, last_day - 10)), 12)
    at = period.moments(rng, np.full(farm, begin), begin + 9 * DAY_S)
    _forge(
        scene, "address_farm", leader, at, rng.integers(60, 5 * DAY_S, farm),
        networks.farm(rng, farm),
    )  # fmt: skip

    nights = rng.choice(range(2, last_day), 9, replace=False)
    begins = np.array([period.clock(int(day), 2.2) for day in np.sort(nights)])
    turn = np.arange(night)
    at = begins[turn % 9] + (turn // 9) * 21 + rng.integers(0, 3, night)
    exits = networks.exits(rng, "vpn", night)
    _forge(scene, "night_script", leader, at, rng.integers(300, 90 * DAY_S, night), exits)

    shelf = scene.public.new_devices(40)
    begin = period.clock(int(rng.integers(4, last_day - 4)), 15)
    at = begin + np.cumsum(rng.exponential(70, phones)).astype(np.int64)
    exits = networks.exits(rng, "mobile", phones)
    waits = rng.integers(45, 3 * DAY_S, phones)
    _forge(
        scene, "device_farm", leader, np.minimum(at, cleaned - 1), waits, exits,
        device=shelf[np.arange(phones) % 40],
    )  # fmt: skip


def _forge(
    scene: Scene,
    called: str,
    leader: int,
    at: NDArray[np.int64],
    waits: NDArray[np.int64],
    address: NDArray[np.void],
    **known: Any,
) -> None:
    """One account and one vote each at moments `at`, registered `waits` seconds before."""
    crowd = scene.gather(called, np.array([leader]), honest=False)
    accounts = scene.public.recruit(len(at), at, "fresh")
    scene.public.set_created(accounts, at - waits)
    scene.cast(crowd, accounts, np.full(len(at), leader), at, address=address, **known)

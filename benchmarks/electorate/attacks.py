"""How votes are forged. Every attacker is a little different and none of them works perfectly.

Each story draws its own size, exits, camouflage and care from the campaign's seed and writes what
it drew into the truth file, so that a figure can be broken down by how hard the case was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.electorate.forgers import deliver, disguise, hire, live_as, spread, strength
from benchmarks.electorate.rhythm import DAY_S, HOUR_S
from benchmarks.electorate.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.electorate.networks import Exit


def burst_new_accounts(scene: Scene) -> None:
    """Accounts registered by a script and voted within hours, most for the target alone."""
    rng = scene.rng
    n = strength(scene, 60, 900)
    day = scene.period.some_day(rng, early=0.1, late=0.95)
    hours = rng.uniform(0.7, 7)
    at = scene.period.clock(day, rng.uniform(0, 23)) + spread(rng, n, hours * HOUR_S)
    exits: Exit = rng.choice(["hosting", "vpn", "residential"])
    forgers = hire(scene, "burst_new_accounts", at, exits=exits, hours=round(hours, 1))
    batch = rng.random() < 0.5  # all registered beforehand, or each just before its vote
    waits = rng.integers(HOUR_S, 9 * HOUR_S, n) if batch else rng.integers(8, 400, n)
    scene.public.set_created(forgers.accounts, np.where(batch, at.min(), at) - waits)
    deliver(scene, forgers, at)
    disguise(scene, forgers, at, share=rng.uniform(0, 0.25), mean=2)


def slow_drip(scene: Scene) -> None:
    """About one vote an hour over weeks, day and night or only while people are awake."""
    rng = scene.rng
    weeks = rng.uniform(2, min(4, scene.period.days / 7 - 0.5))
    pace = rng.uniform(0.7, 1.4) * HOUR_S
    start = scene.period.opens + int(rng.uniform(0.5, 3) * DAY_S)
    gaps = rng.normal(pace, rng.uniform(0.05, 0.5) * pace, int(weeks * 168))
    at = start + np.maximum(np.cumsum(gaps), 0).astype(np.int64)
    at = at[scene.period.inside(at)]
    sleeps = bool(rng.random() < 0.5)
    if sleeps:
        hour = scene.period.hours[(at - scene.period.opens) // HOUR_S]
        at = at[(hour >= 7) | (hour < 1)]
    at = at[rng.random(len(at)) < 0.95]
    exits: Exit = rng.choice(["vpn", "residential", "mobile"])
    forgers = hire(scene, "slow_drip", at, exits=exits, sleeps=sleeps)
    fresh = rng.random() < 0.6
    waits = rng.integers(20, 900, len(at)) if fresh else rng.integers(DAY_S, 30 * DAY_S, len(at))
    scene.public.set_created(forgers.accounts, at - waits)
    deliver(scene, forgers, at)
    disguise(scene, forgers, at, share=rng.uniform(0, 0.3), mean=1.5)


def lockstep_ring(scene: Scene) -> None:
    """A ring that votes together for several targets, with as many harmless votes in between."""
    rng = scene.rng
    _ring(scene, "lockstep_ring", strength(scene, 30, 160), int(rng.integers(3, 9)), camouflage=0.5)


def small_ring(scene: Scene) -> None:
    """Twelve accounts of a few friends who push the same handful of ideas each time."""
    rng = scene.rng
    _ring(scene, "small_ring", 12, int(rng.integers(4, 9)), camouflage=float(rng.uniform(0.2, 0.5)))


def aged_accounts(scene: Scene) -> None:
    """Bought accounts, years old, delivered over days in the rhythm of real people."""
    rng = scene.rng
    n = strength(scene, 80, 700)
    days = rng.uniform(2, 12)
    start = scene.period.opens + int(
        rng.uniform(0.05, 0.6) * (scene.period.closes - scene.period.opens)
    )
    end = min(start + int(days * DAY_S), scene.period.closes)
    at = scene.period.moments(rng, np.full(n, start), end)
    exits: Exit = rng.choice(["vpn", "residential", "residential", "mobile"])
    forgers = hire(scene, "aged_accounts", at, exits=exits, days=round(days, 1))
    age = rng.uniform(200, 3000, n)
    if rng.random() < 0.5:  # sellers breed accounts in batches
        age = rng.choice(rng.uniform(200, 2500, int(rng.integers(3, 9))), n) + rng.random(n)
    scene.public.set_created(forgers.accounts, at - (age * DAY_S).astype(np.int64))
    deliver(scene, forgers, at)
    disguise(scene, forgers, at, share=rng.uniform(0, 0.4), mean=1.5)


def one_idea_puppets(scene: Scene) -> None:
    """Newly made persons who come over days, vote once for the one idea and never return."""
    rng = scene.rng
    n = strength(scene, 60, 600)
    start = scene.period.opens + int(
        rng.uniform(0.05, 0.5) * (scene.period.closes - scene.period.opens)
    )
    end = min(start + int(rng.uniform(3, 15) * DAY_S), scene.period.closes)
    at = scene.period.moments(rng, np.full(n, start), end)
    exits: Exit = rng.choice(["vpn", "hosting", "residential"])
    forgers = hire(scene, "one_idea_puppets", at, exits=exits)
    waits = np.minimum(rng.lognormal(5.5, 1.2, n), 2 * DAY_S)
    scene.public.set_created(forgers.accounts, at - waits.astype(np.int64) - 6)
    deliver(scene, forgers, at)


def address_farm(scene: Scene) -> None:
    """Every account has an address of its own, but all of them lie next to one another."""
    rng = scene.rng
    n = strength(scene, 60, 500)
    day = scene.period.some_day(rng, late=0.8)
    days = rng.uniform(0.3, 9)
    start = scene.period.clock(day, rng.uniform(0, 23))
    end = min(start + int(days * DAY_S), scene.period.closes)
    at = scene.period.moments(rng, np.full(n, start), end)
    farm = scene.public.networks.farm(rng, n)
    forgers = hire(scene, "address_farm", at, address=farm, days=round(days, 1))
    mixed_ages = rng.random() < 0.4
    waits = rng.uniform(60, 200 * DAY_S, n) if mixed_ages else rng.uniform(30, 2 * DAY_S, n)
    scene.public.set_created(forgers.accounts, at - waits.astype(np.int64))
    deliver(scene, forgers, at)
    disguise(scene, forgers, at, share=rng.uniform(0, 0.35), mean=2)


def device_farm(scene: Scene) -> None:
    """A shelf of telephones; flight mode gives each account another address, not another phone."""
    rng = scene.rng
    n = strength(scene, 50, 400)
    phones = scene.public.new_devices(max(3, n // int(rng.integers(8, 40))))
    pace = rng.uniform(20, 240) * int(rng.integers(1, 6))
    day = scene.period.some_day(rng, late=0.8)
    start = scene.period.clock(day, rng.uniform(6, 23))
    at = start + np.cumsum(rng.exponential(pace, n)).astype(np.int64)
    device = phones[np.arange(n) % len(phones)]
    forgers = hire(scene, "device_farm", at, exits="mobile", device=device, phones=len(phones))
    scene.public.set_created(forgers.accounts, at - rng.integers(60, 20 * DAY_S, n))
    deliver(scene, forgers, at)
    disguise(scene, forgers, at, share=rng.uniform(0, 0.4), mean=2)


def vote_and_withdraw(scene: Scene) -> None:
    """Votes that are taken back once they have done their work.

    Three ways: lift one idea into the trend list and move on to the next; stay among the newest
    votes by withdrawing and casting again; prop up a rival until the last hours, then let it fall.
    """
    rng = scene.rng
    n = strength(scene, 40, 300)
    way = str(rng.choice(["pump", "churn", "collapse"]))
    day = scene.period.some_day(rng, early=0.1, late=0.6)
    start = scene.period.clock(day, rng.uniform(8, 20))
    at = start + spread(rng, n, rng.uniform(1, 30) * HOUR_S)
    exits: Exit = rng.choice(["vpn", "residential", "hosting"])
    forgers = hire(scene, "vote_and_withdraw", at, exits=exits, targets=3, way=way)
    scene.public.set_created(forgers.accounts, at - rng.integers(300, 40 * DAY_S, n))
    targets = scene.crowds[forgers.crowd - 1].ideas
    if way == "pump":
        for stop, idea in enumerate(targets):
            moved = at + stop * int(rng.uniform(20, 50)) * HOUR_S
            cast = deliver(scene, forgers, moved, idea=idea)
            back = cast["at"] + spread(rng, len(cast), 6 * HOUR_S) + 4 * HOUR_S
            if idea != targets[-1]:
                scene.withdraw(cast, back)
    elif way == "churn":
        for turn in range(int(rng.integers(3, 7))):
            again = at + turn * DAY_S + rng.integers(0, 5 * HOUR_S, n)
            cast = deliver(scene, forgers, again)
            scene.withdraw(cast, cast["at"] + rng.integers(HOUR_S, 18 * HOUR_S, len(cast)))
        deliver(scene, forgers, at + 8 * DAY_S)
    else:
        cast = deliver(scene, forgers, at)
        last = scene.period.closes - rng.integers(600, 10 * HOUR_S, len(cast))
        scene.withdraw(cast, last)
    disguise(scene, forgers, at, share=rng.uniform(0, 0.4), mean=1.5)


def night_script(scene: Scene) -> None:
    """A job that runs each night between two and five and votes at a steady beat."""
    rng = scene.rng
    n = strength(scene, 60, 500)
    nights = int(rng.integers(2, 9))
    first = scene.period.some_day(rng, early=0.05, late=0.6)
    hour = rng.uniform(1.5, 3.5)
    per_night = -(-n // nights)
    beat = min(rng.uniform(12, 150), 2.5 * HOUR_S / per_night)
    night, turn = np.arange(n) // per_night, np.arange(n) % per_night
    begins = np.array([scene.period.clock(first + each, hour) for each in range(nights)])
    jitter = rng.normal(0, rng.uniform(0.01, 0.3) * beat, n)
    at = (begins[night] + turn * beat + jitter + 60).astype(np.int64)
    exits: Exit = rng.choice(["hosting", "vpn", "residential"])
    forgers = hire(scene, "night_script", at, exits=exits, nights=nights, beat_s=round(beat))
    scene.public.set_created(
        forgers.accounts, at - (rng.lognormal(2.5, 2, n) * DAY_S).astype(np.int64) - 30
    )
    deliver(scene, forgers, at)
    disguise(scene, forgers, at, share=rng.uniform(0, 0.3), mean=2)


def mixed(scene: Scene) -> None:
    """Two attackers at once who know nothing of one another."""
    names = [name for name in ATTACKS if name not in ("mixed", "small_ring")]
    for name in scene.rng.choice(names, 2, replace=False):
        ATTACKS[str(name)](scene)


def _ring(scene: Scene, called: str, n: int, targets: int, *, camouflage: float) -> None:
    """Accounts that follow one plan; `camouflage` is the share of their votes spent elsewhere."""
    rng = scene.rng
    window = float(np.exp(rng.uniform(np.log(3), np.log(240)))) * 60
    day = scene.period.some_day(rng, late=0.5)
    starts = sorted(
        scene.period.clock(day + int(step), rng.uniform(9, 22))
        for step in rng.integers(0, max(2, scene.period.days - day - 2), targets)
    )
    first = starts[0] + spread(rng, n, window)
    exits = rng.choice(["own", "own", "residential", "vpn"])
    forgers = hire(
        scene, called, first, exits=exits, targets=targets, window_min=round(window / 60),
        camouflage=round(camouflage, 2),
    )  # fmt: skip
    if rng.random() < 0.5:  # else they are mostly settled accounts
        scene.public.set_created(forgers.accounts, first - rng.integers(600, 20 * DAY_S, n))
    for start, idea in zip(starts, scene.crowds[forgers.crowd - 1].ideas, strict=True):
        deliver(scene, forgers, start + spread(rng, n, window), idea=idea)
    spent = rng.poisson(targets * camouflage / (1 - camouflage), n)
    earliest = np.minimum(first, scene.period.closes - 2 * HOUR_S)
    live_as(scene, forgers, earliest, np.minimum(spent, scene.size.cap - targets))


ATTACKS: dict[str, Callable[[Scene], None]] = {
    story.__name__: story
    for story in (
        burst_new_accounts,
        slow_drip,
        lockstep_ring,
        small_ring,
        aged_accounts,
        one_idea_puppets,
        address_farm,
        device_farm,
        vote_and_withdraw,
        night_script,
        mixed,
    )
}

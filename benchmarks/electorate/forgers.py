"""What forgers have in common: accounts in one hand, rented exits, votes that do not all arrive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from benchmarks.electorate.background import a_few, live
from benchmarks.electorate.scene import Scene

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.electorate.networks import Exit


@dataclass(frozen=True, slots=True)
class Forgers:
    """Accounts in one hand, and how that hand reaches the site."""

    crowd: int
    accounts: NDArray[np.int64]
    target: int
    address: NDArray[np.void]
    device: NDArray[np.int64]
    referrer: NDArray[np.int64]
    delivery: float  # share of votes that arrive: captchas, bans and bugs cost some


def strength(scene: Scene, low: int, high: int) -> int:
    """How many accounts are used: enough to matter in a campaign of this size."""
    if scene.size.crowd < 1:
        low, high = max(20, low // 3), max(45, high // 6)
    return int(np.exp(scene.rng.uniform(np.log(low), np.log(high))) * max(1, scene.size.crowd))


def hire(
    scene: Scene,
    called: str,
    at: NDArray[np.int64],
    *,
    exits: Exit | Literal["own"] = "own",
    address: NDArray[np.void] | None = None,
    device: NDArray[np.int64] | None = None,
    targets: int = 1,
    **facts: object,
) -> Forgers:
    """Accounts that vote at moments `at` for ideas that stand by then, reached through `exits`.

    "own": through their own lines, as friends do. `address` and `device`, where given, hold one
    entry for each account; what else was drawn goes with `facts` into the truth file.
    """
    rng = scene.rng
    n = len(at)
    done = (int(at.min()) - scene.period.opens) / (scene.period.closes - scene.period.opens)
    ideas = scene.board.contenders(rng, targets, until=max(done, 0.0), period=scene.period)
    accounts = scene.public.recruit(n, at, "settled")
    delivery = float(rng.uniform(0.84, 0.97))
    way = "adjacent" if address is not None else str(exits)
    if address is None:
        own_line, _ = scene.public.connect(accounts, at)
        address = own_line if exits == "own" else scene.public.networks.exits(rng, exits, n)
    reuses = device is not None or (rng.random() < 0.4 and way != "own")
    if device is None:  # the careful give every account a clean browser, the careless forget to
        device = scene.public.everyone["device"][accounts].copy()
        if reuses:
            device = rng.choice(scene.public.new_devices(max(2, n // 12)), n)
    trail = scene.refer(f"https://forum.example/t/{rng.integers(10**5)}")
    false_trail = rng.random() < 0.4  # forged to look like an ordinary day
    referrer = scene.usual_referrers(n) if false_trail else rng.choice([0, 0, trail], n)
    crowd = scene.gather(
        called, ideas, honest=False, delivery=round(delivery, 2), exits=way,
        reuses_devices=reuses, **facts,
    )  # fmt: skip
    return Forgers(crowd, accounts, int(ideas[0]), address, device, referrer, delivery)


def deliver(
    scene: Scene, forgers: Forgers, at: NDArray[np.int64], *, idea: int | None = None
) -> NDArray[np.void]:
    """Casts the votes that get through, at moments `at`, for the target or for `idea`."""
    came = scene.rng.random(len(at)) < forgers.delivery
    return scene.cast(
        forgers.crowd,
        forgers.accounts[came],
        np.full(came.sum(), forgers.target if idea is None else idea),
        at[came],
        address=forgers.address[came],
        device=forgers.device[came],
        referrer=forgers.referrer[came],
    )


def disguise(
    scene: Scene, forgers: Forgers, at: NDArray[np.int64], *, share: float, mean: float
) -> None:
    """Lets that share of the accounts vote like visitors too, about `mean` times each."""
    n = len(at)
    hidden = a_few(scene, n, mean) * (scene.rng.random(n) < share)
    live_as(scene, forgers, at + 20, hidden)


def live_as(
    scene: Scene, forgers: Forgers, first: NDArray[np.int64], activity: NDArray[np.int64]
) -> None:
    """Votes as visitors cast them, `activity` times an account, but through the forgers' exits."""
    sheet = live(scene, forgers.accounts, first, activity=activity, crowd=forgers.crowd)
    account = sheet["voter"] - forgers.accounts[0]
    sheet["address"], sheet["device"] = forgers.address[account], forgers.device[account]


def spread(rng: np.random.Generator, n: int, width_s: float) -> NDArray[np.int64]:
    """`n` waits up to `width_s` seconds: evenly, or crowded at the front."""
    shape = rng.uniform(0.6, 1.0)
    return (width_s * rng.beta(shape, rng.uniform(1, 2.5), n)).astype(np.int64)

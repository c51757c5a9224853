"""The public at large: curious, moody, loyal to a topic, sometimes odd, always honest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.electorate.rhythm import DAY_S, HOUR_S
from benchmarks.electorate.scene import LIFE, Scene

if TYPE_CHECKING:
    from numpy.typing import NDArray


def public_at_large(scene: Scene) -> None:
    """Everybody who came for no special reason; the first people of the campaign."""
    first = scene.period.any_moments(scene.rng, scene.size.voters)
    voters = scene.public.recruit(scene.size.voters, first)
    live(scene, voters, first, activity=_activity(scene, len(voters)))
    _own_ideas(scene)
    _family_votes(scene)
    _list_walkers(scene)
    _second_thoughts(scene)


def live(
    scene: Scene,
    voters: NDArray[np.int64],
    first: NDArray[np.int64],
    *,
    activity: NDArray[np.int64],
    crowd: int = 0,
    picky: NDArray[np.int64] | None = None,
) -> NDArray[np.void]:
    """Lets people vote as they like from their `first` visit on, `activity` times each.

    They come in visits at busy hours, cast a few votes each time and follow their topic. `crowd`
    marks the votes as the everyday life of a crowd's members; `picky` replaces the usual choice.
    """
    rng = scene.rng
    active = activity > 0
    voters, first, activity = voters[active], first[active], activity[active]
    visits = 1 + rng.binomial(activity - 1, np.clip(rng.beta(0.8, 2.5, len(voters)), 0, 1))
    who = np.repeat(np.arange(len(voters)), visits)
    opening = np.cumsum(visits) - visits
    begins = scene.period.moments(rng, first[who])
    begins[opening] = first
    night_owl = (rng.random(len(voters)) < 0.04)[who]
    begins[night_owl] += rng.integers(3, 9, night_owl.sum()) * HOUR_S
    begins = np.minimum(begins, scene.period.closes - 1)
    address, device = scene.public.connect(voters[who], begins)
    referrer = scene.usual_referrers(len(who))

    vote_of = np.repeat(np.arange(len(voters)), activity)
    visit = opening[vote_of] + (rng.random(len(vote_of)) * visits[vote_of]).astype(np.int64)
    visit[np.cumsum(activity) - activity] = opening  # the first visit is never without a vote
    order = np.lexsort((rng.random(len(visit)), visit))
    visit, vote_of = visit[order], vote_of[order]
    at = begins[visit] + _reading_time(rng, visit)
    topic = scene.public.everyone["topic"][voters[vote_of]].astype(np.int64)
    ideas = scene.board.pick(rng, at, topic) if picky is None else rng.choice(picky, len(at))
    return scene.cast(
        crowd,
        voters[vote_of],
        ideas,
        at,
        role=LIFE,
        address=address[visit],
        device=device[visit],
        referrer=referrer[visit],
    )


def a_few(scene: Scene, n: int, mean: float) -> NDArray[np.int64]:
    """How many further votes each of `n` people casts: most few, some many."""
    heavy = scene.rng.gamma(0.6, mean / 0.6, n)
    return np.minimum(np.round(heavy), scene.size.cap // 3).astype(np.int64)


def _activity(scene: Scene, n: int) -> NDArray[np.int64]:
    """Votes per voter: Pareto, so that half vote once or twice and a few until the cap."""
    drawn = 1.35 * (1 - scene.rng.random(n)) ** (-1 / scene.rng.uniform(1.12, 1.22))
    return np.minimum(drawn, 0.7 * scene.size.cap).astype(np.int64)


def _reading_time(rng: np.random.Generator, visit: NDArray[np.int64]) -> NDArray[np.int64]:
    """Seconds since the visit began for each vote; `visit` is sorted."""
    gaps = rng.lognormal(3.7, 1.0, len(visit))
    passed = np.cumsum(gaps)
    start = np.searchsorted(visit, visit)
    return (passed - passed[start] + gaps * 0.3).astype(np.int64)


def _own_ideas(scene: Scene) -> None:
    """Most authors back their own idea as soon as they can, and some ask a friend to."""
    authors = np.flatnonzero(scene.rng.random(len(scene.board.created)) < 0.5)
    if len(authors) > scene.size.voters // 4:  # large boards: most authors are long gone
        authors = scene.rng.choice(authors, scene.size.voters // 10, replace=False)
    since = np.maximum(scene.board.created[authors], scene.period.opens)
    at = since + scene.rng.exponential(5 * HOUR_S, len(authors)).astype(np.int64)
    who = scene.board.author[authors]
    scene.cast(0, who, authors, np.minimum(at, scene.period.closes - 1), role=LIFE)


def _family_votes(scene: Scene) -> None:
    """Somebody shows an idea to the person next to them, who votes for it on the same sofa."""
    sheet = scene.sheets[0]
    household = scene.public.everyone["household"]
    has_next = np.flatnonzero(household[:-1] == household[1:])
    shown = sheet[np.isin(sheet["voter"], has_next)]
    shown = shown[scene.rng.random(len(shown)) < 0.25]
    at = shown["at"] + 40 + scene.rng.exponential(900, len(shown)).astype(np.int64)
    told = shown["voter"] + 1
    scene.cast(0, told, shown["idea"], at, role=LIFE, address=shown["address"])


def _list_walkers(scene: Scene) -> None:
    """One in two hundred goes down the whole list and clicks at every second idea, like a clock."""
    rng = scene.rng
    _, where = np.unique(scene.sheets[0]["voter"], return_index=True)
    walkers = rng.choice(where, max(2, len(where) // 200), replace=False)
    for walker, start in scene.sheets[0][["voter", "at"]][walkers].tolist():
        newest = int(np.searchsorted(scene.board.created, start, side="right"))
        steps = min(int(rng.integers(8, scene.size.cap)), newest)
        seen = newest - 1 - np.sort(rng.choice(min(newest, 2 * steps), steps, replace=False))
        at = start + 60 + np.cumsum(rng.integers(4, 15, steps))
        address, device = scene.public.connect(np.array([walker]), np.array([start]))
        scene.cast(
            0,
            np.full(steps, walker),
            seen,
            at,
            role=LIFE,
            address=np.repeat(address, steps),
            device=np.repeat(device, steps),
            referrer=5,
        )


def _second_thoughts(scene: Scene) -> None:
    """Three in a hundred votes are taken back; often another idea gets one instead."""
    rng = scene.rng
    sheet = scene.sheets[0]
    regret = sheet[rng.random(len(sheet)) < 0.03]
    soon = rng.random(len(regret)) < 0.6  # a slip of the finger, or a change of mind later
    wait = np.where(soon, rng.exponential(90, len(regret)), rng.exponential(6 * DAY_S, len(regret)))
    at = regret["at"] + 3 + wait.astype(np.int64)
    scene.withdraw(regret, at)
    moved = rng.random(len(regret)) < 0.5
    moved &= at < scene.period.closes - 600
    topic = scene.public.everyone["topic"][regret["voter"][moved]].astype(np.int64)
    later = at[moved] + rng.integers(5, 300, moved.sum())
    scene.cast(
        0, regret["voter"][moved], scene.board.pick(rng, later, topic), later, role=LIFE,
        address=regret["address"][moved], device=regret["device"][moved],
    )  # fmt: skip
    back = rng.random(len(regret)) < 0.1  # and some return to their first love
    scene.cast(0, regret["voter"][back], regret["idea"][back], at[back] + 3600, role=LIFE)

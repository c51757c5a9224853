"""Weeks with a storm. No two storms show the same signs; each has some of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from benchmarks.weather.harmless import tell_launch
from benchmarks.weather.quiet import own_post
from benchmarks.weather.rhythm import poisson
from benchmarks.weather.surge import Surge, pick_onset, storm_sized
from benchmarks.weather.town import MENTIONS, PAGE, Place, Post, Town


@dataclass(frozen=True, slots=True)
class Temper:
    """What kind of storm it is: shares in 0..1, and which signs it shows at all."""

    negative: float
    new: float
    tagged: float
    toxic: float
    calls: float
    deletes: bool
    press: int
    influencer: bool
    statement: float | None

    @classmethod
    def draw(cls, rng: random.Random) -> Temper:
        """Return a storm of chance."""
        return cls(
            negative=rng.uniform(0.58, 0.86),
            new=rng.uniform(0.4, 0.85),
            tagged=rng.uniform(0.03, 0.4),
            toxic=rng.uniform(0.01, 0.09),
            calls=rng.uniform(0.02, 0.13),
            deletes=rng.random() < 0.35,
            press=poisson(rng, 1.6) if rng.random() < 0.7 else 0,
            influencer=rng.random() < 0.55,
            statement=rng.uniform(0.5, 1.4) if rng.random() < 0.65 else None,
        )


def tell_slow(town: Town, rng: random.Random) -> list[Post]:
    """Twelve hours from the first complaint to the peak."""
    return _rage(
        town, rng, storm_sized(town, rng, 12, pick_onset(town, rng)), _some_places(town, rng)
    )


def tell_fast(town: Town, rng: random.Random) -> list[Post]:
    """One hour from the first complaint to the peak."""
    return _rage(
        town, rng, storm_sized(town, rng, 1, pick_onset(town, rng)), _some_places(town, rng)
    )


def tell_cross_platform(town: Town, rng: random.Random) -> list[Post]:
    """It starts in one place and jumps to the others."""
    surge = storm_sized(town, rng, rng.uniform(4, 9), pick_onset(town, rng))
    places = list(town.size.places)
    rng.shuffle(places)
    return _rage(town, rng, surge, places, jump_at=rng.uniform(0.3, 0.6))


def tell_after_launch(town: Town, rng: random.Random) -> list[Post]:
    """Praise for a launch, and a day or two later the anger of those who bought."""
    angry = town.tongue.tag
    launch = tell_launch(town, rng)
    town.tongue.tag = angry
    onset = launch + timedelta(hours=rng.uniform(26, 58))
    surge = storm_sized(town, rng, rng.uniform(3, 9), onset)
    return _rage(town, rng, surge, _some_places(town, rng))


def tell_small_company(town: Town, rng: random.Random) -> list[Post]:
    """Three posts a day, then twelve an hour: to this company it is a hurricane."""
    surge = storm_sized(town, rng, rng.uniform(2, 8), pick_onset(town, rng))
    return _rage(town, rng, surge, list(town.size.places))


def tell_on_company_post(town: Town, rng: random.Random) -> list[Post]:
    """Everything gathers beneath a post of the company's own."""
    onset = pick_onset(town, rng)
    post = own_post(town, "post", onset - timedelta(minutes=rng.uniform(4, 90)))
    surge = storm_sized(town, rng, rng.uniform(1.5, 7), onset)
    return _rage(town, rng, surge, [PAGE, MENTIONS], under=post)


def _some_places(town: Town, rng: random.Random) -> list[Place]:
    places = list(town.size.places)
    rng.shuffle(places)
    return places[: rng.randint(1, len(places))]


def _rage(
    town: Town,
    rng: random.Random,
    surge: Surge,
    places: Sequence[Place],
    *,
    jump_at: float = 0.0,
    under: Post | None = None,
) -> list[Post]:
    """Let the storm blow; returns its posts. Until `jump_at` it stays in the first place."""
    temper = Temper.draw(rng)
    raged: list[Post] = []
    first = town.write("storm", surge.onset, places[0], to=under, new=0.8)
    raged.append(first)
    for at in surge.moments(town):
        stage = surge.stage(at)
        pool = _pool(temper, stage, rng)
        here = _place(places, stage, jump_at, under, rng)
        above = _above(raged, here, rng) or (under if here is PAGE else None)
        tagged = stage > 0.25 and rng.random() < temper.tagged
        raged.append(town.write(pool, at, here, to=above, new=temper.new, tagged=tagged))
    _amplify(town, rng, surge, temper, raged)
    return [post for post in raged if post.at < town.end]


def _pool(temper: Temper, stage: float, rng: random.Random) -> str:
    calls = temper.calls if stage > 0.3 else 0.0
    deleted = 0.07 if temper.deletes and stage > 0.6 else 0.0
    angry = max(0.05, temper.negative - calls - deleted - temper.toxic)
    rest = 1 - temper.negative
    return rng.choices(
        ("storm", "call", "deleted", "toxic", "ask", "defend", "neu"),
        (angry, calls, deleted, temper.toxic, rest * 0.5, rest * 0.3, rest * 0.2),
    )[0]


def _place(
    places: Sequence[Place], stage: float, jump_at: float, under: Post | None, rng: random.Random
) -> Place:
    if under:
        return PAGE if stage < 0.5 or rng.random() < 0.85 else MENTIONS
    if stage < jump_at:
        return places[0]
    weights = [1 / (rank + 1.3) for rank in range(len(places))]
    return rng.choices(list(places), weights)[0]


def _above(raged: Sequence[Post], place: Place, rng: random.Random) -> Post | None:
    """Return an earlier post of the storm that the next one answers, or None for a new thread."""
    if rng.random() > 0.45:
        return None
    recent = [post for post in raged[-30:] if post.place is place]
    return rng.choice(recent) if recent else None


def _amplify(
    town: Town, rng: random.Random, surge: Surge, temper: Temper, raged: list[Post]
) -> None:
    """Add what makes storms grow: press, people with an audience, a statement, deletions."""

    def when(stage: float) -> datetime:
        return surge.onset + timedelta(hours=surge.ramp_h * stage)

    for _ in range(temper.press):
        town.report("press", when(rng.uniform(0.4, 1.6)), 1)
    if temper.influencer:
        loud = town.stranger(followers=rng.randint(20_000, 400_000))
        raged.append(town.write("storm", when(rng.uniform(0.2, 0.8)), MENTIONS, by=loud))
    if temper.statement:
        statement = town.write("statement", when(temper.statement), PAGE, by=town.company)
        for _ in range(2 + poisson(rng, surge.peak_per_h * 0.3)):
            at = statement.at + timedelta(hours=rng.expovariate(1 / 1.5))
            raged.append(town.write("storm", at, PAGE, to=statement, new=temper.new))
    if temper.deletes:
        civil = [p for p in raged if p.place.own and p.pool == "storm" and p.at > when(0.4)]
        for post in rng.sample(civil, len(civil) // 6):
            town.remove(post, post.at + timedelta(minutes=rng.uniform(5, 90)), "moderator")

"""Weeks in which much happens and nothing burns. Each story returns when it begins, or None."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from benchmarks.weather.quiet import draw_comments, own_post
from benchmarks.weather.rhythm import ZONES, awake, poisson
from benchmarks.weather.surge import Surge, busy_hour, pick_onset, storm_sized
from benchmarks.weather.town import MENTIONS, PAGE, Outage, Town

Story = Callable[[Town, random.Random], datetime | None]


def tell_quiet(town: Town, rng: random.Random) -> None:
    """Nothing but everyday life."""


def tell_praise_burst(town: Town, rng: random.Random) -> datetime:
    """A good deed goes round; as many people as in a storm, and they cheer."""
    town.tongue.cheer()
    surge = storm_sized(town, rng, rng.uniform(1, 8), pick_onset(town, rng))
    first = town.write(
        "praise", surge.onset, MENTIONS, by=town.stranger(rng.randint(8000, 300_000))
    )
    town.report("goodpress", surge.onset + timedelta(hours=rng.uniform(2, 9)), poisson(rng, 1.5))
    for at in surge.moments(town):
        pool = rng.choices(("praise", "ask", "neg", "toxic"), (78, 13, 8, 1))[0]
        place = town.place()
        to = first if place is MENTIONS and rng.random() < 0.3 else None
        town.write(pool, at, place, to=to, new=0.65, tagged=rng.random() < 0.2)
    return surge.onset


def tell_launch(town: Town, rng: random.Random) -> datetime:
    """A launch: praise, many questions, the usual grumbling about the price."""
    town.tongue.cheer()
    day = town.start + timedelta(days=rng.randint(1, 3), hours=rng.uniform(8, 11))
    total = max(25, busy_hour(town) * rng.uniform(14, 40))
    for hours, part in ((0, 0.55), (5, 0.15), (26, 0.2), (49, 0.1)):
        post = own_post(town, "postlaunch", day + timedelta(hours=hours + rng.random()))
        draw_comments(town, post, round(total * part), (rng.uniform(0.13, 0.27), 0.5, 0.3),
                      ("launchbad", "launch", "launchask"), median_h=2.0, new=0.5)  # fmt: skip
    town.report("goodpress", day + timedelta(hours=rng.uniform(1, 20)), poisson(rng, 1.0))
    talk = Surge(day, 2.0, 3.0, 9.0, max(2.0, busy_hour(town) * rng.uniform(1, 3)))
    for at in talk.moments(town):
        pool = rng.choices(("launch", "launchask", "launchbad"), (55, 27, 18))[0]
        town.write(pool, at, MENTIONS, new=0.5, tagged=rng.random() < 0.1)
    return day


def tell_contest(town: Town, rng: random.Random) -> datetime:
    """A prize draw: everybody writes nearly the same, most of them for the first time."""
    town.tongue.cheer()
    at = town.start + timedelta(days=rng.randint(1, 4), hours=rng.uniform(9, 18))
    post = own_post(town, "postcontest", at)
    count = max(40, round(busy_hour(town) * rng.uniform(15, 50)))
    draw_comments(town, post, count, (0.07, 0.8, 0.13), ("gripe", "contest", "neu"),
                  median_h=rng.uniform(2, 6), new=0.75)  # fmt: skip
    return at


def tell_one_troll(town: Town, rng: random.Random) -> datetime:
    """One account, fifty posts, calls for a boycott; some tell him to stop."""
    onset = pick_onset(town, rng)
    troll = town.someone(new=0.5)
    at = onset
    for _ in range(50):
        at += timedelta(minutes=rng.expovariate(1 / rng.uniform(3, 7)))
        place = PAGE if rng.random() < 0.7 else MENTIONS
        sneer = town.write("troll", at, place, by=troll, tagged=rng.random() < 0.4)
        if rng.random() < 0.2:
            moment = at + timedelta(minutes=rng.uniform(1, 50))
            town.write("weary", moment, place, to=sneer, new=0.1)
    return onset


def tell_bot_copies(town: Town, rng: random.Random) -> datetime:
    """A raid: fresh accounts post three texts over and over, each with a little garnish."""
    onset = pick_onset(town, rng)
    count = round(max(60, busy_hour(town) * rng.uniform(6, 15)))
    span_h = rng.uniform(0.7, 3)
    models = [town.tongue.say("bots") for _ in range(3)]
    for _ in range(count):
        at = onset + timedelta(hours=span_h * rng.random())
        garnish = rng.choice(("", " !!", f" {rng.randint(10, 9999)}", " 😡", " ...", " RT", " ‼️"))
        bot = town.stranger(followers=rng.randint(0, 15))
        town.write("bots", at, MENTIONS if rng.random() < 0.6 else PAGE, by=bot,
                   text=rng.choice(models) + garnish)  # fmt: skip
    for _ in range(rng.randint(4, 12)):
        at = onset + timedelta(hours=span_h * rng.uniform(0.3, 2.5))
        town.write("puzzled", at, PAGE, new=0.1)
    return onset


def tell_outage(town: Town, rng: random.Random) -> datetime:
    """The line was down: one source is caught up all at once, another is lost for that time."""
    begin = pick_onset(town, rng)
    end = begin + timedelta(hours=rng.uniform(8, 30))
    lossy = rng.choice(town.size.places)
    for place in town.size.places:
        town.outages.append(Outage(place, begin, end, lost=place is lossy))
    return begin


def tell_unrelated_news(town: Town, rng: random.Random) -> datetime:
    """A gale of the same name makes the news; hardly anybody means the company."""
    town.tongue.cheer()
    surge = storm_sized(town, rng, rng.uniform(1, 9), pick_onset(town, rng))
    for at in surge.moments(town):
        place = MENTIONS if rng.random() < 0.85 else town.place()
        town.write("stray", at, place, new=0.75, relevant=False, tagged=rng.random() < 0.15)
    return surge.onset


def tell_tv_evening(town: Town, rng: random.Random) -> datetime:
    """The company is seen on television: sudden, large, mixed, over by midnight."""
    town.tongue.cheer()
    evening = (town.start + timedelta(days=rng.randint(1, 5), hours=12)).astimezone(
        ZONES[town.lang]
    )
    onset = evening.replace(hour=20, minute=15)
    surge = storm_sized(town, rng, rng.uniform(0.3, 0.9), onset.astimezone(town.start.tzinfo))
    surge = Surge(surge.onset, surge.ramp_h, rng.uniform(0.7, 1.6), rng.uniform(0.4, 1.0),
                  surge.peak_per_h, 1.2)  # fmt: skip
    negative = rng.uniform(0.16, 0.3)
    for at in surge.moments(town):
        pool = rng.choices(("tv", "neu", "ask", "tvbad"), (0.42, 0.2, 0.14, negative))[0]
        town.write(pool, at, MENTIONS if rng.random() < 0.6 else town.place(), new=0.7,
                   tagged=rng.random() < 0.25)  # fmt: skip
    return surge.onset


def holiday(start: datetime, lang: str) -> Callable[[datetime], float]:
    """Return the damping of the days about Christmas: few write until the second of January."""

    def damping(at: datetime) -> float:
        local = at.astimezone(ZONES[lang])
        day = (local.month, local.day)
        if day >= (12, 23) or day <= (1, 1):
            return 0.22 + 0.1 * awake(at, lang)
        return 1.0

    return damping

"""Honest crowds that look like fraud. Each did nothing wrong and must keep its votes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.electorate.background import a_few, live
from benchmarks.electorate.rhythm import DAY_S, HOUR_S
from benchmarks.electorate.scene import Scene, unknown_devices

if TYPE_CHECKING:
    from collections.abc import Callable


_SCHOOLDAYS = (0, 1, 2, 3, 4)


def school_class(scene: Scene) -> None:
    """About 25 pupils at one address in one lesson, or at home the same evening after homework."""
    rng = scene.rng
    n = int(rng.integers(18, 31))
    day = scene.period.some_day(rng, weekdays=_SCHOOLDAYS, late=0.9)
    start = scene.period.clock(day, rng.choice([8.1, 9.8, 11.6, 18.5]))
    ideas = scene.board.contenders(rng, 1, until=day / scene.period.days, period=scene.period)
    lab = bool(rng.random() < 0.5)
    crowd = scene.gather("school_class", ideas, honest=True, computer_room=lab)
    at = start + rng.integers(300, 2600, n)
    pupils = scene.public.recruit(n, at, "fresh")
    address = np.repeat(scene.public.networks.office(rng.integers(1 << 30, 1 << 31, 1)), n)
    device = None
    if lab:  # two at a screen, and all computers were set up from one image
        device = np.repeat(scene.public.new_devices((n + 1) // 2), 2)[:n]
    mostly = rng.random(n) < 0.86
    voters = pupils[mostly]
    scene.cast(
        crowd, voters, np.repeat(ideas, len(voters)), at[mostly], address=address[mostly],
        device=None if device is None else device[mostly], referrer=0,
    )  # fmt: skip
    live(scene, pupils, at + 60, activity=a_few(scene, n, 0.8) + ~mostly, crowd=crowd)


def office(scene: Scene) -> None:
    """A firm behind one or two addresses whose staff back a colleague after a mail to all."""
    rng = scene.rng
    n = scene.head_count(20, 120, least=15)
    day = scene.period.some_day(rng, weekdays=(0, 1, 2), late=0.9)
    mail = scene.period.clock(day, rng.uniform(8.5, 14))
    ideas = scene.board.contenders(rng, 1, until=day / scene.period.days, period=scene.period)
    crowd = scene.gather("office", ideas, honest=True)
    waits = rng.exponential(rng.uniform(1, 7) * HOUR_S, n).astype(np.int64)
    at = mail + waits
    at = np.where(scene.period.is_office_time(at), at, mail + waits % (2 * HOUR_S) + DAY_S)
    staff = scene.public.recruit(n, at, "fresh" if rng.random() < 0.6 else "mixed")
    doors = scene.public.networks.office(rng.integers(1 << 31, 1 << 32, 2))
    address = doors[(rng.random(n) < 0.2).astype(int)]
    at_work = rng.random(n) < 0.85
    home, _ = scene.public.connect(staff, at)
    address = np.where(at_work, address, home)
    link = scene.refer("https://intranet.firma.example/") if rng.random() < 0.5 else 0
    scene.cast(crowd, staff, np.repeat(ideas, n), at, address=address, referrer=link)
    live(scene, staff, at + 90, activity=a_few(scene, n, 1.5), crowd=crowd)


def grassroots_team(scene: Scene) -> None:
    """A club of ten to thirty that backs its three own ideas over days, reminded at meetings."""
    rng = scene.rng
    n = int(rng.integers(10, 31))
    days = int(rng.integers(4, 13))
    day = scene.period.some_day(rng, late=0.7)
    ideas = scene.board.contenders(rng, 3, until=day / scene.period.days, period=scene.period)
    crowd = scene.gather("grassroots_team", ideas, honest=True, days=days)
    start = scene.period.clock(day, rng.uniform(17, 21))
    meeting = start + rng.integers(0, 3, n) * (days // 3 + 1) * DAY_S
    own_time = scene.period.moments(
        rng, np.full(n, start), min(start + days * DAY_S, scene.period.closes)
    )
    together = rng.random(n) < 0.4
    first = np.where(together, meeting + rng.integers(0, 2 * HOUR_S, n), own_time)
    team = scene.public.recruit(n, first, "mixed")
    backs = rng.random((n, 3)) < 0.82
    backs[np.arange(n), rng.integers(0, 3, n)] = True
    who, which = np.nonzero(backs)
    at_once = rng.random(len(who)) < 0.6
    later = scene.period.moments(rng, first[who])
    at = first[who] + which * rng.integers(15, 400, len(who))
    scene.cast(crowd, team[who], ideas[which], np.where(at_once, at, later))
    live(scene, team, first + 300, activity=a_few(scene, n, 4), crowd=crowd)


def viral_share(scene: Scene) -> None:
    """A post goes round: hundreds of newcomers within hours, most for this one idea and gone."""
    rng = scene.rng
    n = scene.head_count(50, 1500, least=40)
    day = scene.period.some_day(rng, early=0.1, late=0.95)
    ideas = scene.board.contenders(rng, 1, until=day / scene.period.days, period=scene.period)
    hours = float(rng.uniform(1.5, 9))
    crowd = scene.gather("viral_share", ideas, honest=True, hours=round(hours, 1))
    start = scene.period.clock(day, rng.uniform(11, 21))
    at = start + (rng.gamma(1.6, hours / 3.2, n) * HOUR_S).astype(np.int64)
    fans = scene.public.recruit(n, at, "fresh")
    link = scene.refer(f"https://social.example/p/{rng.integers(10**8):08d}")
    direct = rng.random(n) < 0.25  # apps that strip the referrer
    scene.cast(crowd, fans, np.repeat(ideas, n), at, referrer=np.where(direct, 0, link))
    stay = a_few(scene, n, 2.5) * (rng.random(n) < 0.22)
    live(scene, fans, at + 60, activity=stay, crowd=crowd)


def newsletter(scene: Scene) -> None:
    """A mailing to the customers: thousands within two hours, spread over what it shows."""
    rng = scene.rng
    n = scene.head_count(1500, 4000, least=100) * max(1, int(scene.size.crowd))
    day = scene.period.some_day(rng, weekdays=(1, 2, 3), early=0.1, late=0.95)
    shown = int(rng.integers(3, 7))
    ideas = scene.board.contenders(rng, shown, until=day / scene.period.days, period=scene.period)
    crowd = scene.gather("newsletter", ideas, honest=True)
    start = scene.period.clock(day, rng.choice([9.0, 10.0, 16.0, 18.0]))
    at = start + np.minimum(rng.exponential(0.7 * HOUR_S, n), 20 * HOUR_S).astype(np.int64)
    readers = scene.public.recruit(n, at, "settled" if rng.random() < 0.6 else "mixed")
    link = scene.refer("https://newsletter.marke.example/ausgabe-7")
    clicks = rng.random(n) < 0.6
    order = 1 / np.arange(1, shown + 1)  # who stands on top of a mail is clicked most
    which = rng.choice(ideas, n, p=order / order.sum())
    scene.cast(crowd, readers[clicks], which[clicks], at[clicks], referrer=link)
    live(scene, readers, at + 45, activity=a_few(scene, n, 1.3) + ~clicks, crowd=crowd)


def television(scene: Scene) -> None:
    """A minute on television: a spike of new accounts from every network of the country."""
    rng = scene.rng
    n = scene.head_count(400, 2500, least=70) * max(1, int(scene.size.crowd))
    day = scene.period.some_day(rng, early=0.05, late=0.97)
    ideas = scene.board.contenders(rng, 1, until=day / scene.period.days, period=scene.period)
    crowd = scene.gather("television", ideas, honest=True)
    start = scene.period.clock(day, rng.choice([17.4, 18.9, 19.6, 20.4, 22.3]))
    at = start + (rng.lognormal(2.6, 0.9, n) * 60).astype(np.int64)
    viewers = scene.public.recruit(n, at, "fresh")
    searched = rng.random(n) < 0.45
    for_it = rng.random(n) < 0.62
    scene.cast(
        crowd, viewers[for_it], np.repeat(ideas, for_it.sum()), at[for_it],
        referrer=searched[for_it].astype(int),
    )  # fmt: skip
    live(scene, viewers, at + 50, activity=a_few(scene, n, 1.2) + ~for_it, crowd=crowd)


def fan_club(scene: Scene) -> None:
    """Early risers who vote for the idea of the day each morning before work, like clockwork."""
    rng = scene.rng
    n = int(rng.integers(12, 41))
    first_day = scene.period.some_day(rng, late=0.4)
    until = first_day / scene.period.days
    mornings = min(scene.period.days - first_day - 1, scene.size.cap // 2, 25)
    wanted = max(3, min(mornings, len(scene.board.created) // 5))
    ideas = scene.board.contenders(rng, wanted, until=until, period=scene.period)
    crowd = scene.gather("fan_club", ideas, honest=True, mornings=mornings)
    hour = rng.uniform(5.2, 7.2)
    begins = [scene.period.clock(first_day + morning, hour) for morning in range(mornings)]
    habit = rng.normal(0, 12 * 60, n).astype(np.int64)  # everybody has a kettle of their own
    fans = scene.public.recruit(n, np.full(n, begins[0] - HOUR_S), "mixed")
    zeal = rng.beta(4, 1.5, n)
    for morning, begin in enumerate(begins):
        up = np.flatnonzero(rng.random(n) < zeal)
        at = begin + habit[up] + rng.normal(0, 300, len(up)).astype(np.int64)
        theirs = rng.random(len(up)) < 0.65
        idea = ideas[morning % len(ideas)]
        scene.cast(crowd, fans[up[theirs]], np.repeat(idea, theirs.sum()), at[theirs])
        live(
            scene, fans[up[~theirs]], at[~theirs], activity=np.ones((~theirs).sum(), int),
            crowd=crowd,
        )  # fmt: skip


def accessibility_center(scene: Scene) -> None:
    """People who vote one after the other on the one adapted device, with a helper beside them."""
    rng = scene.rng
    n = int(rng.integers(8, 26))
    crowd = scene.gather("accessibility_center", np.zeros(0, dtype=int), honest=True)
    day = scene.period.some_day(rng, weekdays=_SCHOOLDAYS, late=0.7)
    days = [day + extra for extra in range(0, 10, 2)][: 1 + n // 8]
    opens = np.array([scene.period.clock(each, 10) for each in rng.choice(days, n)])
    at = opens + rng.integers(0, 24, n) * 900 + rng.integers(0, 240, n)
    guests = scene.public.recruit(n, at, "fresh")
    votes = 1 + a_few(scene, n, 1)
    who = np.repeat(np.arange(n), votes)
    each = at[who] + (np.arange(len(who)) - np.searchsorted(who, who)) * rng.integers(50, 200)
    topic = scene.public.everyone["topic"][guests[who]].astype(np.int64)
    address = np.repeat(scene.public.networks.office(rng.integers(1 << 32, 1 << 33, 1)), len(who))
    device = np.repeat(scene.public.new_devices(1), len(who))
    picked = scene.board.pick(rng, each, topic)
    scene.cast(crowd, guests[who], picked, each, address=address, device=device, referrer=0)


def market_stall(scene: Scene) -> None:
    """A tablet at a fair: passers-by register and choose one of the ideas on the poster."""
    rng = scene.rng
    n = scene.head_count(40, 160, least=25)
    day = scene.period.some_day(rng, weekdays=(5, 6), late=0.95)
    shown = int(rng.integers(4, 8))
    ideas = scene.board.contenders(rng, shown, until=day / scene.period.days, period=scene.period)
    crowd = scene.gather("market_stall", ideas, honest=True)
    at = scene.period.clock(day, 10) + np.sort(rng.integers(0, 7 * HOUR_S, n))
    guests = scene.public.recruit(n, at, "fresh")
    scene.public.set_created(guests, at - rng.integers(40, 200, n))
    tablets = scene.public.new_devices(int(rng.integers(1, 3)))
    seen = unknown_devices(n) if rng.random() < 0.2 else rng.choice(tablets, n)
    address = scene.public.networks.mobile(
        np.full(n, 1), np.full(n, tablets[0]), at // (5 * HOUR_S), np.full(n, 3)
    )
    scene.cast(crowd, guests, rng.choice(ideas, n), at, address=address, device=seen, referrer=0)
    live(scene, guests, at + 2 * HOUR_S, activity=a_few(scene, n, 0.3), crowd=crowd)


LOOKALIKES: dict[str, Callable[[Scene], None]] = {
    story.__name__: story
    for story in (
        school_class,
        office,
        grassroots_team,
        viral_share,
        newsletter,
        television,
        fan_club,
        accessibility_center,
        market_stall,
    )
}

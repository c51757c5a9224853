"""Ordinary weeks. Not calm ones: threads, popular posts, small grumbles and small joys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from benchmarks.weather.rhythm import awake, hours, poisson, put_off, season, uneven
from benchmarks.weather.town import PAGE, Place, Post, Town

Damping = Callable[[datetime], float]
"""Factor on everything that is written at a moment; 1 is usual."""


def live(town: Town, damping: Damping = lambda at: 1.0) -> None:
    """Fill the five weeks of `town` with everyday life."""
    rng = town.rng
    share_negative = rng.uniform(0.12, 0.25)
    share_positive = rng.uniform(0.3, 0.5)
    drift, mood = 0.0, 0.0
    for at in hours(town.begin, town.end):
        if at.hour == 0:
            drift = 0.7 * drift + rng.gauss(0, 0.16)
            mood = 0.6 * mood + rng.gauss(0, 0.035)
        level = town.size.posts_per_day * 0.45 * 2.718**drift * damping(at)
        for _ in range(uneven(rng, level * season(at, town.lang))):
            negative = min(0.45, max(0.04, share_negative + mood))
            pool = rng.choices(
                ("neg", "pos", "neu"),
                (negative, share_positive, 1 - negative - share_positive),
            )[0]
            moment = at + timedelta(seconds=rng.randint(0, 3599))
            _start_thread(town, pool, moment)
        if rng.random() < 1 / (24 * 5) * damping(at):
            _stir(town, at, "neg")
        if rng.random() < 1 / (24 * 6) * damping(at):
            _stir(town, at, "pos")
        town.report("goodpress", at, poisson(rng, 0.004 * town.size.posts_per_day**0.5))
    _post_daily(town, share_negative, damping)
    for post in town.posts:
        if rng.random() < 0.004 and post.author.role is None:
            reason = rng.choice(("author", "author", "moderator"))
            town.remove(post, post.at + timedelta(hours=rng.expovariate(1 / 9)), reason)
    _tell_followers(town)


def _start_thread(town: Town, pool: str, at: datetime) -> None:
    """Write a post; others join in, each reply may draw another one."""
    rng = town.rng
    text = town.tongue.say(pool)
    if rng.random() < 0.05:
        text += f" #{town.tongue.friendly}"
    root = town.write(pool, at, town.place(), text=text)
    last = root
    while rng.random() < 0.36:
        moment = put_off(rng, last.at, 0.7, town.lang)
        echo = pool if rng.random() < 0.45 else rng.choice(("neu", "neu", "pos", "neg"))
        back = rng.random() < 0.25
        last = town.write(echo, moment, root.place, to=last, by=root.author if back else None)
    if rng.random() < 0.2:
        answer(town, root)


def answer(town: Town, post: Post, median_h: float = 3.0) -> None:
    """Let the company answer, by day."""
    moment = put_off(town.rng, post.at, median_h, town.lang)
    town.write("answer", moment, post.place, to=post, by=town.company)


def _stir(town: Town, at: datetime, pool: str) -> None:
    """A small matter that several people care about for half a day, and nobody after that."""
    rng = town.rng
    count = 2 + uneven(rng, 1 + town.size.posts_per_day * 0.05, 2.0)
    span_h = rng.uniform(3, 11)
    place = town.place()
    for _ in range(count):
        moment = at + timedelta(hours=span_h * rng.random() ** 1.4)
        if rng.random() < awake(moment, town.lang) + 0.15:
            mixed = rng.choices((pool, "neu", "pos", "neg"), (70, 18, 6, 6))[0]
            town.write(mixed, moment, place if rng.random() < 0.7 else town.place(), new=0.4)


def _post_daily(town: Town, share_negative: float, damping: Damping) -> None:
    """Let the company post by day; how much a post draws varies wildly."""
    rng = town.rng
    days = round((town.end - town.begin) / timedelta(days=1))
    for day in range(days):
        for _ in range(poisson(rng, town.size.own_posts_per_day)):
            at = town.begin + timedelta(days=day, hours=rng.uniform(7, 19))
            usual = 0.32 * town.size.posts_per_day / town.size.own_posts_per_day
            drawn = usual * 0.65 * rng.lognormvariate(0, 0.9) * damping(at)
            if rng.random() < 0.03:
                drawn *= rng.uniform(3, 7)  # now and then a post is a hit
            moods = (share_negative * rng.uniform(0.5, 1.6), 0.45, 0.4)
            draw_comments(town, own_post(town, "post", at), round(drawn), moods)


def own_post(town: Town, pool: str, at: datetime, place: Place = PAGE) -> Post:
    """Let the company post, and read the post's counters from time to time."""
    post = town.write(pool, at, place, by=town.company)
    likes = town.size.followers * town.rng.lognormvariate(-3.6, 0.6)
    for age_h, grown in ((1, 0.15), (6, 0.5), (24, 0.85), (72, 1.0)):
        moment = at + timedelta(hours=age_h)
        if moment < town.end:
            row = {"type": "counts", "uid": f"{place.platform}:{post.id}", "at": moment}
            row |= {"likes": round(likes * grown), "shares": round(likes * grown / 20)}
            town.other.append((moment, row))
    return post


def draw_comments(
    town: Town,
    post: Post,
    count: int,
    moods: tuple[float, float, float],
    pools: tuple[str, str, str] = ("neg", "pos", "neu"),
    *,
    median_h: float = 2.5,
    new: float = 0.35,
) -> None:
    """Write `count` comments under `post`, `pools` weighted by `moods`."""
    rng = town.rng
    comments: list[Post] = []
    for _ in range(count):
        pool = rng.choices(pools, moods)[0]
        if comments and rng.random() < 0.2:
            above = rng.choice(comments[-6:])
            moment = put_off(rng, above.at, 0.5, town.lang)
            comments.append(town.write(pool, moment, post.place, to=above, new=new))
        else:
            moment = put_off(rng, post.at, median_h, town.lang)
            comments.append(town.write(pool, moment, post.place, to=post, new=new))


def _tell_followers(town: Town) -> None:
    rng = town.rng
    for place in town.size.places:
        followers = round(town.size.followers * (1 if place is PAGE else rng.uniform(0.05, 0.4)))
        for at in hours(town.begin, town.end):
            if place.own and at.hour == 4:
                followers += round(rng.gauss(0.0005, 0.0004) * followers)
                row = {"type": "followers", "source": place.source, "at": at}
                town.other.append((at, row | {"followers": followers}))

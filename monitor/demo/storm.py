"""The shitstorm of the last three days: one complaint that deserved an answer, and got a phrase."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from monitor.demo.everyday import chance, report
from monitor.demo.highlights import INFLUENCER
from monitor.demo.people import Person
from monitor.demo.rhythm import liveliness
from monitor.demo.scene import COMPANY, END, Said, Scene

SEED_AT = datetime(2026, 3, 20, 6, 52, tzinfo=UTC)
"""When the first complaint was written: Friday, 7:52 in Berlin."""

STATEMENT_AT = datetime(2026, 3, 22, 10, 5, tzinfo=UTC)
"""When the company's statement came: Sunday, 11:05 in Berlin."""

_GROWTH_H = 13.0
"""Hours in which the storm grows by a factor of e."""

_REMOVED_FROM = datetime(2026, 3, 21, 20, 40, tzinfo=UTC)

_STAGES: tuple[tuple[float, Mapping[str, int]], ...] = (
    (9, {"early": 8, "reply": 2}),
    (26, {"early": 4, "own": 5, "ask": 2, "reply": 3, "anger": 1}),
    (40, {"own": 24, "anger": 19, "call": 7, "joke": 8, "ask": 8, "defend": 9, "reply": 18}
     | {"toxic": 3}),
    (99, {"own": 17, "anger": 22, "call": 14, "deleted": 10, "joke": 9, "ask": 6, "defend": 7}
     | {"reply": 15, "toxic": 5}),
)  # fmt: skip
"""Until which hour of the storm which pools speak, with weights."""


@dataclass(slots=True)
class _Stage:
    """Where the storm gathers: threads per source, the newest ones in front."""

    page: list[Said]
    mastodon: list[Said]
    forum: list[Said]
    statement: Said | None = None


def tell_storm(scene: Scene, launch: Said) -> None:
    """Let the storm rise from SEED_AT until END; it gathers under the `launch` post too."""
    stage = _begin(scene, launch)
    minutes = round((END - SEED_AT) / timedelta(minutes=1))
    for minute in range(40, minutes):
        at = SEED_AT + timedelta(minutes=minute, seconds=scene.rng.randint(0, 59))
        if stage.statement is None and at >= STATEMENT_AT:
            stage.statement = scene.announce("storm.statement", STATEMENT_AT, likes=24)
        per_hour = 1.05 * math.exp(minute / 60 / _GROWTH_H) * (0.12 + liveliness(at))
        for _ in range(chance(scene, per_hour / 60)):
            _speak(scene, stage, at, minute / 60)
    _tell_amplifiers(scene)
    _remove_criticism(scene)


def _begin(scene: Scene, launch: Said) -> _Stage:
    mother = Person("f91999", "Imke Sanddorn", "imke.sanddorn", "de")
    seed = scene.say("storm.seed", "facebook-page", SEED_AT, by=mother, likes=940)
    thread = scene.say("storm.early", "forum", SEED_AT + timedelta(hours=3, minutes=20), likes=60)
    echo = scene.say("storm.own", "mastodon-mentions", SEED_AT + timedelta(hours=5), likes=210)
    if not (seed and thread and echo):
        raise ValueError("the storm must begin before END and outside of the gap")
    scene.say("storm.answer.first", "facebook-page", SEED_AT + timedelta(hours=2, minutes=9),
              by=COMPANY["facebook-page"], to=seed, lang="de", likes=1)  # fmt: skip
    scene.say("storm.answer.first", "forum", SEED_AT + timedelta(hours=6), by=COMPANY["forum"],
              to=thread, lang=thread.lang, likes=1)  # fmt: skip
    return _Stage([seed, launch], [echo], [thread])


def _speak(scene: Scene, stage: _Stage, at: datetime, hour: float) -> None:
    pools = next(pools for until, pools in _STAGES if hour < until)
    pool = scene.rng.choices(list(pools), list(pools.values()))[0]
    source = scene.rng.choices(
        ("facebook-page", "mastodon-mentions", "forum", "shop-reviews"),
        (48, 33, 12, 7 if hour > 9 else 0),
    )[0]
    if source == "shop-reviews":
        scene.say("review.gezeit.bad", source, at, kind="review", likes=0, new=0.9,
                  rating=1, rating_max=5, tags=["Gezeit"])  # fmt: skip
    elif source == "facebook-page":
        _comment_on_page(scene, stage, at, pool)
    elif source == "forum" and (to := _recent(scene, stage.forum, at)):
        _keep(stage.forum, scene.say(f"storm.{pool}", source, at, to=to, likes=6, new=0.35))
    elif pool == "reply" and (to := _recent(scene, stage.mastodon, at)):
        scene.say("storm.reply", source, at, to=to, likes=5, new=0.6, lang=to.lang)
    else:
        shout = scene.say(
            f"storm.{pool}", "mastodon-mentions", at, likes=14, new=0.6, tags=_tags(pool)
        )
        _keep(stage.mastodon, shout)


def _comment_on_page(scene: Scene, stage: _Stage, at: datetime, pool: str) -> None:
    to: Said = stage.page[0] if scene.rng.random() < 0.55 else stage.page[1]
    if stage.statement and scene.rng.random() < 0.6:
        to = stage.statement
        pool = "statement.comment" if scene.rng.random() < 0.45 else pool
    if pool == "reply":
        to = _recent(scene, stage.page[2:], at) or to
    comment = scene.say(f"storm.{pool}", "facebook-page", at, to=to, likes=11, new=0.55)
    _keep(stage.page, comment)
    if comment and pool in ("own", "early") and scene.rng.random() < 0.05:
        reply_at = at + timedelta(minutes=scene.rng.randint(15, 190))
        scene.say("storm.answer", "facebook-page", reply_at, by=COMPANY["facebook-page"],
                  to=comment, lang=comment.lang, likes=0.5)  # fmt: skip


def _tell_amplifiers(scene: Scene) -> None:
    for hours in (30.3, 36.1, 46.8, 50.2, 53.5, 57.0):
        report(scene, "storm.press", SEED_AT + timedelta(hours=hours))
    for hours, lang in ((33.6, "de"), (33.9, "en")):
        at = SEED_AT + timedelta(hours=hours)
        thread = scene.say("storm.influencer", "mastodon-mentions", at, by=INFLUENCER, lang=lang,
                           likes=1400)  # fmt: skip
        for _ in range(22):
            if thread:
                scene.reply("storm.reply", thread, median_h=4, new=0.6, likes=6)


def _remove_criticism(scene: Scene) -> None:
    """Let the company delete civil, critical comments from its page, as companies should not."""
    critical = [
        post
        for post in scene.said
        if post.source == "facebook-page"
        and SEED_AT < post.at < _REMOVED_FROM
        and post.root
        and post.gold["sentiment"] == "negative"
        and not post.gold["toxic"]
    ]
    for number, post in enumerate(critical[-44::2]):
        scene.remove(post, _REMOVED_FROM + timedelta(minutes=4 * number))


def _recent(scene: Scene, thread: list[Said], at: datetime) -> Said | None:
    """Return one of the newest posts of `thread` that stood there before `at`."""
    earlier = [post for post in thread[-40:] if post.at < at]
    return scene.rng.choice(earlier) if earlier else None


def _keep(thread: list[Said], post: Said | None) -> None:
    if post:
        thread.append(post)


def _tags(pool: str) -> list[str]:
    return {"call": ["abgeblättert", "BoykottTauwerder"]}.get(pool, ["abgeblättert"])

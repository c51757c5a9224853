"""What the company set going: a launch in the second week, then a call for ideas."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.demo.everyday import chance, report
from monitor.demo.people import Person
from monitor.demo.rhythm import sometime
from monitor.demo.scene import END, Said, Scene

LAUNCH = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
"""When the new bottle, the Gezeit, was shown."""

CALL = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
"""When the call for ideas went out."""

INFLUENCER = Person(
    "m777", "Flussfindling", "flussfindling@tooters.example", "de", 48_300, role="third_party"
)
"""An invented tester with an audience."""

_LAUNCH_POSTS = (
    ("post", 1, "en"),
    ("price", 5, "de"),
    ("after", 25, "de"),
    ("story", 49, "en"),
    ("story", 52, "de"),
)
"""What the company added in the days of the launch: pool, hours after LAUNCH, language."""

_CALL_POSTS = (
    ("post", 0, "de", 240),
    ("post", 1, "en", 130),
    ("news", 120, "de", 150),
    ("news", 121, "en", 90),
)
"""The posts of the call for ideas: pool, hours after CALL, language, usual likes."""


def tell_launch(scene: Scene) -> Said:
    """Launch the Gezeit; returns the launch post, under which the storm will gather later."""
    first = scene.announce("launch.post", LAUNCH, likes=330)
    posts = [first]
    for pool, hours, lang in _LAUNCH_POSTS:
        at = LAUNCH + timedelta(hours=hours)
        posts.append(scene.announce(f"launch.{pool}", at, likes=95, lang=lang))
    for rank, post in enumerate(posts):
        for _ in range(70 if rank == 0 else 18 + chance(scene, 6)):
            pool = "launch.buy" if scene.rng.random() < 0.24 else "launch.comment"
            comment = scene.reply(pool, post, median_h=4, lang=_spoken(scene, post), new=0.3,
                                  likes=1.2)  # fmt: skip
            if comment and scene.rng.random() < 0.1:
                scene.answer("page.answer", comment)
    _tell_echo(scene)
    return first


def _tell_echo(scene: Scene) -> None:
    """Tell what others made of the launch: mentions, a tester, reviews, the press."""
    for _ in range(95):
        at = LAUNCH + timedelta(hours=scene.rng.expovariate(1 / 50))
        at = sometime(scene.rng, at, at + timedelta(hours=8))
        pool = scene.rng.choice(("launch.mention", "launch.mention", "launch.mention.own"))
        scene.say(pool, "mastodon-mentions", at, likes=5, new=0.3)
    for days, lang in ((1.2, "de"), (1.25, "en"), (6, "de")):
        at = LAUNCH + timedelta(days=days)
        test = scene.say("influencer", "mastodon-mentions", at, by=INFLUENCER, lang=lang, likes=320)
        for _ in range(14):
            if test:
                scene.reply("influencer.reply", test, median_h=3, new=0.4)
    for hours in (2, 5, 22, 70):
        report(scene, "launch.press", LAUNCH + timedelta(hours=hours, minutes=17))
    for _ in range(30):
        at = sometime(scene.rng, LAUNCH + timedelta(days=2), END - timedelta(days=3))
        scene.say("review.gezeit.good", "shop-reviews", at, kind="review", likes=0, new=0.8,
                  rating=scene.rng.choice((4, 5, 5)), rating_max=5, tags=["Gezeit"])  # fmt: skip
    for days in (7.1, 8.4, 9.2, 10.1):  # the first faint signs, lost among the praise
        at = LAUNCH + timedelta(days=days)
        scene.say("review.gezeit.bad", "shop-reviews", at, kind="review", likes=0, new=0.8,
                  rating=2, rating_max=5, tags=["Gezeit"])  # fmt: skip


def tell_campaign(scene: Scene) -> None:
    """Call for ideas; ideas, doubles, jokes and talk follow until the storm drowns them."""
    for pool, hours, lang, likes in _CALL_POSTS:
        at = CALL + timedelta(hours=hours)
        post = scene.announce(f"campaign.{pool}", at, likes=likes, lang=lang)
        for _ in range(14 + chance(scene, 6)):
            talk = scene.reply("campaign.talk", post, median_h=6, lang=lang)
            if talk and scene.rng.random() < 0.12:
                scene.reply("page.reply", talk, median_h=2)
    for _ in range(64):
        at = sometime(scene.rng, CALL + timedelta(hours=1), END - timedelta(hours=20))
        pool = "idea.joke" if scene.rng.random() < 0.14 else "idea"
        idea = scene.say(pool, "forum", at, kind="idea", likes=7, tags=["TauIdee"])
        if idea:
            _discuss(scene, idea)
    for _ in range(28):
        at = sometime(scene.rng, CALL + timedelta(hours=1), END)
        scene.say("idea.mention", "mastodon-mentions", at, likes=3, tags=["TauIdee"])


def _discuss(scene: Scene, idea: Said) -> None:
    for _ in range(scene.rng.choice((0, 1, 2, 3, 4))):
        scene.reply("idea.comment", idea, median_h=10, likes=1)
    if scene.rng.random() < 0.6:
        scene.answer("idea.answer", idea, median_h=9)


def _spoken(scene: Scene, post: Said) -> str | None:
    """Return the language of a comment: mostly that of the post, else anybody's."""
    return post.lang if scene.rng.random() < 0.6 else None

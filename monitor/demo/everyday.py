"""Ordinary life: the page's posts, mentions, forum threads, reviews, the press, and nuisances."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta

from monitor.demo.people import Person
from monitor.demo.rhythm import BERLIN, WEEKDAYS, sometime
from monitor.demo.scene import COMPANY, END, START, Said, Scene, rfc3339

_TOPICS = ("seal", "clean", "parts", "order", "use")
_PAGE = ("tip", "kids", "weather", "workshop", "offer", "job")
_TROLL = {
    lang: Person("f66613", "Rüdiger Rauhfuß", "ruediger.sagt.wies.ist", lang)
    for lang in ("de", "en")
}
PAPERS = ("Küstenbote", "Hafenblatt", "Warenprüfer", "The Coast Courier", "Shelf & Tin")
"""Invented newspapers."""


def tell_everyday(scene: Scene) -> None:
    """Fill all three weeks with what always goes on."""
    for lang in ("de", "en"):
        opening = START + timedelta(hours=14)
        scene.say("welcome", "forum", opening, by=COMPANY["forum"], lang=lang, likes=9)
    for start in _days():
        _tell_day(scene, start, WEEKDAYS[start.astimezone(BERLIN).weekday()])
    _tell_audience(scene)


def chance(scene: Scene, mean: float) -> int:
    """Return how many of something with a mean of `mean` happen: more uneven than Poisson."""
    rate = scene.rng.gammavariate(6.0, mean / 6.0)
    count, product, floor = 0, scene.rng.random(), math.exp(-rate)
    while product > floor:
        count += 1
        product *= scene.rng.random()
    return count


def report(scene: Scene, pool: str, at: datetime, *, lang: str | None = None) -> Said | None:
    """Let a newspaper write."""
    paper = scene.rng.choice(PAPERS)
    author = Person(paper.lower().replace(" ", "-"), paper, paper, "de", role="third_party")
    return scene.say(pool, "press", at, by=author, lang=lang or scene.language(), likes=0)


def _days() -> Iterator[datetime]:
    day = START
    while day < END:
        yield day
        day += timedelta(days=1)


def _tell_day(scene: Scene, start: datetime, weight: float) -> None:
    end = start + timedelta(days=1)

    def times(mean: float) -> Iterator[datetime]:
        for _ in range(chance(scene, mean * weight)):
            yield sometime(scene.rng, start, end)

    _tell_page(scene, start)
    for at in times(11):
        _tell_mention(scene, at)
    for at in times(7):
        _tell_thread(scene, at)
    for at in times(8):
        _tell_review(scene, at)
    for at in times(0.5):
        report(scene, "press", at)
    for at in times(4):
        scene.say("namesake", "mastodon-mentions", at, new=0.3, likes=1.5)
    for at in times(2.5):
        source = scene.rng.choice(("facebook-page", "forum", "mastodon-mentions"))
        scene.say("spam", source, at, new=0.8, likes=0)


def _tell_page(scene: Scene, start: datetime) -> None:
    local = start.astimezone(BERLIN)
    morning = (local + timedelta(days=1)).replace(hour=7, minute=40) - timedelta(
        seconds=local.second
    )
    monday = morning.weekday() == 0
    if morning.weekday() == 6 or morning >= END - timedelta(days=3):
        return
    topic = "monday" if monday else _PAGE[morning.toordinal() % len(_PAGE)]
    at = morning + timedelta(minutes=scene.rng.randint(0, 60 if monday else 480))
    post = scene.announce(f"page.{topic}", at.astimezone(START.tzinfo), likes=190,
                          lang="de" if morning.day % 3 else "en")  # fmt: skip
    for _ in range(12 + chance(scene, 12)):
        lang = post.lang if scene.rng.random() < 0.6 else None
        pool = "page.side" if scene.rng.random() < 0.06 else f"page.{topic}.comment"
        comment = scene.reply(pool, post, median_h=3, lang=lang)
        if comment and scene.rng.random() < 0.25:
            scene.reply("page.reply", comment, median_h=1.5)
        if comment and scene.rng.random() < (0.75 if pool == "page.side" else 0.16):
            scene.answer("page.answer", comment)
    if scene.rng.random() < 0.75:
        _tell_troll(scene, post)


def _tell_troll(scene: Scene, post: Said) -> None:
    lang = "de" if scene.rng.random() < 0.7 else "en"
    sneer = scene.reply("troll", post, median_h=4, by=_TROLL[lang], lang=lang, likes=0.6)
    if sneer and scene.rng.random() < 0.5:
        scene.reply("troll.reply", sneer, median_h=1)


def _tell_mention(scene: Scene, at: datetime) -> None:
    mood = scene.rng.choices(("good", "bad", "ask", "life"), (42, 20, 20, 18))[0]
    post = scene.say(f"mention.{mood}", "mastodon-mentions", at, likes=4)
    if post is None:
        return
    if scene.rng.random() < 0.35:
        scene.reply("mention.reply", post, median_h=1.5)
    if mood in ("bad", "ask") and scene.rng.random() < 0.6:
        scene.answer("mention.answer", post)


def _tell_thread(scene: Scene, at: datetime) -> None:
    rng = scene.rng
    if rng.random() < 0.16:
        chat = scene.say("chatter", "forum", at, likes=4)
        for _ in range(rng.randint(1, 5) if chat else 0):
            if chat:
                scene.reply("chatter.reply", chat, median_h=5)
        return
    topic = rng.choice(_TOPICS)
    question = scene.say(f"question.{topic}", "forum", at, likes=4)
    if question is None:
        return
    if rng.random() < 0.3:
        scene.reply("metoo", question, median_h=8, likes=1)
    answers = [scene.reply(f"help.{topic}", question, median_h=4, new=0.02, likes=4)
               for _ in range(rng.choice((0, 1, 1, 1, 2, 2)))]  # fmt: skip
    if rng.random() < 0.5:
        answers.append(scene.answer(f"answer.{topic}", question, median_h=5))
    given = [answer for answer in answers if answer]
    if given and rng.random() < 0.6:
        last = max(given, key=lambda post: post.at)
        scene.reply("thanks", last, median_h=5, by=question.author, lang=question.lang, likes=1)


def _tell_review(scene: Scene, at: datetime) -> None:
    mood, stars = scene.rng.choices(
        (("good", (4, 5, 5)), ("mixed", (3,)), ("bad", (1, 2, 2))), (68, 13, 19)
    )[0]
    review = scene.say(
        f"review.{mood}", "shop-reviews", at, kind="review", likes=0, new=0.7,
        rating=scene.rng.choice(stars), rating_max=5, tags=[scene.rng.choice(
            ("Welle", "Lotse", "Krabbe", "Kombüse"))],
    )  # fmt: skip
    if review and mood != "good" and scene.rng.random() < 0.5:
        scene.answer("review.answer", review, median_h=12)


def _tell_audience(scene: Scene) -> None:
    """Tell every morning how many follow: slow growth, a jump at the launch, a loss at the end."""
    for number, start in enumerate(_days()):
        at = start + timedelta(hours=9)
        for source, base, growth in (("facebook-page", 5180, 6), ("mastodon-mentions", 2090, 4),
                                     ("forum", 3140, 3)):  # fmt: skip
            launched = max(0, min(number - 7, 4)) * growth * 6
            lost = max(0, number - 18) * growth * 5
            followers = base + number * growth + launched - lost + scene.rng.randint(-2, 2)
            line = {"type": "followers", "source": source, "at": rfc3339(at)}
            scene.extra.append((at, line | {"followers": followers}))

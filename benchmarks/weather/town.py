"""The company's surroundings: places, people, the rhythm of days, how a post is written down."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from benchmarks.weather.words import Tongue

Row = dict[str, Any]

HISTORY = timedelta(days=28)
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Place:
    """A watched source. `own` places are the company's; `poll_min` is how often one looks."""

    source: str
    platform: str
    weight: float
    own: bool
    poll_min: int


PAGE = Place("page", "facebook", 0.45, True, 10)
MENTIONS = Place("mentions", "mastodon", 0.25, False, 5)
FORUM = Place("forum", "discourse", 0.15, True, 15)
VIDEO = Place("videos", "youtube", 0.15, True, 15)
PRESS = Place("press", "rss", 0.0, False, 15)
"""Reports are news of others; nobody in town writes there."""


@dataclass(frozen=True, slots=True)
class Outage:
    """`place` could not be seen in [`begin`, `end`); its posts are `lost` or come all at `end`."""

    place: Place
    begin: datetime
    end: datetime
    lost: bool


@dataclass(frozen=True, slots=True)
class Size:
    """How big a company's community is: posts and own posts a day, regulars, followers."""

    posts_per_day: float
    own_posts_per_day: float
    regulars: int
    followers: int
    places: tuple[Place, ...]


SIZES = {
    "small": Size(7, 0.35, 60, 900, (PAGE, MENTIONS)),
    "medium": Size(130, 1.3, 900, 21_000, (PAGE, MENTIONS, FORUM)),
    "large": Size(1100, 3.5, 7000, 310_000, (PAGE, MENTIONS, FORUM, VIDEO)),
}

# What each pool means by the codebook: sentiment, kind, initiator.
_MEANING = {
    "pos": ("positive", "supply", "customer"),
    "neu": ("neutral", "supply", "customer"),
    "neg": ("negative", "supply", "customer"),
    "storm": ("negative", "supply", "third_party"),
    "call": ("negative", "activity", "third_party"),
    "deleted": ("negative", "activity", "company"),
    "toxic": ("negative", "activity", "third_party"),
    "ask": ("neutral", "activity", "third_party"),
    "defend": ("positive", "activity", "third_party"),
    "press": ("neutral", "activity", "third_party"),
    "goodpress": ("neutral", "activity", "third_party"),
    "praise": ("positive", "activity", "third_party"),
    "launch": ("positive", "supply", "company"),
    "launchask": ("neutral", "demand", "company"),
    "launchbad": ("negative", "supply", "company"),
    "contest": ("positive", "activity", "company"),
    "gripe": ("negative", "activity", "company"),
    "troll": ("negative", "activity", "customer"),
    "weary": ("negative", "activity", "third_party"),
    "bots": ("negative", "activity", "customer"),
    "puzzled": ("neutral", "activity", "third_party"),
    "stray": ("negative", "activity", "customer"),
    "tv": ("positive", "activity", "third_party"),
    "tvbad": ("negative", "activity", "third_party"),
    "post": ("neutral", "activity", "company"),
    "postlaunch": ("neutral", "supply", "company"),
    "postcontest": ("neutral", "activity", "company"),
    "answer": ("neutral", "supply", "company"),
    "statement": ("neutral", "supply", "company"),
}

# A labeller of life errs: with these odds the mood on the left is read as another one.
_MISREAD = {
    "negative": (("neutral", 0.10), ("positive", 0.03)),
    "neutral": (("negative", 0.06), ("positive", 0.06)),
    "positive": (("neutral", 0.09), ("negative", 0.03)),
}


@dataclass(frozen=True, slots=True)
class Author:
    """An account. `role` is given where the platform's name makes it plain."""

    id: str
    followers: int
    role: str | None = None


@dataclass(slots=True)
class Post:
    """A post as it was really written, before anybody saw it."""

    place: Place
    id: str
    at: datetime
    author: Author
    pool: str
    row: Row
    root: Post | None = None


@dataclass(slots=True)
class Town:
    """All that was written around one company during five weeks that begin at `begin`."""

    rng: random.Random
    lang: str
    size: Size
    start: datetime
    tongue: Tongue = field(init=False)
    posts: list[Post] = field(default_factory=list)
    other: list[tuple[datetime, Row]] = field(default_factory=list)
    removals: list[tuple[datetime, Post, str]] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)
    _regulars: list[Author] = field(init=False)
    _weights: list[float] = field(init=False)
    _made: int = 0

    def __post_init__(self) -> None:
        self.tongue = Tongue(self.rng, self.lang)
        self._regulars = [self.stranger() for _ in range(self.size.regulars)]
        falling = (1 / (rank + 3) ** 0.9 for rank in range(len(self._regulars)))
        self._weights = list(accumulate(falling))

    @property
    def begin(self) -> datetime:
        """First moment of the history."""
        return self.start - HISTORY

    @property
    def end(self) -> datetime:
        """Last moment of the week."""
        return self.start + WEEK

    @property
    def company(self) -> Author:
        """The company's own account, the same name everywhere."""
        return Author("company", self.size.followers, "company")

    def stranger(self, followers: int | None = None) -> Author:
        """Return somebody who has never written."""
        self._made += 1
        crowd = round(self.rng.lognormvariate(4.7, 1.5)) if followers is None else followers
        return Author(f"u{self._made}", crowd)

    def someone(self, new: float) -> Author:
        """Return a regular, or with probability `new` a stranger."""
        if self.rng.random() < new:
            return self.stranger()
        return self.rng.choices(self._regulars, cum_weights=self._weights)[0]

    def place(self) -> Place:
        """Return where the next person writes."""
        return self.rng.choices(self.size.places, [place.weight for place in self.size.places])[0]

    def write(
        self,
        pool: str,
        at: datetime,
        place: Place,
        *,
        by: Author | None = None,
        to: Post | None = None,
        new: float = 0.3,
        text: str | None = None,
        tagged: bool = False,
        relevant: bool = True,
    ) -> Post:
        """Write a post down, with labels as a good but fallible classifier gives them."""
        by = by or self.someone(new)
        text = text or self.tongue.say(pool)
        if tagged:
            text = f"{text} #{self.tongue.tag}"
        root = (to.root or to) if to else None
        row: Row = {
            "platform": place.platform,
            "source": place.source,
            "native_id": str(len(self.posts) + 1),
            "kind": "comment" if to else "post",
            "author_id": f"{place.source}-{by.id}" if by.role != "company" else "company",
            "author_followers": by.followers if place is MENTIONS else None,
            "author_role": by.role,
            "text": text,
            "lang": self.lang,
            "created_at": at,
            "parent_id": to.id if to else None,
            "root_id": root.id if root else None,
            "likes": min(int(self.rng.paretovariate(1.1)) - 1, 5000),
            "tags": [word[1:] for word in text.split() if word.startswith("#")],
            "labels": self._labels(pool, by, root, relevant),
        }
        post = Post(place, row["native_id"], at, by, pool, row, root)
        self.posts.append(post)
        return post

    def report(self, pool: str, at: datetime, count: int) -> None:
        """Let `count` newspapers write within some hours from `at`."""
        for _ in range(count):
            moment = at + timedelta(hours=self.rng.uniform(0, 5))
            paper = Author(f"paper{self.rng.randint(1, 9)}", 0, "third_party")
            self.write(pool, moment, PRESS, by=paper)

    def remove(self, post: Post, at: datetime, reason: str) -> None:
        """Take `post` away at `at`: by its `author` or a `moderator`."""
        self.removals.append((at, post, reason))

    def _labels(self, pool: str, by: Author, root: Post | None, relevant: bool) -> Row:
        sentiment, kind, initiator = _MEANING[pool]
        if root and root.author.role == "company":
            initiator = "company"
        draw = self.rng.random()
        for other, odds in _MISREAD[sentiment]:
            if by.role != "company" and draw < odds:
                sentiment = other
                break
            draw -= odds
        return {
            "lang": self.lang,
            "sentiment": sentiment,
            "initiator": "company" if by.role == "company" else initiator,
            "kind": kind,
            "idea": self.rng.random() < 0.03,
            "toxic": self.rng.random() < (0.75 if pool in ("toxic", "troll") else 0.01),
            "spam": self.rng.random() < (0.25 if pool == "bots" else 0.01),
            "relevant": relevant or self.rng.random() < 0.1,
        }

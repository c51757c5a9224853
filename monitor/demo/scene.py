"""The stage of the sample community: who says what where, and the lines that come of it."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.demo.people import Crowd, Person
from monitor.demo.phrases import Gold, Phrasebook
from monitor.demo.rhythm import at_the_desk, later

END = datetime(2026, 3, 22, 18, 0, tzinfo=UTC)
"""The last moment of the sample: Sunday, 19:00 in Berlin, shortly before the storm's peak."""

START = END - timedelta(days=21)
"""The first moment of the sample."""

Line = dict[str, Any]
"""One line of a posts file."""

PLATFORMS = {
    "facebook-page": "facebook",
    "mastodon-mentions": "mastodon",
    "forum": "discourse",
    "shop-reviews": None,
    "press": "rss",
}
"""The sources and their platforms; the shop's reviews come from a file, which names none."""

GAP = ("mastodon-mentions", datetime(2026, 3, 5, 0, 10, tzinfo=UTC), timedelta(hours=5, minutes=30))
"""Source, start and length of an outage in which nothing was seen."""

_AGES_H = (1, 3, 12, 24, 72, 168, 336)
"""Ages in hours at which the counters of a post are read again: often at first, then rarely."""

COMPANY = {
    "facebook-page": Person("tauwerder", "Tauwerder", "tauwerder", "de", role="company"),
    "mastodon-mentions": Person(
        "m1", "Tauwerder", "tauwerder@fediwatt.example", "de", 2090, role="company"
    ),
    "forum": Person("d1", "Jorid (Tauwerder)", "jorid_tauwerder", "de", role="company"),
    "shop-reviews": Person("shop", "Tauwerder", "tauwerder", "de", role="company"),
}
"""The company's own account in each source."""


@dataclass(frozen=True, slots=True)
class Said:
    """A post on the stage. `likes` is what it will have gathered when all is over."""

    source: str
    native_id: str
    at: datetime
    author: Person
    lang: str
    line: Line
    gold: Gold
    likes: int
    root: Said | None = None

    @property
    def uid(self) -> str:
        """The post's name in the store."""
        platform = PLATFORMS[self.source]
        return f"{platform or f'file:{self.source}'}:{self.native_id}"


@dataclass(slots=True)
class Scene:
    """Collects what is said from START to END; later moments never happened."""

    rng: random.Random
    book: Phrasebook = field(init=False)
    crowds: Mapping[str, Crowd] = field(init=False)
    said: list[Said] = field(default_factory=list)
    extra: list[tuple[datetime, Line]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.book = Phrasebook(self.rng)
        sizes = {"facebook-page": 420, "mastodon-mentions": 260, "forum": 190, "shop-reviews": 500}
        self.crowds = {
            source: Crowd(PLATFORMS[source] or "reviews", self.rng, size)
            for source, size in sizes.items()
        }

    def language(self) -> str:
        """Return the language of the next speaker; a little more German than English."""
        return "de" if self.rng.random() < 0.54 else "en"

    def say(
        self,
        pool: str,
        source: str,
        at: datetime,
        *,
        by: Person | None = None,
        to: Said | None = None,
        lang: str | None = None,
        kind: str | None = None,
        likes: float = 2.0,
        new: float = 0.15,
        **fields: Any,
    ) -> Said | None:
        """Let somebody say a phrase of `pool`; None where that would be after END or in the gap.

        `likes` is the median of what such a post gathers, `new` the share of fresh accounts.
        """
        if at >= END or _unseen(source, at):
            return None
        lang = lang or (by.lang if by else self.language())
        by = by or self.crowds[source].someone(lang, new=new)
        phrase = self.book.draw(pool, lang)
        friend = self._friend(source, to, lang)
        casual = by.role is None and pool not in ("spam", "namesake", "storm.seed")
        title, text = self.book.speak(phrase, friend=friend, casual=casual)
        native_id = f"{len(self.said) + 40_001}"
        line: Line = {
            "platform": PLATFORMS[source],
            "source": source,
            "native_id": native_id,
            "kind": kind or ("comment" if to else "post"),
            "author_id": by.id,
            "author_handle": by.handle,
            "author_name": by.name,
            "author_followers": by.followers,
            "author_role": by.role,
            "title": title,
            "text": text,
            "lang": lang if self.rng.random() < 0.7 else None,
            "created_at": rfc3339(at),
            **fields,
        }
        if to:
            line["parent_id"] = to.native_id
            line["root_id"] = (to.root or to).native_id
        post = Said(source, native_id, at, by, lang, line, _gold(phrase.gold, by, to),
                    round(likes * self.rng.lognormvariate(0, 0.9)),
                    (to.root or to) if to else None)  # fmt: skip
        self.said.append(post)
        return post

    def _friend(self, source: str, to: Said | None, lang: str) -> str:
        """Return whom a post may address: who is answered, else somebody they know."""
        if to and to.author.role != "company":
            return to.author.handle
        return self.crowds[source].someone(lang, new=0).handle if source in self.crowds else ""

    def reply(self, pool: str, to: Said, *, median_h: float, **how: Any) -> Said | None:
        """Let somebody answer `to` after about `median_h` hours, mostly in its language."""
        at = later(self.rng, to.at, timedelta(hours=median_h))
        how.setdefault("lang", to.lang if self.rng.random() < 0.93 else None)
        return self.say(pool, to.source, at, to=to, **how)

    def answer(self, pool: str, to: Said, *, median_h: float = 2.5) -> Said | None:
        """Let the company answer `to`, in office hours."""
        at = at_the_desk(self.rng, to.at, timedelta(hours=median_h))
        return self.say(pool, to.source, at, by=COMPANY[to.source], to=to, lang=to.lang, likes=1.0)

    def announce(self, pool: str, at: datetime, *, likes: float, lang: str = "de") -> Said:
        """Let the company post on its page. Raises ValueError at or after END."""
        post = self.say(pool, "facebook-page", at, by=COMPANY["facebook-page"], lang=lang,
                        likes=likes)  # fmt: skip
        if post is None:
            raise ValueError(f"nothing can be announced at {at}: the sample ends at {END}")
        return post

    def remove(self, post: Said, at: datetime) -> None:
        """Let a moderator take `post` away at `at`: its line comes again with the deletion."""
        seen = at + timedelta(minutes=7)
        gone = {"deleted_at": rfc3339(at), "deleted_reason": "moderator", "seen_at": rfc3339(seen)}
        self.extra.append((seen, post.line | gone))

    def lines(self) -> Iterator[Line]:
        """Yield every line in the order in which it became known."""
        timed = [(post.at, _tidy(post.line)) for post in self.said]
        timed += [(at, _tidy(line)) for at, line in self.extra]
        timed += self._counts()
        timed.sort(key=lambda pair: pair[0])
        for _, line in timed:
            yield line

    def _counts(self) -> Iterator[tuple[datetime, Line]]:
        """Yield how the counters of every noticed post grew until END."""
        replies: dict[str, list[datetime]] = {}
        for post in self.said:
            if post.root:
                replies.setdefault(post.root.uid, []).append(post.at)
        for post in self.said:
            answers = replies.get(post.uid, [])
            if (post.likes < 2 and not answers) or PLATFORMS[post.source] in (None, "rss"):
                continue
            for age_h in _AGES_H:
                at = post.at + timedelta(hours=age_h)
                if at >= END:
                    break
                grown = 1 - math.exp(-age_h / 9)
                yield at, _counted(post, at, grown, sum(moment <= at for moment in answers))


def rfc3339(at: datetime) -> str:
    """Return `at` as posts files write it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _counted(post: Said, at: datetime, grown: float, replies: int) -> Line:
    likes = round(post.likes * grown)
    line: Line = {"type": "counts", "uid": post.uid, "at": rfc3339(at)}
    line |= {"likes": likes, "replies": replies}
    if post.source == "forum":
        return line | {"views": 9 + round(likes * 14 + replies * 22 * grown)}
    return line | {"shares": likes // (6 if post.source == "mastodon-mentions" else 15)}


def _unseen(source: str, at: datetime) -> bool:
    lost, start, length = GAP
    return source == lost and start <= at < start + length


def _tidy(line: Line) -> Line:
    return {key: value for key, value in line.items() if value is not None}


def _gold(gold: Gold, by: Person, to: Said | None) -> Gold:
    """Return the labels with the initiator that the thread decides (codebook, 'Initiator')."""
    if by.role == "company":
        initiator = "company"
    elif to is None or gold["initiator"] == "customer" or gold.get("relevant") is False:
        initiator = gold["initiator"]
    elif to.author.role == "company" and to.root is None:
        initiator = "company"
    elif to.author.id == by.id or (to.root and to.root.author.id == by.id):
        initiator = "customer"
    else:
        initiator = gold["initiator"]
    return {**gold, "initiator": initiator}

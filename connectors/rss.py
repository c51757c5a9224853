"""RSS, Atom and JSON Feed: the newest entries of a site, as one sliding window."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, ClassVar

from connectors.base import ConnectorFacts
from connectors.errors import BadResponse
from connectors.feeds import is_whole, parse_entry, parse_feed
from connectors.http import Answer, Client, Traffic
from connectors.moments import parse_moment
from connectors.paging import guarded, parse_each
from connectors.types import Cursor, Gap, Page, Post, Source

FACTS = ConnectorFacts(
    platform="rss",
    title="RSS, Atom, JSON Feed",
    docs_url="https://www.rssboard.org/rss-specification",
    docs_read=date(2026, 11, 21),
    target="the feed's address",
    interval=timedelta(minutes=30),
    interval_reason="most feeds ask for 30 to 60 minutes; unchanged ones answer 304 at no cost",
    grade="gold",
    per_host=True,
    limits=(
        "a feed is a window: what leaves it between two looks is lost; the gap is recorded",
        "no likes or views; replies only where the feed counts comments",
    ),
    exempt=(
        ("deletions", "an entry that has left the window is not a deleted one"),
        ("limit headers", "feeds have none; Retry-After is obeyed"),
    ),
)

_KNOWN_KEPT = 2000
_FIRST_ENTRIES = 100


class Rss:
    """Reads one feed; asks with ETag and Last-Modified, so that no change costs nothing."""

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()

    @guarded
    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Yield the feed's entries, and older pages where the feed names them and we lack them.

        What a cut run left is read after a look at the top, as in `Backward`.
        Cursor: {"etag", "modified", "at", "known": {id: hash}} and, in a cut walk, {"next",
        "news": ids that this walk has met first, "looked": the top was looked at since}.
        """
        state: dict[str, Any] = {"known": {}, **(cursor or {})}
        http = Client(source, source.base_url or source.target, self._traffic, redirects=5)
        left, rest = source.max_pages, state.get("next")
        starts = [rest, None] if state.get("looked") else [None, rest]
        for start in starts if rest else [None]:
            place, visited = start, set[str]()
            look = rest if starts[0] is None and place is None else None
            while left > 0:
                answer = self._ask(http, place, state)
                if answer.status == 304:
                    break
                left -= 1
                if not is_whole(answer.content):
                    yield self._torso(source, answer, state, http)
                    return
                yield self._page(source, answer, state, http, is_top=place is None, rest=look)
                place = state.get("next")
                if place is None or place == look:
                    break
                if place in visited:
                    raise BadResponse("the feed's pages go in circles", source=source.name)
                visited.add(place)

    def _ask(self, http: Client, place: str | None, state: dict[str, Any]) -> Answer:
        headers = {
            "Accept": "application/feed+json, application/atom+xml, application/rss+xml, */*"
        }
        if place is None:
            # an older page has no business with the tags of the newest one
            if state.get("etag"):
                headers["If-None-Match"] = state["etag"]
            if state.get("modified"):
                headers["If-Modified-Since"] = state["modified"]
        return http.get(place or http.source.target, headers=headers, good=(304,))

    def _page(
        self,
        source: Source,
        answer: Answer,
        state: dict[str, Any],
        http: Client,
        *,
        is_top: bool,
        rest: str | None,
    ) -> Page:
        """Read one page. `rest` is where a cut walk waits while this is a look above it."""
        feed, entries, older = parse_feed(answer, source)
        posts, rejected = parse_each(entries, lambda raw: parse_entry(source, raw, feed))
        prints = {post.native_id: _print_of(post) for post in posts}
        known, news = state["known"], set(state.get("news", ()))
        settled = known.keys() - news
        # a look above a cut walk ends at what that walk has met, any other at what is settled
        met = 2 * len((known.keys() if rest else settled) & prints.keys()) > len(prints)
        gaps: tuple[Gap, ...] = ()
        if is_top:
            if settled and prints and not settled & prints.keys() and not older:
                gaps = self._gap(source, state, posts)
            state["etag"] = answer.headers.get("etag")
            state["modified"] = answer.headers.get("last-modified")
            state["at"] = self._traffic.now().isoformat()
        bound = source.since
        # a quiet feed's newest entries are old, and worth having
        is_old = (
            bound is not None
            and (bool(settled) or len(news) >= _FIRST_ENTRIES)
            and all(p.created_at and p.created_at < bound for p in posts)
        )
        changed = {p.uid: p for p in posts if known.get(p.native_id) != prints[p.native_id]}
        state.pop("looked", None)
        goes_on = older and posts and not met and not is_old
        if goes_on or rest:
            state["next"] = older if goes_on else rest
            state["news"] = sorted(news | (prints.keys() - settled))
            if not goes_on:
                state["looked"] = True
        else:
            state.pop("next", None)
            state.pop("news", None)
        state["known"] = dict(list({**known, **prints}.items())[-_KNOWN_KEPT:])
        return Page(
            posts=tuple(changed.values()),
            rejected=rejected,
            gaps=gaps,
            cursor=json.loads(json.dumps(state)),
            budget=http.budget,
        )

    def _torso(self, source: Source, answer: Answer, state: dict[str, Any], http: Client) -> Page:
        """A feed that breaks off: what is there is taken, and the page asked for again."""
        feed, entries, _ = parse_feed(answer, source)
        posts, rejected = parse_each(entries, lambda raw: parse_entry(source, raw, feed))
        unique = {post.uid: post for post in posts}
        return Page(
            posts=tuple(unique.values()),
            rejected=rejected,
            cursor=json.loads(json.dumps(state)),
            budget=http.budget,
        )

    def _gap(self, source: Source, state: dict[str, Any], posts: list[Post]) -> tuple[Gap, ...]:
        """Nothing on the page is known: between the last look and its oldest entry we are blind."""
        oldest = min((p.created_at for p in posts if p.created_at), default=None)
        last_look = parse_moment(state["at"])
        if oldest is None or oldest <= last_look:
            return ()
        return (Gap(source.name, last_look, oldest, "the feed moved on between two looks"),)


def _print_of(post: Post) -> str:
    content = f"{post.text}\0{post.edited_at}\0{post.replies}"
    return hashlib.sha256(content.encode()).hexdigest()[:12]

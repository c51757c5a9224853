"""The Graph API of Meta: how Facebook and Instagram are read, with paging, errors, usage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from connectors.backward import Backward, Threads
from connectors.errors import AuthError, ConnectorError, SourceGone, Unavailable
from connectors.http import Answer, Client, Traffic
from connectors.paging import Found, Listing, make_page
from connectors.types import (
    Counts,
    Cursor,
    Followers,
    Json,
    Page,
    Source,
    Tombstone,
    make_uid,
)

API = "https://graph.facebook.com"

VERSION = "v25.0"
"""Versions live about two years; option `version` moves on without a new release."""

_TOKEN = (102, 190, 467)
_SLOW_DOWN = (1, 2, 4, 17, 32, 341, 613, 80001, 80002)
_BLOCKED = 368
_OBJECT_GONE = (100, 33)


class Parse(Protocol):
    """Turns a record into posts; `thread` is the post under which a comment stands."""

    def __call__(self, source: Source, raw: Json, *, thread: str | None) -> Found:
        """Raise KeyError, TypeError or ValueError for a record that is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wall:
    """An own place with comments under its posts: what Facebook and Instagram differ in.

    `posts` and `comments` ask for a piece of a list, `counts` names the fields of the counters
    that posts and comments share, `count` reads them as (likes, replies).
    """

    platform: str
    posts: Callable[[Graph, Json], Listing]
    comments: Callable[[Graph, str, Json], Listing]
    created: Callable[[Json], datetime]
    threads: Threads
    parse: Parse
    counts: str
    count: Callable[[Json], tuple[int | None, int | None]]

    def fetch(self, source: Source, traffic: Traffic, cursor: Cursor | None) -> Iterator[Page]:
        """Walk back the posts by time of creation, and the comments under each that has grown."""
        graph, now = Graph(source, traffic), traffic.now()
        walk = Backward(
            key=self.created,
            now=now,
            source=source.name,
            since=source.since,
            overlap=timedelta(hours=1),
            deep=timedelta(days=14),  # comments keep coming
            max_pages=source.max_pages,
        )
        count = graph.get(source.target, {"fields": "followers_count"}).get("followers_count")
        followers = (Followers(source.name, now, count),) if isinstance(count, int) else ()
        threads = self.threads if source.options.get("threads", True) else lambda _: None
        for step in walk.walk(
            partial(self.posts, graph), cursor, threads, partial(self.comments, graph)
        ):
            yield make_page(
                step.items,
                partial(self.parse, source, thread=step.thread),
                step.cursor,
                budget=graph.http.budget,
                followers=followers,
            )
            followers = ()

    def refresh(
        self, source: Source, traffic: Traffic, native_ids: Sequence[str]
    ) -> Iterator[Page]:
        """Ask again after posts and comments: their counts, and whether they are still there."""
        graph = Graph(source, traffic)
        for native_id in native_ids:
            now, uid = traffic.now(), make_uid(self.platform, None, native_id)
            # an id does not tell which of the two it is
            raw = graph.find(native_id, {"fields": f"id,{self.counts}"})
            if raw is None:
                yield Page(deleted=(Tombstone(uid, now, "gone"),), budget=graph.http.budget)
            else:
                likes, replies = self.count(raw)
                counts = Counts(uid, now, likes=likes, replies=replies)
                yield Page(counts=(counts,), budget=graph.http.budget)


class Graph:
    """One source's view of the Graph API."""

    def __init__(self, source: Source, traffic: Traffic) -> None:
        self.target = source.target
        self.version = source.options.get("version", VERSION)
        # in a header: an address ends up in logs, and `paging.next` repeats it
        headers = {"Authorization": f"Bearer {source.secrets.get('token', '')}"}
        self.http = Client(source, source.base_url or API, traffic, headers=headers, judge=judge)

    def get(self, path: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for one object."""
        return self.http.pick(self.http.get_json(f"/{self.version}/{path}", params), "", dict)

    def find(self, path: str, params: Mapping[str, Any]) -> dict[str, Any] | None:
        """Ask for one object that may be gone."""
        try:
            return self.get(path, params)
        except SourceGone:
            return None

    def edge(self, path: str, params: Mapping[str, Any], place: Json) -> Listing:
        """Ask for a piece of a list. `paging.next` holds the token: only its cursor is used."""
        answer = self.get(path, {**params, "after": place})
        return Listing(self.http.pick(answer, "data", list), next_of(answer))


def next_of(answer: Json) -> str | None:
    """The cursor behind a piece of a list, or None at its end.

    Pieces may be short or empty although more exist: only a missing `next` is the end.
    """
    paging = answer.get("paging") or {}
    after = (paging.get("cursors") or {}).get("after")
    return after if paging.get("next") else None


def judge(answer: Answer) -> ConnectorError | None:
    """Sort Meta's errors by their code: the status is 400 for nearly all of them."""
    if answer.status < 400:
        return None
    body = answer.json_or_none()
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return None
    code, sub = error.get("code"), error.get("error_subcode")
    if code in _TOKEN:
        return AuthError(
            f"the token is not valid any more ({code}/{sub}): make a new one and set it"
        )
    if code in _SLOW_DOWN:
        return Unavailable(f"Meta asks us to slow down or is down itself ({code})")
    if (code, sub) == _OBJECT_GONE:
        return SourceGone("there is no such object, or the token may not see it; check target")
    if isinstance(code, int) and (code == 10 or 200 <= code <= 299 or code == _BLOCKED):
        return AuthError(f"the token lacks a permission ({code}); see the limits of this platform")
    return None

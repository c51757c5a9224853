"""Hacker News: stories and comments by search (Algolia), their fate by Firebase."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import ClassVar

from connectors.backward import Backward
from connectors.base import ConnectorFacts
from connectors.errors import SourceGone
from connectors.http import Client, Traffic
from connectors.moments import from_epoch
from connectors.paging import Found, Listing, guarded, key_or_none, make_page
from connectors.text import clean_text, html_to_text
from connectors.types import (
    Account,
    Cursor,
    DeletedReason,
    Json,
    Page,
    Post,
    Source,
    Tombstone,
    make_uid,
)

FACTS = ConnectorFacts(
    platform="hackernews",
    title="Hacker News",
    docs_url="https://hn.algolia.com/api",
    docs_read=date(2026, 11, 21),
    target="search:WORDS, @user, or story:ID",
    interval=timedelta(minutes=10),
    interval_reason="10,000 requests an hour are allowed; the index lags some minutes itself",
    grade="silver",
    requests_per_day=240_000,
    options=("threads", "items_url"),
    mentions=True,
    limits=("comments have no points, nothing has views or shares", "edits are not told"),
    exempt=(("limit headers", "the API sends none; Retry-After is obeyed"),),
)

_SEARCH = "https://hn.algolia.com"
_ITEMS = "https://hacker-news.firebaseio.com"
_PAGE = 200


class HackerNews:
    """Reads what a search finds, and the whole discussion under each story that it finds.

    Options: `threads` = false leaves discussions alone; `items_url` moves the item API.
    """

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()

    @guarded
    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Walk back by time of creation, by windows of time instead of page numbers."""
        search = _Search(source, self._traffic)
        walk = Backward(
            key=_created,
            now=self._traffic.now(),
            source=source.name,
            since=source.since,
            overlap=timedelta(hours=1),  # the index lags
            deep=timedelta(days=3),  # discussions go on
            deep_every=timedelta(hours=1),
            max_pages=source.max_pages,
        )
        wanted = source.options.get("threads", True)
        steps = walk.walk(
            search.listing(), cursor, _thread_of if wanted else lambda _: None, search.thread
        )
        for step in steps:
            yield make_page(
                step.items, partial(parse_hit, source), step.cursor, budget=search.http.budget
            )

    @guarded
    def refresh(self, source: Source, native_ids: Sequence[str]) -> Iterator[Page]:
        """Ask the item API again, one by one; `deleted` is the author, `dead` a moderator."""
        base = str(source.options.get("items_url") or source.base_url or _ITEMS)
        http = Client(source, base, self._traffic)
        for native_id in native_ids:
            raw = http.get_json(f"/v0/item/{native_id}.json")
            if raw is not None:  # null is "not visible yet" as well as "never was"
                parse = partial(parse_item, source, now=self._traffic.now())
                yield make_page([raw], parse, None, budget=http.budget)


@dataclass(slots=True)
class _Search:
    """The search API, newest first."""

    source: Source
    traffic: Traffic
    http: Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = Client(self.source, self.source.base_url or _SEARCH, self.traffic)

    def listing(self) -> partial[Listing]:
        """The search that the target names."""
        kind, _, rest = self.source.target.partition(":")
        if self.source.target.startswith("@"):
            return partial(self._hits, "", f"(story,comment),author_{self.source.target[1:]}")
        if kind == "search" and rest.strip():
            return partial(self._hits, rest.strip(), "(story,comment)")
        if kind == "story" and rest.strip().isdigit():
            return partial(self._hits, "", f"(story,comment),story_{rest.strip()}")
        raise SourceGone(
            f"target {self.source.target!r} is none of {FACTS.target}; correct it",
            source=self.source.name,
        )

    def thread(self, name: str, place: Json) -> Listing:
        """The comments of a story."""
        return self._hits("", f"comment,story_{name}", place)

    def _hits(self, query: str, tags: str, place: Json) -> Listing:
        bound, page = place or [None, 0]
        params = {
            "query": query,
            "tags": tags,
            "hitsPerPage": _PAGE,
            "page": page,
            "numericFilters": f"created_at_i<={bound}" if bound else None,
            "typoTolerance": "false",
        }
        answer = self.http.get_json("/api/v1/search_by_date", params)
        hits = self.http.pick(answer, "hits", list)
        # at most 1,000 hits can be paged to: go on by time, as posts that come or go between two
        # pages move numbers but not times
        times = [t for raw in hits if (t := key_or_none(_seconds, raw)) is not None]
        if page + 1 >= answer.get("nbPages", 1) or not hits:
            return Listing(hits)
        oldest = min(times, default=bound)
        return Listing(hits, [bound, page + 1] if oldest == bound else [oldest, 0])


def parse_hit(source: Source, raw: Json) -> Post:
    """Turn a hit of the search into a post.

    Raises KeyError, TypeError or ValueError for a record that is none.
    """
    native_id = str(raw["objectID"])
    parent, story = raw.get("parent_id"), raw.get("story_id")
    title = clean_text(raw.get("title") or "") or None
    body = raw.get("comment_text") or raw.get("story_text") or ""
    return _post(
        source,
        raw,
        native_id=native_id,
        author=raw["author"],
        title=title,
        body=body,
        created=_created(raw),
        parent=str(parent) if parent else None,
        root=str(story) if story else native_id,
        likes=raw.get("points"),
        replies=raw.get("num_comments"),
    )


def parse_item(source: Source, raw: Json, *, now: datetime) -> Found:
    """Turn an item of Firebase into a post, or into a tombstone where it was taken away."""
    native_id = str(raw["id"])
    if raw.get("deleted") or raw.get("dead"):
        reason: DeletedReason = "author" if raw.get("deleted") else "moderator"
        return Tombstone(make_uid("hackernews", None, native_id), now, reason)
    parent = raw.get("parent")
    return _post(
        source,
        raw,
        native_id=native_id,
        author=raw["by"],
        title=clean_text(raw.get("title") or "") or None,
        body=raw.get("text") or "",
        created=from_epoch(raw["time"]),
        parent=str(parent) if parent else None,
        root=None if parent else native_id,
        likes=raw.get("score"),
        replies=raw.get("descendants"),
    )


def _post(
    source: Source,
    raw: Json,
    *,
    native_id: str,
    author: str,
    title: str | None,
    body: str,
    created: datetime,
    parent: str | None,
    root: str | None,
    likes: int | None,
    replies: int | None,
) -> Post:
    linked = raw.get("url")
    return Post(
        platform="hackernews",
        source=source.name,
        native_id=native_id,
        kind="comment" if parent else "post",
        title=None if parent else title,
        url=f"https://news.ycombinator.com/item?id={native_id}",
        author=Account(id=author, handle=author),
        text="\n\n".join(part for part in (None if parent else title, html_to_text(body)) if part),
        text_raw=body or None,
        text_format="html",
        created_at=created,
        parent_id=parent,
        root_id=root,
        likes=likes,
        replies=replies,
        media=({"type": "link", "url": linked, "alt": None},) if linked else (),
        raw=raw,
    )


def _seconds(raw: Json) -> int:
    return int(raw["created_at_i"])


def _created(raw: Json) -> datetime:
    return from_epoch(_seconds(raw))


def _thread_of(raw: Json) -> tuple[str, int] | None:
    return None if raw.get("parent_id") else (str(raw["objectID"]), raw.get("num_comments") or 0)

"""Facebook: the posts of an own page and everything written under them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import ClassVar

from connectors.base import ConnectorFacts
from connectors.graph import Graph, Wall
from connectors.http import Traffic
from connectors.moments import parse_moment
from connectors.paging import Listing, guarded
from connectors.text import clean_text
from connectors.types import (
    Account,
    Cursor,
    Json,
    Page,
    Post,
    Source,
)

FACTS = ConnectorFacts(
    platform="facebook",
    title="Facebook Pages",
    docs_url="https://developers.facebook.com/docs/graph-api/reference/page/feed/",
    docs_read=date(2026, 11, 21),
    target="the page's id or name",
    interval=timedelta(minutes=15),
    interval_reason="4,800 calls a day per engaged user are allowed; usage is told in per cent",
    grade="silver",
    cost=2.0,
    secrets=("token",),
    options=("version", "threads"),
    limits=(
        "own pages only, with a long-lived page token (pages_read_engagement, "
        "pages_read_user_content); other pages need Meta's review",
        "people who did not agree are nameless; views stand in insights, not in posts",
    ),
)

_SUMS = (
    "reactions.limit(0).summary(total_count),"
    # of all levels: else an answer to a comment would not show as growth
    "comments.filter(stream).limit(0).summary(total_count)"
)
_POST = (
    f"id,message,created_time,permalink_url,from,shares,{_SUMS},"
    "attachments{media_type,url,description}"
)
_COMMENT = "id,message,created_time,from,parent{id},like_count,comment_count,permalink_url"


class Facebook:
    """Reads a page's feed, and the comments of all levels under each post that has grown."""

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()

    @guarded
    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Walk back the feed by time of creation."""
        return _WALL.fetch(source, self._traffic, cursor)

    @guarded
    def refresh(self, source: Source, native_ids: Sequence[str]) -> Iterator[Page]:
        """Ask again one by one; what Meta no longer shows is a tombstone."""
        return _WALL.refresh(source, self._traffic, native_ids)


def _feed(graph: Graph, place: Json) -> Listing:
    return graph.edge(f"{graph.target}/feed", {"fields": _POST, "limit": 100}, place)


def _comments(graph: Graph, name: str, place: Json) -> Listing:
    params = {
        "fields": _COMMENT,
        "filter": "stream",  # flat: answers to comments too
        "order": "reverse_chronological",
        "limit": 100,
    }
    return graph.edge(f"{name}/comments", params, place)


def parse_post(source: Source, raw: Json, *, thread: str | None = None) -> Post:
    """Turn a post of the feed, or a comment in `thread`, into a post.

    Raises KeyError, TypeError or ValueError for a record that is neither.
    """
    who = raw.get("from") or {}
    parent = (raw.get("parent") or {}).get("id") or thread
    attached = (raw.get("attachments") or {}).get("data") or []
    likes = raw.get("like_count") if thread else _total(raw, "reactions")
    replies = raw.get("comment_count") if thread else _total(raw, "comments")
    return Post(
        platform="facebook",
        source=source.name,
        native_id=raw["id"],
        kind="comment" if thread else "post",
        url=raw.get("permalink_url"),
        author=Account(id=who.get("id"), name=who.get("name")) if who else None,
        text=clean_text(raw.get("message") or ""),
        created_at=_created(raw),
        parent_id=parent,
        root_id=thread or raw["id"],
        likes=likes,
        replies=replies,
        # left out where nobody shared; comments cannot be shared
        shares=None if thread else (raw.get("shares") or {}).get("count", 0),
        media=tuple(
            {"type": one.get("media_type"), "url": one.get("url"), "alt": one.get("description")}
            for one in attached
        ),
        raw=raw,
    )


def _total(raw: Json, edge: str) -> int | None:
    summary = (raw.get(edge) or {}).get("summary") or {}
    total = summary.get("total_count")
    return total if isinstance(total, int) else None


def _created(raw: Json) -> datetime:
    return parse_moment(raw["created_time"])


def _thread_of(raw: Json) -> tuple[str, int] | None:
    return str(raw["id"]), _total(raw, "comments") or 0


_WALL = Wall(
    platform="facebook",
    posts=_feed,
    comments=_comments,
    created=_created,
    threads=_thread_of,
    parse=parse_post,
    counts=_SUMS,
    count=lambda raw: (_total(raw, "reactions"), _total(raw, "comments")),
)

"""Instagram: the media of an own professional account and the comments under them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import ClassVar

from connectors.backward import Backward
from connectors.base import ConnectorFacts
from connectors.graph import Graph
from connectors.http import Traffic
from connectors.moments import parse_moment
from connectors.paging import Found, Listing, make_page
from connectors.text import clean_text
from connectors.types import (
    Account,
    Counts,
    Cursor,
    Followers,
    Json,
    Page,
    Post,
    Source,
    Tombstone,
    make_uid,
)

FACTS = ConnectorFacts(
    platform="instagram",
    title="Instagram",
    docs_url="https://developers.facebook.com/docs/instagram-platform/",
    docs_read=date(2026, 11, 21),
    target="the account's id (17841...)",
    interval=timedelta(minutes=15),
    interval_reason="usage is told in per cent; comments come 50 a call",
    grade="silver",
    cost=2.0,
    secrets=("token",),
    options=("version", "threads"),
    limits=(
        "own professional accounts only (instagram_basic, instagram_manage_comments)",
        "for a token of Instagram's own login set base_url = https://graph.instagram.com",
        "views stand in insights, not in media",
    ),
)

_API = "https://graph.facebook.com"
_MEDIA = (
    "id,caption,media_type,permalink,timestamp,username,like_count,comments_count,alt_text,"
    "media_url"
)
_COMMENT = (
    "id,text,timestamp,username,from,like_count,parent_id,"
    "replies{id,text,timestamp,username,from,like_count}"
)


class Instagram:
    """Reads an account's media, and the comments under each that has grown."""

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()

    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Walk back the media by time of creation."""
        graph = Graph(source, _API, self._traffic)

        def media(place: Json) -> Listing:
            return graph.edge(f"{source.target}/media", {"fields": _MEDIA, "limit": 100}, place)

        def comments(name: str, place: Json) -> Listing:
            return graph.edge(f"{name}/comments", {"fields": _COMMENT, "limit": 50}, place)

        walk = Backward(
            key=_created,
            now=self._traffic.now(),
            source=source.name,
            since=source.since,
            overlap=timedelta(hours=1),
            deep=timedelta(days=14),
            max_pages=source.max_pages,
        )
        about = graph.get(source.target, {"fields": "followers_count"})
        count, now = about.get("followers_count"), self._traffic.now()
        followers = (Followers(source.name, now, count),) if isinstance(count, int) else ()
        wanted = source.options.get("threads", True)
        for step in walk.walk(media, cursor, _thread_of if wanted else lambda _: None, comments):
            parse = (
                partial(parse_comment, source, thread=step.thread)
                if step.thread
                else partial(parse_media, source)
            )
            yield make_page(
                step.items, parse, step.cursor, budget=graph.http.budget, followers=followers
            )
            followers = ()

    def refresh(self, source: Source, native_ids: Sequence[str]) -> Iterator[Page]:
        """Ask again after media and comments: their likes, and whether they are still there."""
        graph = Graph(source, _API, self._traffic)
        for native_id in native_ids:
            now, uid = self._traffic.now(), make_uid("instagram", None, native_id)
            raw = graph.find(native_id, {"fields": "id,like_count"})
            if raw is None:
                yield Page(deleted=(Tombstone(uid, now, "gone"),), budget=graph.http.budget)
            else:
                counts = (Counts(uid, now, likes=raw.get("like_count")),)
                yield Page(counts=counts, budget=graph.http.budget)


def parse_media(source: Source, raw: Json) -> Post:
    """Turn a medium into a post. Raises KeyError, TypeError or ValueError for anything else."""
    return Post(
        platform="instagram",
        source=source.name,
        native_id=raw["id"],
        kind="post",
        url=raw.get("permalink"),
        author=_author(raw),
        text=clean_text(raw.get("caption") or ""),
        created_at=_created(raw),
        root_id=raw["id"],
        likes=raw.get("like_count"),
        replies=raw.get("comments_count"),
        media=(
            {
                "type": str(raw.get("media_type") or "").lower() or None,
                "url": raw.get("media_url"),
                "alt": raw.get("alt_text"),
            },
        ),
        raw=raw,
    )


def parse_comment(source: Source, raw: Json, *, thread: str | None) -> Found:
    """Turn a comment and the answers inside of it into posts."""
    answers = (raw.get("replies") or {}).get("data") or []
    top = _comment(source, raw, raw.get("parent_id") or thread, thread, len(answers))
    return [top, *(_comment(source, one, raw["id"], thread, None) for one in answers)]


def _comment(
    source: Source, raw: Json, parent: str | None, root: str | None, replies: int | None
) -> Post:
    return Post(
        platform="instagram",
        source=source.name,
        native_id=raw["id"],
        kind="comment",
        author=_author(raw),
        text=clean_text(raw["text"]),
        created_at=_created(raw),
        parent_id=parent,
        root_id=root,
        likes=raw.get("like_count"),
        replies=replies,
        raw=raw,
    )


def _author(raw: Json) -> Account | None:
    who = raw.get("from") or {}
    handle = raw.get("username") or who.get("username")
    return Account(id=who.get("id"), handle=handle) if handle or who.get("id") else None


def _created(raw: Json) -> datetime:
    return parse_moment(raw["timestamp"])


def _thread_of(raw: Json) -> tuple[str, int] | None:
    return str(raw["id"]), raw.get("comments_count") or 0

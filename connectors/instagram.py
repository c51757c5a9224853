"""Instagram: the media of an own professional account and the comments under them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import ClassVar

from connectors.base import ConnectorFacts
from connectors.graph import Graph, Wall, next_of
from connectors.http import Traffic
from connectors.moments import parse_moment
from connectors.paging import Found, Listing, guarded, key_or_none
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

_FIELDS = (
    "id,caption,media_type,permalink,timestamp,username,like_count,comments_count,alt_text,"
    "media_url"
)
_REPLY = "id,text,timestamp,username,from,like_count"
_COMMENT = f"{_REPLY},parent_id,replies{{{_REPLY}}}"


class Instagram:
    """Reads an account's media, and the comments under each that has grown."""

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()

    @guarded
    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Walk back the media by time of creation."""
        return _WALL.fetch(source, self._traffic, cursor)

    @guarded
    def refresh(self, source: Source, native_ids: Sequence[str]) -> Iterator[Page]:
        """Ask again one by one; what Meta no longer shows is a tombstone."""
        return _WALL.refresh(source, self._traffic, native_ids)


def _media(graph: Graph, place: Json) -> Listing:
    return graph.edge(f"{graph.target}/media", {"fields": _FIELDS, "limit": 100}, place)


def _comments(graph: Graph, name: str, place: Json) -> Listing:
    """Comments with all their answers, of which the list shows the first few only."""
    found = graph.edge(f"{name}/comments", {"fields": _COMMENT, "limit": 50}, place)
    for raw in found.items:
        shown = key_or_none(lambda one: one["replies"], raw)
        if not isinstance(shown, dict):
            continue
        after = next_of(shown)
        while after is not None:
            more = graph.edge(f"{raw['id']}/replies", {"fields": _REPLY, "limit": 50}, after)
            shown["data"] += more.items
            after = more.next if more.next != after else None
    return found


def parse_record(source: Source, raw: Json, *, thread: str | None = None) -> Found:
    """Turn a medium, or a comment in `thread` with its answers, into posts.

    Raises KeyError, TypeError or ValueError for a record that is neither.
    """
    return parse_comment(source, raw, thread=thread) if thread else parse_media(source, raw)


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


_WALL = Wall(
    platform="instagram",
    posts=_media,
    comments=_comments,
    created=_created,
    threads=_thread_of,
    parse=parse_record,
    counts="like_count",
    count=lambda raw: (raw.get("like_count"), None),
)

"""Videos and comments as YouTube answers them -> posts. Pure."""

from __future__ import annotations

from datetime import datetime

from connectors.moments import parse_moment
from connectors.paging import Found
from connectors.text import clean_text
from connectors.types import Account, Counts, Json, Post, Source, make_uid


def parse_item(source: Source, raw: Json) -> Found:
    """Turn a video, a comment, or a thread with the answers it shows, into posts.

    Raises KeyError, TypeError or ValueError for a record that is none of these.
    """
    kind = raw["kind"]
    if kind == "youtube#video":
        return _parse_video(source, raw)
    if kind == "youtube#comment":
        return _parse_comment(source, raw, raw["snippet"].get("videoId"), None)
    if kind != "youtube#commentThread":
        return None
    snippet = raw["snippet"]
    video = snippet.get("videoId")
    top = _parse_comment(source, snippet["topLevelComment"], video, snippet.get("totalReplyCount"))
    shown = (raw.get("replies") or {}).get("comments") or []
    return [top, *(_parse_comment(source, reply, video, None) for reply in shown)]


def _parse_video(source: Source, raw: Json) -> Post:
    snippet, figures = raw["snippet"], raw.get("statistics") or {}
    title = clean_text(snippet["title"])
    return Post(
        platform="youtube",
        source=source.name,
        native_id=raw["id"],
        kind="post",
        title=title,
        url=f"https://www.youtube.com/watch?v={raw['id']}",
        author=Account(id=snippet.get("channelId"), name=snippet.get("channelTitle")),
        text="\n\n".join(p for p in (title, clean_text(snippet.get("description") or "")) if p),
        lang=snippet.get("defaultAudioLanguage") or snippet.get("defaultLanguage"),
        created_at=parse_moment(snippet["publishedAt"]),
        root_id=raw["id"],
        # strings, and left out where the owner hides them
        likes=_number(figures.get("likeCount")),
        replies=_number(figures.get("commentCount")),
        views=_number(figures.get("viewCount")),
        tags=tuple(snippet.get("tags") or ()),
        raw=raw,
    )


def _parse_comment(source: Source, raw: Json, video: str | None, replies: int | None) -> Post:
    snippet, native_id = raw["snippet"], raw["id"]
    created, updated = parse_moment(snippet["publishedAt"]), snippet.get("updatedAt")
    edited = parse_moment(updated) if updated else created
    name = snippet.get("authorDisplayName")
    link = f"https://www.youtube.com/watch?v={video}&lc={native_id}" if video else None
    return Post(
        platform="youtube",
        source=source.name,
        native_id=native_id,
        kind="comment",
        url=link,
        author=Account(
            id=(snippet.get("authorChannelId") or {}).get("value"),
            handle=name.removeprefix("@") if name and name.startswith("@") else None,
            name=name,
        ),
        text=clean_text(snippet["textDisplay"]),
        created_at=created,
        edited_at=edited if edited > created else None,
        parent_id=snippet.get("parentId") or video,
        root_id=video,
        likes=snippet.get("likeCount"),
        replies=replies,
        raw=raw,
    )


def parse_counts(raw: Json, *, now: datetime) -> Counts:
    """Take the likes of a comment: asked for by id, it names neither video nor thread."""
    return Counts(make_uid("youtube", None, raw["id"]), now, likes=raw["snippet"].get("likeCount"))


def _number(value: str | None) -> int | None:
    return int(value) if value is not None else None

"""Feeds taken apart: RSS, Atom and JSON Feed -> entries -> posts. Pure."""

from __future__ import annotations

import calendar
import hashlib
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from connectors.errors import BadResponse
from connectors.http import Answer
from connectors.moments import parse_moment
from connectors.text import clean_text, html_to_text, images
from connectors.types import Account, Json, Post, Source

_ENTITIES = b"<!ENTITY"
_ENDS = (b"</rss", b"</feed", b"</rdf:rdf", b"</channel")
_TAIL = 10_000
"""Bytes at the end in which a feed closes; caches like to add comments behind it."""


def is_whole(content: bytes) -> bool:
    """Whether a feed goes on to its end; JSON tells that itself."""
    tail = content[-_TAIL:].replace(b"\0", b"").lower()  # UTF-16 too
    return content.lstrip()[:1] == b"{" or any(end in tail for end in _ENDS)


def parse_feed(answer: Answer, source: Source) -> tuple[Json, list[Json], str | None]:
    """Take a feed apart: what it says of itself, its entries, the address of older ones.

    Raises BadResponse for what is no feed, and for XML with entity declarations: they serve
    attacks (billion laughs, XXE) and no feed that we met.
    """
    content = answer.content
    if content.lstrip()[:1] == b"{":
        feed = answer.json_or_none()
        if isinstance(feed, dict) and str(feed.get("version", "")).startswith(
            "https://jsonfeed.org"
        ):
            items = feed.get("items")
            older = feed.get("next_url")
            return feed, items if isinstance(items, list) else [], _absolute(answer.url, older)
        raise BadResponse("JSON, but no JSON Feed", source=source.name, excerpt=answer.excerpt())
    if _ENTITIES in content.replace(b"\0", b"").upper():  # UTF-16 too
        raise BadResponse(
            "the feed declares XML entities, which only attacks need",
            source=source.name,
            excerpt=answer.excerpt(),
        )
    import feedparser  # slow to load

    parsed = feedparser.parse(
        content,
        response_headers={
            "content-type": answer.headers.get("content-type", ""),
            "content-location": answer.url,
        },
        sanitize_html=False,  # we keep text only, and want it whole
    )
    if not parsed.version and not parsed.entries:
        raise BadResponse(
            "this is no RSS, Atom or JSON Feed; look for the feed's own address",
            source=source.name,
            excerpt=answer.excerpt(),
        )
    links = parsed.feed.get("links", [])
    older = next((link.get("href") for link in links if link.get("rel") == "next"), None)
    return dict(parsed.feed), list(parsed.entries), _absolute(answer.url, older)


def parse_entry(source: Source, raw: Json, feed: Json) -> Post:
    """Turn one entry into a post. `feed` gives what entries may leave out.

    The id is the entry's own; without one its link, without that a hash of title and time.
    Raises KeyError, TypeError or ValueError for an entry that says nothing.
    """
    if "date_published" in raw or "content_html" in raw or "content_text" in raw:
        return _parse_json_entry(source, raw, feed)
    body, is_html = _body_of(raw)
    title = html_to_text(raw.get("title") or "") or None
    text = html_to_text(body) if is_html else clean_text(body)
    link = raw.get("link")
    reply = raw.get("thr_in-reply-to") or {}
    parent = reply.get("ref") if isinstance(reply, dict) else None
    return _post(
        source,
        raw,
        native_id=raw.get("id"),
        link=link,
        title=title,
        text=text,
        body=body if is_html else None,
        author=_author_name(raw.get("author") or feed.get("author")),
        lang=(raw.get("content") or [{}])[0].get("language") or feed.get("language"),
        created=_stamp(raw, "published") or _stamp(raw, "updated"),
        edited=_stamp(raw, "updated"),
        parent=parent,
        replies=raw.get("slash_comments") or raw.get("thr_total"),
        tags=[tag.get("term") for tag in raw.get("tags", [])],
        media=[
            {"type": m.get("type") or "file", "url": m.get("href") or m.get("url"), "alt": None}
            for m in [*raw.get("enclosures", []), *raw.get("media_content", [])]
        ],
    )


def _parse_json_entry(source: Source, raw: Json, feed: Json) -> Post:
    body = raw.get("content_html")
    authors = raw.get("authors") or feed.get("authors") or [raw.get("author") or {}]
    created = raw.get("date_published") or raw.get("date_modified")
    modified = raw.get("date_modified")
    return _post(
        source,
        raw,
        native_id=str(raw["id"]) if raw.get("id") is not None else None,
        link=raw.get("url") or raw.get("external_url"),
        title=clean_text(raw.get("title") or "") or None,
        text=html_to_text(body) if body else clean_text(raw.get("content_text") or ""),
        body=body,
        author=authors[0].get("name") if authors else None,
        lang=raw.get("language") or feed.get("language"),
        created=parse_moment(created) if created else None,
        edited=parse_moment(modified) if modified else None,
        parent=None,
        replies=None,
        tags=list(raw.get("tags") or []),
        media=[
            {"type": m.get("mime_type") or "file", "url": m.get("url"), "alt": m.get("title")}
            for m in raw.get("attachments") or []
        ],
    )


def _post(
    source: Source,
    raw: Json,
    *,
    native_id: str | None,
    link: str | None,
    title: str | None,
    text: str,
    body: str | None,
    author: str | None,
    lang: str | None,
    created: datetime | None,
    edited: datetime | None,
    parent: str | None,
    replies: Any,
    tags: list[str | None],
    media: list[dict[str, str | None]],
) -> Post:
    if not (text or title):
        raise ValueError("an entry without title and text")
    identity = native_id or link
    if not identity:
        content = f"{title}\0{created}\0{text}"
        identity = hashlib.sha256(content.encode()).hexdigest()[:32]
    is_comment = parent is not None
    return Post(
        platform="rss",
        source=source.name,
        host=urlsplit(source.target).hostname,
        native_id=identity,
        kind="comment" if is_comment else "post",
        title=title,
        text="\n\n".join(part for part in (None if is_comment else title, text) if part),
        text_raw=body,
        text_format="html" if body else "plain",
        url=_absolute(source.target, link),
        author=Account(name=author, handle=None) if author else None,
        lang=lang or None,
        created_at=created,
        edited_at=edited if edited and created and edited > created else None,
        parent_id=parent,
        root_id=parent or identity,
        replies=int(replies) if replies is not None else None,
        tags=tuple(tag for tag in tags if tag),
        media=tuple(media) + (images(body) if body else ()),
        raw=_plain(raw),
    )


def _body_of(raw: Json) -> tuple[str, bool]:
    """The fullest text that an entry has, and whether it is HTML."""
    for content in [*raw.get("content", []), raw.get("summary_detail") or {}]:
        if content.get("value"):
            return content["value"], content.get("type") != "text/plain"
    return raw.get("summary") or "", True


def _author_name(text: str | None) -> str | None:
    """The name in RSS's `address (Name)`: an address is nobody's business here."""
    if not text:
        return None
    if "(" in text and "@" in text.split("(")[0]:
        return text.split("(", 1)[1].rstrip(") ") or None
    return None if "@" in text and " " not in text else text


def _stamp(raw: Json, name: str) -> datetime | None:
    # asked by `in`, as feedparser warns where it would answer with another field's time
    if f"{name}_parsed" not in raw or raw[f"{name}_parsed"] is None:
        return None
    return parse_moment(datetime.fromtimestamp(calendar.timegm(raw[f"{name}_parsed"]), UTC))


def _absolute(base: str, link: str | None) -> str | None:
    if not link:
        return None
    joined = urljoin(base, link)
    return joined if urlsplit(joined).scheme in ("http", "https") else None


def _plain(raw: Json) -> Json:
    """The entry as JSON can hold it; feedparser adds parsed times that it cannot."""
    if not isinstance(raw, dict):
        return raw
    kept = {name: value for name, value in raw.items() if not name.endswith("_parsed")}
    return json.loads(json.dumps(kept, default=str))

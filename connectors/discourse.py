"""Discourse forums: the newest posts of the whole forum, placed into their topics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote

from connectors.backward import Backward
from connectors.base import ConnectorFacts
from connectors.errors import AuthError, BadResponse, ConnectorError, SourceGone, Unavailable
from connectors.http import Answer, Client, Traffic, host_of
from connectors.moments import parse_moment
from connectors.paging import UNREADABLE, Found, Listing, guarded, key_or_none, make_page
from connectors.text import clean_text, html_to_text, images
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
    platform="discourse",
    title="Discourse",
    docs_url="https://docs.discourse.org/",
    docs_read=date(2026, 11, 21),
    target="empty for the whole forum, category:ID, or search:WORDS",
    interval=timedelta(minutes=10),
    interval_reason="the list of new posts is cached for a minute; 60 calls a minute are allowed",
    grade="gold",
    per_host=True,
    needs_base_url=True,
    optional_secrets=("token", "username"),
    mentions=True,
    limits=(
        "private messages and whispers are never read",
        "likes of a post are refreshed post by post, at most 30 calls a minute",
    ),
    exempt=(
        ("limit headers", "Discourse sends none; Retry-After is obeyed"),
        (
            "real server",
            "none can be installed from a package registry: gold rests on recorded "
            "answers and on a server in miniature",
        ),
    ),
)

_ID_WINDOW = 50
_EMPTY_WINDOWS = 20
_NUMBERS_KEPT = 1000
_LIKE = 2
_CONTENT_TYPES = (1, 2)
"""Regular posts and those of moderators; 3 are notes of the system, 4 whispers."""


class Discourse:
    """Reads a forum by its list of newest posts, and each new topic once for its beginnings.

    Secrets: `token` is an API key, `username` the user it acts for (default `system`).
    """

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()

    @guarded
    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Walk back from the newest post of the forum.

        Cursor: that of the walk, and `numbers` = {topic/number: id} to name parents by id.
        """
        state: dict[str, Any] = dict(cursor or {})
        forum = _Forum(source, self._traffic, numbers=dict(state.pop("numbers", {})))
        walk = Backward(
            key=_created,
            now=self._traffic.now(),
            source=source.name,
            since=source.since,
            overlap=timedelta(minutes=10),
            # posts that a moderator lets through late keep the time of their writing
            deep=timedelta(days=2),
            deep_every=timedelta(hours=6),
            max_pages=source.max_pages,
        )
        for step in walk.walk(forum.listing(), state):
            now = self._traffic.now()
            yield make_page(
                step.items,
                partial(parse_post, source, numbers=forum.numbers, now=now),
                {**step.cursor, "numbers": _newest(forum.numbers)},
                budget=forum.http.budget,
            )

    @guarded
    def refresh(self, source: Source, native_ids: Sequence[str]) -> Iterator[Page]:
        """Ask again post by post; 404 is a tombstone."""
        forum = _Forum(source, self._traffic)
        for native_id in native_ids:
            now = self._traffic.now()
            raw = forum.single(native_id)
            if raw is None:
                uid = make_uid("discourse", forum.http.host, native_id)
                yield Page(deleted=(Tombstone(uid, now, "gone"),), budget=forum.http.budget)
            else:
                forum.place([raw])
                parse = partial(parse_post, source, numbers=forum.numbers, now=now)
                yield make_page([raw], parse, None, budget=forum.http.budget)


@dataclass(slots=True)
class _Forum:
    """The endpoints that we use, and what we know about which number is which id."""

    source: Source
    traffic: Traffic
    numbers: dict[str, str] = field(default_factory=dict)
    http: Client = field(init=False)

    def __post_init__(self) -> None:
        token = self.source.secrets.get("token")
        headers = {"Accept": "application/json"}
        if token:
            headers["Api-Key"] = token
            headers["Api-Username"] = self.source.secrets.get("username", "system")
        self.http = Client(
            self.source, self.source.base_url or "", self.traffic, headers=headers, judge=_judge
        )

    def listing(self) -> Any:
        """The listing that the target names."""
        target = self.source.target.strip()
        if target.startswith("search:"):
            return partial(self._search, target.removeprefix("search:").strip())
        if not target or target.startswith("category:"):
            return self._latest
        raise SourceGone(
            f"target {target!r} is none of {FACTS.target}; correct it", source=self.source.name
        )

    def _latest(self, place: Json) -> Listing:
        # Servers before 2025 answer a window of 50 ids, which may be empty though older posts
        # exist: go on below it (discourse PR 27098, 30991).
        for _ in range(_EMPTY_WINDOWS):
            items = self.http.get_list("/posts.json", {"before": place}, at="latest_posts")
            if items or place is None or place <= _ID_WINDOW:
                break
            place -= _ID_WINDOW
        ids = [
            raw["id"] for raw in items if isinstance(raw, dict) and isinstance(raw.get("id"), int)
        ]
        wanted = self.source.target.partition(":")[2]
        if wanted:
            items = [raw for raw in items if str(_get(raw, "category_id")) == wanted]
        older = min(ids, default=None)
        if older is not None and place is not None and older >= place:
            older = place - 1  # `before` was inclusive once: never stand still
        return Listing([*items, *self.place(items)], older if older and older > 1 else None)

    def _search(self, query: str, place: Json) -> Listing:
        page = place or 1
        params = {"q": f"{query} order:latest", "page": page}
        answer = self.http.get_json("/search.json", params)
        posts = self.http.pick(answer, "posts", list) if "posts" in answer else []
        topics = {_get(topic, "id"): topic for topic in answer.get("topics") or []}
        for raw in posts:
            if not isinstance(raw, dict):
                continue
            topic = topics.get(_get(raw, "topic_id"), {})
            raw.setdefault("topic_title", topic.get("title"))
            raw.setdefault("topic_slug", topic.get("slug"))
            raw.setdefault("cooked", raw.get("blurb"))
        self.place(posts)
        return Listing(posts, page + 1 if posts and page < 10 else None)

    def place(self, items: Sequence[Json]) -> list[Json]:
        """Learn the ids of roots and parents of these posts; return roots not met before."""
        roots: list[Json] = []
        for raw in items:
            if (number := key_or_none(_place_of, raw)) is not None:
                self.numbers[number] = str(raw["id"])
        for raw in items:
            topic = _get(raw, "topic_id")
            if topic is not None and f"{topic}/1" not in self.numbers:
                roots.extend(self._topic_start(topic))
            parent = _get(raw, "reply_to_post_number")
            if parent and f"{topic}/{parent}" not in self.numbers:
                self._learn_parent(topic, parent)
        return roots

    def _topic_start(self, topic: int) -> list[Json]:
        found = self._find(f"/t/-/{topic}.json")
        if found is None:
            return []
        stream = found.get("post_stream") or {}
        posts = [raw for raw in stream.get("posts") or [] if key_or_none(_place_of, raw)]
        for raw in posts:
            self.numbers[_place_of(raw)] = str(raw["id"])
        self.numbers.setdefault(f"{topic}/1", str((stream.get("stream") or [""])[0]))
        first = [raw for raw in posts if raw["post_number"] == 1]
        for raw in first:
            raw["topic_title"] = raw.get("topic_title") or found.get("title")
            raw["topic_tags"], raw["topic_views"] = found.get("tags"), found.get("views")
            raw["topic_replies"] = (found.get("posts_count") or 1) - 1
        return first

    def _learn_parent(self, topic: int, number: int) -> None:
        found = self._find(f"/posts/by_number/{topic}/{number}.json")
        if found is not None:
            self.numbers[f"{topic}/{number}"] = str(found.get("id") or "")

    def single(self, native_id: str) -> Json | None:
        """One post, or None where it is gone; some forums say "not allowed" of a deleted one."""
        try:
            return self.http.find_json(f"/posts/{quote(native_id)}.json")
        except AuthError:
            # if the list can be read, it was not our key that was refused
            self.http.get_list("/posts.json", at="latest_posts")
            return None

    def _find(self, path: str) -> dict[str, Any] | None:
        """What stands around a post; empty where it is gone or hidden from us.

        None where the answer made no sense: the post itself counts, and we ask again some day.
        """
        try:
            found = self.http.find_json(path)
        except AuthError:
            return {}
        except BadResponse:
            return None
        return found if isinstance(found, dict) else {}


def parse_post(source: Source, raw: Json, *, numbers: dict[str, str], now: datetime) -> Found:
    """Turn a forum post into a post, or into a tombstone where its text is gone.

    `numbers` = {topic/number: id} names root and parent. None for notes of the system.
    Raises KeyError, TypeError or ValueError for a record that is no post.
    """
    if raw.get("post_type", 1) not in _CONTENT_TYPES:
        return None
    host, native_id = host_of(source.base_url), str(raw["id"])
    if raw.get("user_deleted") or raw.get("deleted_at") or raw.get("hidden"):
        reason: DeletedReason = "author" if raw.get("user_deleted") else "moderator"
        return Tombstone(make_uid("discourse", host, native_id), now, reason)
    topic, number = raw["topic_id"], raw["post_number"]
    is_first = number == 1
    cooked = raw["cooked"]
    title = html_to_text(raw.get("topic_title") or raw.get("title") or "") or None
    body = clean_text(raw["raw"]) if raw.get("raw") else html_to_text(cooked)
    answered = raw.get("reply_to_post_number") or (None if is_first else 1)
    root = numbers.get(f"{topic}/1") or None
    edited = raw.get("updated_at") if (raw.get("version") or 1) > 1 else None
    base = (source.base_url or "").rstrip("/")
    return Post(
        platform="discourse",
        source=source.name,
        host=host,
        native_id=native_id,
        kind="post" if is_first else "comment",
        url=f"{base}/t/{raw.get('topic_slug') or '-'}/{topic}/{number}",
        title=title if is_first else None,
        text="\n\n".join(part for part in (title if is_first else None, body) if part),
        text_raw=raw.get("raw") or cooked,
        text_format="markdown" if raw.get("raw") else "html",
        author=Account(
            id=str(raw["user_id"]) if raw.get("user_id") is not None else None,
            handle=raw.get("username"),
            name=clean_text(raw.get("name") or "") or None,
        ),
        created_at=_created(raw),
        edited_at=parse_moment(edited) if edited else None,
        parent_id=(numbers.get(f"{topic}/{answered}") or root) if answered else None,
        root_id=native_id if is_first else root,
        likes=_likes(raw),
        replies=raw.get("topic_replies", raw.get("reply_count")),
        views=raw.get("topic_views", raw.get("reads")),
        tags=_tags(raw.get("topic_tags") or raw.get("tags")),
        media=images(cooked),
        raw=raw,
    )


def _likes(raw: Json) -> int | None:
    """The action of kind 2 counts likes; it is left out where there are none."""
    actions = raw.get("actions_summary")
    if actions is None:
        likes = raw.get("like_count")
        return likes if isinstance(likes, int) else None
    return next((action.get("count", 0) for action in actions if action.get("id") == _LIKE), 0)


def _tags(tags: Json) -> tuple[str, ...]:
    """Tags are strings on older servers, objects on newer ones."""
    return tuple(tag["name"] if isinstance(tag, dict) else str(tag) for tag in tags or ())


def _created(raw: Json) -> datetime:
    return parse_moment(raw["created_at"])


def _place_of(raw: Json) -> str:
    return f"{int(raw['topic_id'])}/{int(raw['post_number'])}" if raw["id"] else ""


def _get(raw: Json, name: str) -> Any:
    return raw.get(name) if isinstance(raw, dict) else None


def _newest(numbers: dict[str, str]) -> dict[str, str]:
    return dict(list(numbers.items())[-_NUMBERS_KEPT:])


def _judge(answer: Answer) -> ConnectorError | None:
    """Limits inside the forum come as JSON with their own name."""
    if answer.status < 400:
        return None
    try:
        error = answer.json()
        if error["error_type"] == "rate_limit":
            return Unavailable(
                "the forum asks us to slow down", retry_after=float(error["extras"]["wait_seconds"])
            )
        if error["error_type"] == "not_logged_in":
            return AuthError("the forum is closed: it wants an API key (token, username)")
    except UNREADABLE:
        pass
    return None

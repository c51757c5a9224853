"""Reddit: the posts and comments of a subreddit, or what a search finds."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote

from connectors.backward import Backward, walk_several
from connectors.base import ConnectorFacts
from connectors.errors import AuthError, ConnectorError, SourceGone
from connectors.http import Answer, Client, Params, Traffic
from connectors.moments import from_epoch
from connectors.paging import Found, Listing, Step, guarded, key_or_none, make_page
from connectors.text import clean_text
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
    platform="reddit",
    title="Reddit",
    docs_url="https://support.reddithelp.com/hc/en-us/articles/16160319875092-Reddit-Data-API-Wiki",
    docs_read=date(2026, 11, 21),
    target="r/NAME, or search:WORDS",
    interval=timedelta(minutes=10),
    interval_reason="100 calls a minute; only the last 1,000 posts of a subreddit can be seen",
    grade="silver",
    cost=2.0,
    requests_per_day=144_000,
    secrets=("client_id", "token"),
    mentions=True,
    limits=(
        "access needs Reddit's approval; token is the client's secret",
        "a listing reaches back 1,000 posts",
        "scores are blurred by Reddit; deleted posts must go here too, within 48 hours",
        "a search finds posts, not comments",
    ),
    expires=timedelta(hours=48),
)

_API = "https://oauth.reddit.com"
_LOGIN_HOST = "https://www.reddit.com"
_LOGIN = "/api/v1/access_token"
_BATCH = 100
_GONE = ("[deleted]", "[removed]", "[ Removed by Reddit ]")


class Reddit:
    """Reads a subreddit by its two newest-first listings, posts and comments."""

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()
        self._tokens: dict[str, str] = {}
        self._lock = threading.Lock()

    @guarded
    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Walk back both listings by time of creation."""
        api = _Api(source, self._traffic, self._tokens, self._lock)

        def walk(listing: Callable[[Json], Listing]) -> Callable[[Cursor | None], Iterator[Step]]:
            return partial(
                Backward(
                    key=_created,
                    now=self._traffic.now(),
                    source=source.name,
                    since=source.since,
                    overlap=timedelta(minutes=5),
                    deep=timedelta(hours=2),
                    max_pages=source.max_pages,
                ).walk,
                listing,
            )

        walks = {name: walk(listing) for name, listing in api.listings().items()}
        for _, step in walk_several(walks, cursor):
            parse = partial(parse_thing, source, now=self._traffic.now())
            yield make_page(step.items, parse, step.cursor, budget=api.http.budget)

    @guarded
    def refresh(self, source: Source, native_ids: Sequence[str]) -> Iterator[Page]:
        """Ask again after things, 100 a call; what Reddit no longer knows is a tombstone."""
        api = _Api(source, self._traffic, self._tokens, self._lock)
        for start in range(0, len(native_ids), _BATCH):
            asked = native_ids[start : start + _BATCH]
            found = api.children("/api/info", {"id": ",".join(asked)}).items
            now = self._traffic.now()
            page = make_page(found, partial(parse_thing, source, now=now), None)
            told = {post.uid for post in page.posts} | {one.uid for one in page.deleted}
            uids = (make_uid("reddit", None, one) for one in asked)
            gone = tuple(Tombstone(uid, now, "gone") for uid in uids if uid not in told)
            yield Page(
                posts=page.posts,
                deleted=page.deleted + gone,
                rejected=page.rejected,
                budget=api.http.budget,
            )


@dataclass(slots=True)
class _Api:
    """The endpoints that we use; a token is asked for when there is none or it has run out."""

    source: Source
    traffic: Traffic
    tokens: dict[str, str]
    lock: threading.Lock
    http: Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = Client(self.source, self.source.base_url or _API, self.traffic, judge=_judge)

    def listings(self) -> dict[str, Callable[[Json], Listing]]:
        """What the target names: two listings of a subreddit, or one of a search."""
        target = self.source.target.strip()
        if target.startswith("search:"):
            query = {"q": target.removeprefix("search:").strip(), "sort": "new", "type": "link"}
            return {"posts": lambda place: self._piece("/search", place, query)}
        name = target.removeprefix("/").removeprefix("r/").strip("/")
        if not name:
            raise SourceGone(f"target is empty; give {FACTS.target}", source=self.source.name)
        path = f"/r/{quote(name, safe='+')}"
        return {
            "posts": lambda place: self._piece(f"{path}/new", place),
            "comments": lambda place: self._piece(f"{path}/comments", place),
        }

    def _piece(self, path: str, place: Json, params: dict[str, Any] | None = None) -> Listing:
        piece = self.children(path, {**(params or {}), "limit": 100, "after": place})
        if not piece.items and place is not None and not self._stands(place):
            # the post that we would go on from was taken away: an empty answer is no end
            return self.children(path, {**(params or {}), "limit": 100})
        return piece

    def _stands(self, name: str) -> bool:
        """Tell whether a thing still takes part in listings."""
        found = self.children("/api/info", {"id": name}).items
        return any(key_or_none(_is_listed, raw) for raw in found)

    def children(self, path: str, params: Params) -> Listing:
        """A listing's things, and the name after which the next ones come."""
        answer = self._ask(path, {**dict(params), "raw_json": 1})
        things = self.http.pick(answer, "data.children", list)
        return Listing(things, self.http.pick(answer, "data", dict).get("after"))

    def _ask(self, path: str, params: Params) -> Json:
        key = self.source.secrets.get("client_id", "")
        if key not in self.tokens:
            self._log_in(key)
        try:
            return self.http.get_json(path, params, headers=self._bearer(key))
        except AuthError as error:
            if "401" not in str(error):
                raise
            self.tokens.pop(key, None)
        self._log_in(key)
        return self.http.get_json(path, params, headers=self._bearer(key))

    def _bearer(self, key: str) -> dict[str, str]:
        self.http.keep_secret(self.tokens[key])
        return {"Authorization": f"bearer {self.tokens[key]}"}

    def _log_in(self, key: str) -> None:
        pair = f"{key}:{self.source.secrets.get('token', '')}".encode()
        login = base64.b64encode(pair).decode()
        self.http.keep_secret(login)
        with self.lock:
            if key not in self.tokens:
                answer = self.http.post(
                    (self.source.base_url or _LOGIN_HOST) + _LOGIN,
                    data={"grant_type": "client_credentials"},
                    headers={"Authorization": f"Basic {login}"},
                    raw=True,
                )
                self.tokens[key] = self.http.pick(answer, "access_token", str)


def parse_thing(source: Source, raw: Json, *, now: datetime) -> Found:
    """Turn a post (t3) or comment (t1) into a post, or into a tombstone; None for others.

    Raises KeyError, TypeError or ValueError for a record that is no thing.
    """
    if raw["kind"] not in ("t1", "t3"):
        return None
    data = raw["data"]
    name = data["name"]
    is_comment = raw["kind"] == "t1"
    body = data["body"] if is_comment else data.get("selftext") or ""
    reason = _deleted(data, body)
    if reason:
        return Tombstone(make_uid("reddit", None, name), now, reason)
    title = None if is_comment else clean_text(data["title"])
    handle = data.get("author")
    known = handle and handle != "[deleted]"
    edited = data.get("edited")
    return Post(
        platform="reddit",
        source=source.name,
        native_id=name,
        kind="comment" if is_comment else "post",
        title=title,
        url=f"https://www.reddit.com{data['permalink']}" if data.get("permalink") else None,
        author=Account(id=data.get("author_fullname"), handle=handle) if known else None,
        text="\n\n".join(part for part in (title, clean_text(body)) if part),
        text_raw=body,
        text_format="markdown",
        created_at=_created(raw),
        # very old ones say true instead of a time
        edited_at=from_epoch(edited) if isinstance(edited, int | float) and edited > 1 else None,
        parent_id=data.get("parent_id") if is_comment else None,
        root_id=data.get("link_id") if is_comment else name,
        likes=None if data.get("score_hidden") else data.get("score"),
        replies=data.get("num_comments"),
        tags=(data["link_flair_text"],) if data.get("link_flair_text") else (),
        raw=data,
    )


def _deleted(data: Json, body: str) -> DeletedReason | None:
    """Who took a text away, as far as Reddit tells: Reddit itself is no moderator of the place."""
    by, text = data.get("removed_by_category"), body.strip()
    if not by and text not in _GONE:
        return None
    if by == "deleted" or text == "[deleted]":
        return "author"
    if by in ("moderator", "automod_filtered") or (not by and text == "[removed]"):
        return "moderator"
    return "gone"


def _is_listed(raw: Json) -> bool:
    data = raw["data"]
    return not _deleted(data, data.get("body") or data.get("selftext") or "")


def _created(raw: Json) -> datetime:
    return from_epoch(raw["data"]["created_utc"])


def _judge(answer: Answer) -> ConnectorError | None:
    """Closed places and the network's own blocks both come as 403."""
    if answer.status == 302 and "subreddits/search" in answer.headers.get("location", ""):
        return SourceGone("there is no such subreddit; check target")
    if answer.status == 403 and b"network security" in answer.content:
        return AuthError("Reddit blocks us: it wants an approved client and an honest user agent")
    return None

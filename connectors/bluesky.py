"""Bluesky and other servers of the AT Protocol."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from connectors.backward import Backward
from connectors.base import ConnectorFacts
from connectors.errors import AuthError, ConnectorError, SourceGone
from connectors.http import Answer, Client, Params, Traffic
from connectors.moments import parse_moment
from connectors.paging import Listing, guarded, make_page, unheard_threads
from connectors.text import clean_text
from connectors.types import (
    Account,
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
    platform="bluesky",
    title="Bluesky",
    docs_url="https://docs.bsky.app/docs/category/http-reference",
    docs_read=date(2026, 11, 21),
    target="@handle (or a did), #tag, or search:WORDS",
    interval=timedelta(minutes=10),
    interval_reason="3,000 requests in 5 minutes are allowed; search asks for minutes, not seconds",
    grade="gold",
    cost=2.0,
    requests_per_day=864_000,
    optional_secrets=("username", "token"),
    options=("threads",),
    mentions=True,
    limits=(
        "search wants a login: username is the handle, token an app password",
        "posts cannot be edited in the app; a record that was replaced keeps its id",
        "views are not told",
    ),
)

_PUBLIC = "https://public.api.bsky.app"
_HOME = "https://bsky.social"
_BATCH = 25
_LOGIN = "/xrpc/com.atproto.server.createSession"
_RENEW = "/xrpc/com.atproto.server.refreshSession"
_STALE = ("ExpiredToken", "InvalidToken")


class Bluesky:
    """Reads an account's feed with its threads, a tag or a search.

    Sessions are kept in memory: logins are limited to 300 a day, and no store may hold them.
    """

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()
        self._sessions: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()

    @guarded
    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Walk back by the time of indexing; under each grown thread read the answers."""
        server = self._server(source)
        is_feed = not source.target.startswith(("#", "search:"))
        walk = Backward(
            key=_indexed,
            now=self._traffic.now(),
            source=source.name,
            since=source.since,
            overlap=timedelta(minutes=10),
            deep=timedelta(days=14) if is_feed else timedelta(hours=2),
            max_pages=source.max_pages,
        )
        followers = server.followers() if is_feed else ()
        wanted = source.options.get("threads", True)
        listing = server.feed if is_feed else server.search
        steps = walk.walk(listing, cursor, _thread_of if wanted else lambda _: None, server.thread)
        for step in steps:
            yield make_page(
                step.items,
                partial(parse_post, source),
                step.cursor,
                budget=server.http.budget,
                followers=followers,
            )
            followers = ()

    @guarded
    def refresh(self, source: Source, native_ids: Sequence[str]) -> Iterator[Page]:
        """Ask again after posts, 25 a call; one that is missing twice is a tombstone.

        Threads that have grown below their first answers are read again.
        """
        server, posts = self._server(source), list[Post]()
        for start in range(0, len(native_ids), _BATCH):
            asked = native_ids[start : start + _BATCH]
            answer = server.ask("app.bsky.feed.getPosts", [("uris", uri) for uri in asked])
            found = server.http.pick(answer, "posts", list)
            page = make_page(found, partial(parse_post, source), None, budget=server.http.budget)
            posts += page.posts
            missing = set(asked) - {str(raw.get("uri")) for raw in found if isinstance(raw, dict)}
            now = self._traffic.now()
            gone = [uri for uri in asked if uri in missing and not server.exists(uri)]
            tombstones = (Tombstone(make_uid("bluesky", None, u), now, "gone") for u in gone)
            yield replace(page, deleted=tuple(tombstones))
        for name in unheard_threads(posts) if source.options.get("threads", True) else ():
            yield make_page(server.thread(name, None).items, partial(parse_post, source), None)

    def _server(self, source: Source) -> _Server:
        with self._lock:
            key = f"{source.base_url}\0{source.secrets.get('username', '')}"
            session = self._sessions.setdefault(key, {})
        return _Server(source, self._traffic, session, self._lock)


@dataclass(slots=True)
class _Server:
    """The endpoints that we use, with a session where the source has a login."""

    source: Source
    traffic: Traffic
    session: dict[str, str]
    lock: threading.Lock
    http: Client = field(init=False)

    def __post_init__(self) -> None:
        base = self.source.base_url or (_HOME if self._has_login else _PUBLIC)
        self.http = Client(self.source, base, self.traffic, judge=_judge)

    @property
    def _has_login(self) -> bool:
        return bool(self.source.secrets.get("token") and self.source.secrets.get("username"))

    def ask(self, method: str, params: Params) -> Json:
        """Call a method; a stale session is renewed once."""
        if not self._has_login:
            return self.http.get_json(f"/xrpc/{method}", params)
        if not self.session:
            self._log_in()
        try:
            return self.http.get_json(f"/xrpc/{method}", params, headers=self._bearer())
        except AuthError:
            if not self._renew():
                raise
        return self.http.get_json(f"/xrpc/{method}", params, headers=self._bearer())

    def _bearer(self, kind: str = "access") -> dict[str, str]:
        self.http.keep_secret(*self.session.values())
        return {"Authorization": f"Bearer {self.session[kind]}"}

    def _log_in(self) -> None:
        secrets = self.source.secrets
        with self.lock:
            if not self.session:
                body = {"identifier": secrets["username"], "password": secrets["token"]}
                self._keep(self.http.post(_LOGIN, body=body, raw=True))

    def _renew(self) -> bool:
        """Trade the refresh token for a new pair, or log in anew; False where neither helps."""
        stale = self.session.get("access")
        with self.lock:
            if self.session.get("access") != stale:
                return True  # another thread was quicker: a refresh token works only once
            try:
                self._keep(self.http.post(_RENEW, headers=self._bearer("refresh"), raw=True))
            except AuthError:
                self.session.clear()
        if not self.session:
            self._log_in()
        return self.session.get("access") != stale

    def _keep(self, answer: Json) -> None:
        self.session["access"] = self.http.pick(answer, "accessJwt", str)
        self.session["refresh"] = self.http.pick(answer, "refreshJwt", str)

    def feed(self, place: Json) -> Listing:
        """The account's own posts and answers, newest first."""
        params = {
            "actor": self.source.target.removeprefix("@"),
            "filter": "posts_with_replies",
            "limit": 100,
            "cursor": place,
        }
        answer = self.ask("app.bsky.feed.getAuthorFeed", params)
        items = self.http.pick(answer, "feed", list)
        # a repost is somebody else's text; it counts at the original
        own = [raw.get("post") for raw in items if isinstance(raw, dict) and not raw.get("reason")]
        return Listing(own, answer.get("cursor"))

    def search(self, place: Json) -> Listing:
        """Posts of everybody, by words or tag; empty pages with a cursor are no end."""
        target = self.source.target
        query = target if target.startswith("#") else target.removeprefix("search:").strip()
        params = {"q": query, "sort": "latest", "limit": 100, "cursor": place}
        answer = self.ask("app.bsky.feed.searchPosts", params)
        return Listing(self.http.pick(answer, "posts", list), answer.get("cursor"))

    def thread(self, name: str, place: Json) -> Listing:
        """All answers below a post; a thread that is gone is empty."""
        try:
            answer = self.ask("app.bsky.feed.getPostThread", {"uri": name, "depth": 100})
        except SourceGone:
            return Listing(())
        found: list[Json] = []
        waiting = [self.http.pick(answer, "thread", dict)]
        while waiting:
            node = waiting.pop()
            if isinstance(node, dict):
                if isinstance(node.get("post"), dict):
                    found.append(node["post"])
                waiting.extend(node.get("replies") or [])
        return Listing(found)

    def exists(self, uri: str) -> bool:
        """Tell whether a post that a batch left out is still there."""
        try:
            wanted = {"uri": uri, "depth": 0, "parentHeight": 0}
            answer = self.ask("app.bsky.feed.getPostThread", wanted)
        except SourceGone:
            return False
        return not self.http.pick(answer, "thread", dict).get("notFound")

    def followers(self) -> tuple[Followers, ...]:
        """How many follow the account, where it tells."""
        actor = self.source.target.removeprefix("@")
        profile = self.ask("app.bsky.actor.getProfile", {"actor": actor})
        count = self.http.pick(profile, "", dict).get("followersCount")
        now = self.traffic.now()
        return (Followers(self.source.name, now, count),) if isinstance(count, int) else ()


def parse_post(source: Source, raw: Json) -> Post:
    """Turn a post view into a post.

    Raises KeyError, TypeError or ValueError for a record that is none.
    """
    uri, record, author = raw["uri"], raw["record"], raw["author"]
    reply = record.get("reply") or {}
    labels = {label.get("val") for label in author.get("labels") or []}
    return Post(
        platform="bluesky",
        source=source.name,
        native_id=uri,
        kind="comment" if reply else "post",
        url=f"https://bsky.app/profile/{author['did']}/post/{uri.rsplit('/', 1)[1]}",
        author=Account(
            id=author["did"],
            handle=author.get("handle"),
            name=clean_text(author.get("displayName") or "") or None,
        ),
        text=clean_text(_with_links(record["text"], record.get("facets") or [])),
        text_raw=record["text"],
        text_format="facets",
        lang=next(iter(record.get("langs") or []), None),
        # the writer's clock may be anywhere, the server's is not behind
        created_at=min(_moment(record.get("createdAt")) or _indexed(raw), _indexed(raw)),
        parent_id=(reply.get("parent") or {}).get("uri"),
        root_id=(reply.get("root") or {}).get("uri") or uri,
        likes=raw.get("likeCount"),
        replies=raw.get("replyCount"),
        shares=_sum(raw.get("repostCount"), raw.get("quoteCount")),
        tags=tuple(dict.fromkeys([*(record.get("tags") or []), *_facet_tags(record)])),
        media=tuple(_media(raw.get("embed") or {})),
        raw={**raw, "hidden_from_visitors": "!no-unauthenticated" in labels},
    )


def _with_links(text: str, facets: Sequence[Json]) -> str:
    """Put whole addresses where the app shows shortened ones. Offsets count UTF-8 bytes."""
    encoded = text.encode()
    for facet in sorted(facets, key=lambda facet: facet["index"]["byteStart"], reverse=True):
        link = next((f["uri"] for f in facet.get("features", []) if "uri" in f), None)
        start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        if link and 0 <= start <= end <= len(encoded):
            encoded = encoded[:start] + link.encode() + encoded[end:]
    return encoded.decode("utf-8", "replace")


def _facet_tags(record: Json) -> Iterator[str]:
    for facet in record.get("facets") or []:
        yield from (feature["tag"] for feature in facet.get("features", []) if "tag" in feature)


def _media(embed: Json) -> Iterator[dict[str, Any]]:
    for image in [*(embed.get("images") or []), *(embed.get("items") or [])]:
        yield {"type": "image", "url": image.get("fullsize"), "alt": image.get("alt")}
    if embed.get("playlist"):
        yield {"type": "video", "url": embed["playlist"], "alt": embed.get("alt")}
    if isinstance(embed.get("media"), dict):
        yield from _media(embed["media"])


def _sum(*counts: int | None) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _moment(value: Json) -> datetime | None:
    try:
        return parse_moment(value)
    except ValueError:
        return None


def _indexed(raw: Json) -> datetime:
    return parse_moment(raw["indexedAt"])


def _thread_of(raw: Json) -> tuple[str, int] | None:
    return raw["uri"], raw.get("replyCount") or 0


def _judge(answer: Answer) -> ConnectorError | None:
    """An expired token and a missing post both come as 400, told apart by name."""
    if answer.status not in (400, 401):
        return None
    error = answer.json_or_none()
    name = error.get("error") if isinstance(error, dict) else None
    if name in _STALE or answer.status == 401:
        return AuthError("the login was refused or has expired; check username and token")
    if name == "NotFound" or "Profile not found" in str(error.get("message") if error else ""):
        return SourceGone("there is no such account or post; check target")
    return None

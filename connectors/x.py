"""X: an account with the answers to it, mentions, or a search, within a budget of paid reads."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from connectors.backward import Backward
from connectors.base import ConnectorFacts, Cost
from connectors.errors import AuthError, ConnectorError, SourceGone, Unavailable
from connectors.http import Answer, Client, Traffic
from connectors.moments import parse_moment
from connectors.paging import Listing, guarded, key_or_none, make_page
from connectors.text import clean_text
from connectors.types import (
    Account,
    Cursor,
    Json,
    Page,
    Post,
    Source,
    Tombstone,
    make_uid,
)

_READS_PER_DAY = 500
_READ_PRICE = 0.005
_ALLOWED_PER_DAY = 450 * 4 * 24
"""Searches of an app: 450 in 15 minutes."""


def _costs(source: Source) -> tuple[Cost, ...]:
    """Requests, and paid reads: whoever cannot pay for one post a look looks too often."""
    reads = Cost(per_day=most_reads(source), unit="paid reads", price=_READ_PRICE, is_shared=False)
    return Cost(per_day=_ALLOWED_PER_DAY), reads


def most_reads(source: Source) -> int:
    """Posts that a source may read in a day."""
    wanted = source.options.get("reads_per_day")
    return _READS_PER_DAY if wanted is None else int(wanted)


FACTS = ConnectorFacts(
    platform="x",
    title="X",
    docs_url="https://docs.x.com/x-api/posts/search-recent-posts",
    docs_read=date(2026, 11, 21),
    target="@account (its posts and the answers to it), mentions:@account, or search:QUERY",
    interval=timedelta(minutes=30),
    interval_reason="every post read is paid for ($0.005); a quiet search costs nothing",
    grade="bronze",
    secrets=("token",),
    costs=_costs,
    options=("reads_per_day", "authors", "fields"),
    mentions=True,
    limits=(
        "reads_per_day (default 500, $2.50) stops the source until the next day in UTC",
        "authors = true adds names and followers, and each account read is paid for ($0.010)",
        "searches reach back seven days",
        "deleted, protected and suspended posts must go here too, within 24 hours of a request: "
        "asking again finds them, and costs a read for each post and day",
        "an edit makes a new id: posts go by their first one",
    ),
    exempt=(("silver", "names of fields are in transition, so nothing could be tried for sure"),),
)

_API = "https://api.x.com"
_BATCH = 100
_REACH = timedelta(days=7) - timedelta(minutes=5)
_OVERLAP = timedelta(minutes=5)
_FIELDS = {
    "tweet": "author_id,created_at,lang,public_metrics,conversation_id,referenced_tweets,"
    "edit_history_tweet_ids,note_tweet,attachments,entities",
    "post": "author_id,created_at,lang,public_metrics,conversation_id,referenced_posts,"
    "edit_history_post_ids,note_post,attachments,entities",
}
"""Guides and API description of the same day use both sets of names; option `fields` chooses."""


class X:
    """Reads recent posts newest first, never beyond what was read before.

    Options: `reads_per_day`, `authors`, `fields` = "tweet" (default) or "post".
    """

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()

    @guarded
    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Walk back by time of writing. Cursor: that of the walk, and `reads` = [day, posts]."""
        state: dict[str, Any] = dict(cursor or {})
        api = _Api(source, self._traffic, state.pop("reads", None))
        walk = Backward(
            key=_created,
            now=self._traffic.now(),
            source=source.name,
            since=source.since,
            overlap=_OVERLAP,
            max_pages=source.max_pages,
        )
        # a walk that was cut goes on with its own question; above it all is new since its top
        start = api.start(state.get("top") or state.get("mark"))
        for step in walk.walk(partial(api.search, start), state):
            yield make_page(
                step.items,
                partial(parse_post, source),
                {**step.cursor, "reads": api.reads},
                budget=api.http.budget,
            )

    @guarded
    def refresh(self, source: Source, native_ids: Sequence[str]) -> Iterator[Page]:
        """Ask again after posts, 100 a call; each is paid for once a day."""
        api = _Api(source, self._traffic, None)
        for start in range(0, len(native_ids), _BATCH):
            asked = native_ids[start : start + _BATCH]
            found = api.by_ids(asked)
            # an edited post is asked for by its first id, and its last version is what counts
            newest = {max(ids, key=int) for raw in found if (ids := key_or_none(_history, raw))}
            if newer := sorted(newest - {raw.get("id") for raw in found if isinstance(raw, dict)}):
                found += api.by_ids(newer)
            page = make_page(found, partial(parse_post, source), None)
            told = {post.native_id for post in page.posts}
            now = self._traffic.now()
            uids = (make_uid("x", None, one) for one in asked if one not in told)
            yield Page(
                posts=page.posts,
                # missing is deleted, protected or suspended: all have to go here, too
                deleted=tuple(Tombstone(uid, now, "gone") for uid in uids),
                rejected=page.rejected,
                budget=api.http.budget,
            )


@dataclass(slots=True)
class _Api:
    """The endpoints that we use, and the count of what was paid for today."""

    source: Source
    traffic: Traffic
    reads: list[Any] | None
    http: Client = field(init=False)

    def __post_init__(self) -> None:
        token = self.source.secrets.get("token", "")
        self.http = Client(
            self.source,
            self.source.base_url or _API,
            self.traffic,
            headers={"Authorization": f"Bearer {token}"},
            judge=_judge,
        )

    def start(self, mark: str | None) -> datetime:
        """From when on posts are wanted: to ask for older ones again would cost money."""
        wanted = [self.traffic.now() - _REACH]
        wanted += [parse_moment(mark) - _OVERLAP] if mark else []
        wanted += [self.source.since] if self.source.since else []
        return max(wanted)

    def search(self, start: datetime, place: Json) -> Listing:
        """Posts that the target names, newest first, none from before `start`."""
        # a token wants exactly the question that it came from, also in a later run
        begin, token = place or [start.strftime("%Y-%m-%dT%H:%M:%SZ"), None]
        params = {"query": self._query(), "sort_order": "recency", "max_results": _BATCH}
        answer = self._ask(
            "/2/tweets/search/recent", {**params, "start_time": begin, "next_token": token}
        )
        following = self.http.pick(answer, "meta", dict).get("next_token")
        return Listing(self._joined(answer), [begin, following] if following else None)

    def _query(self) -> str:
        kind, _, rest = self.source.target.strip().partition(":")
        if kind.startswith("@"):
            return f"(from:{kind[1:]} OR to:{kind[1:]}) -is:retweet"
        if kind == "mentions" and rest:
            return f"@{rest.strip().lstrip('@')} -is:retweet"
        if kind == "search" and rest.strip():
            return f"({rest.strip()}) -is:retweet"
        raise SourceGone(
            f"target {self.source.target!r} is none of {FACTS.target}; correct it",
            source=self.source.name,
        )

    def by_ids(self, ids: Sequence[str]) -> list[Json]:
        """Posts that can still be seen."""
        return self._joined(self._ask("/2/tweets", {"ids": ",".join(ids)}))

    def _ask(self, path: str, params: Mapping[str, Any]) -> dict[str, Any]:
        self._refuse_beyond_budget()
        options = self.source.options
        kind, authors = str(options.get("fields", "tweet")), bool(options.get("authors"))
        wanted = {
            **params,
            f"{kind}.fields": _FIELDS.get(kind, _FIELDS["tweet"]),
            "media.fields": "alt_text,type,url,preview_image_url",
            "expansions": "attachments.media_keys" + (",author_id" if authors else ""),
            "user.fields": "username,name,public_metrics" if authors else None,
        }
        return self.http.pick(self.http.get_json(path, wanted), "", dict)

    def _joined(self, answer: dict[str, Any]) -> list[Json]:
        """The posts of an answer, joined with what was sent beside them, and counted."""
        # no post at all comes without `data`
        found = self.http.pick(answer, "data", list) if "data" in answer else []
        if self.reads:
            self.reads = [self.reads[0], self.reads[1] + len(found)]
        included = answer.get("includes") or {}
        users = {user.get("id"): user for user in included.get("users") or ()}
        media = {one.get("media_key"): one for one in included.get("media") or ()}
        joined: list[Json] = []
        for raw in found:
            if not isinstance(raw, dict):
                joined.append(raw)
                continue
            keys = (raw.get("attachments") or {}).get("media_keys") or ()
            shown = [media[key] for key in keys if key in media]
            joined.append({**raw, "author": users.get(raw.get("author_id")), "media": shown})
        return joined

    def _refuse_beyond_budget(self) -> None:
        now = self.traffic.now()
        today, most = now.date().isoformat(), most_reads(self.source)
        if not self.reads or self.reads[0] != today:
            self.reads = [today, 0]
        if self.reads[1] >= most:
            midnight = datetime.combine(now.date() + timedelta(days=1), now.time().min, now.tzinfo)
            raise Unavailable(
                f"today's budget of {most} paid reads is used up; raise reads_per_day if more "
                "may be spent",
                source=self.source.name,
                retry_after=(midnight - now).total_seconds(),
            )


def parse_post(source: Source, raw: Json) -> Post:
    """Turn a post, with its author and media joined to it, into a post. Takes both name sets.

    Raises KeyError, TypeError or ValueError for a record that is none.
    """
    history = _history(raw)
    native_id = min(history, key=int)
    refers = raw.get("referenced_tweets") or raw.get("referenced_posts") or ()
    parent = next((one["id"] for one in refers if one.get("type") == "replied_to"), None)
    note = raw.get("note_tweet") or raw.get("note_post") or {}
    entities = note.get("entities") or raw.get("entities") or {}
    metrics = raw.get("public_metrics") or {}
    reposts = metrics.get("retweet_count", metrics.get("repost_count"))
    user = raw.get("author") or {}
    handle = user.get("username")
    return Post(
        platform="x",
        source=source.name,
        native_id=native_id,
        kind="comment" if parent else "post",
        url=f"https://x.com/{handle or 'i'}/status/{raw['id']}",
        author=Account(
            id=raw.get("author_id"),
            handle=handle,
            name=clean_text(user.get("name") or "") or None,
            followers=(user.get("public_metrics") or {}).get("followers_count"),
        ),
        text=clean_text(_with_links(note.get("text") or raw["text"], entities.get("urls") or ())),
        text_raw=note.get("text") or raw["text"],
        lang=None if raw.get("lang") in (None, "und", "zxx") else raw["lang"],
        created_at=_created(raw),
        parent_id=parent,
        root_id=raw.get("conversation_id"),
        likes=metrics.get("like_count"),
        replies=metrics.get("reply_count"),
        shares=None if reposts is None else reposts + (metrics.get("quote_count") or 0),
        views=metrics.get("impression_count"),
        tags=tuple(tag["tag"] for tag in entities.get("hashtags") or ()),
        media=tuple(
            {
                "type": one.get("type"),
                "url": one.get("url") or one.get("preview_image_url"),
                "alt": one.get("alt_text"),
            }
            for one in raw.get("media") or ()
        ),
        raw=raw,
    )


def _with_links(text: str, urls: Sequence[Json]) -> str:
    for url in urls:
        if url.get("url") and url.get("expanded_url"):
            text = text.replace(url["url"], url["expanded_url"])
    return html.unescape(text)


def _history(raw: Json) -> list[str]:
    found = raw.get("edit_history_tweet_ids") or raw.get("edit_history_post_ids") or ()
    return [str(one) for one in found] or [str(int(raw["id"]))]


def _created(raw: Json) -> datetime:
    return parse_moment(raw["created_at"])


def _judge(answer: Answer) -> ConnectorError | None:
    """Problems carry their kind in `type`; a used-up plan looks like a limit and is none."""
    if answer.status < 400:
        return None
    body = answer.json_or_none()
    kind = str(body.get("type", "")).rsplit("/", 1)[-1] if isinstance(body, dict) else ""
    if kind == "usage-capped":
        return AuthError("the plan's reads are used up; buy more, or wait for the next period")
    if kind in ("client-forbidden", "not-authorized-for-resource"):
        return AuthError("the plan or app behind the token may not ask this; check it at X")
    if kind == "resource-not-found":
        return SourceGone("there is no such account or post; check target")
    return None

"""YouTube: the videos of a channel and the comments under them, or what a search finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from connectors.backward import Backward, walk_several
from connectors.base import ConnectorFacts, Cost
from connectors.errors import AuthError, BadResponse, ConnectorError, SourceGone, Unavailable
from connectors.http import Answer, Client, Traffic
from connectors.moments import parse_moment
from connectors.paging import (
    UNREADABLE,
    Listing,
    Step,
    guarded,
    key_or_none,
    make_page,
    parse_each,
)
from connectors.types import (
    Cursor,
    Followers,
    Json,
    Page,
    Source,
    Tombstone,
    make_uid,
)
from connectors.videos import parse_counts, parse_item


def _costs(source: Source) -> tuple[Cost, ...]:
    """Units of the day; searches have a bucket of their own beside them."""
    target = source.target.strip()
    if target.startswith("search:"):
        searches = Cost(per_day=100, unit="searches")
        return Cost(per_day=10_000, unit="units"), searches
    looks = 1 if target.startswith("video:") else 4
    return (Cost(per_look=looks, per_day=10_000, unit="units"),)


FACTS = ConnectorFacts(
    platform="youtube",
    title="YouTube",
    docs_url="https://developers.google.com/youtube/v3/docs",
    docs_read=date(2026, 11, 21),
    target="@handle or channel id (UC...), video:ID, or search:WORDS",
    interval=timedelta(minutes=30),
    interval_reason="10,000 units a day; a quiet channel costs 4 units a look, 192 a day",
    grade="silver",
    secrets=("token",),
    options=("derived_metrics",),
    cost=4.0,
    costs=_costs,
    mentions=True,
    limits=(
        "searches have a bucket of their own: 100 a day",
        "posts and counts must be asked for anew or deleted within 30 days",
        "labels and figures may be derived only with YouTube's consent: derived_metrics = true",
        "the number of dislikes is not told, followers are rounded",
    ),
    exempt=(("limit headers", "YouTube counts units and tells nobody; a refusal names the day"),),
    expires=timedelta(days=29),
    may_derive=False,
)

_API = "https://www.googleapis.com"
_PATH = "/youtube/v3"
_BATCH = 50
_PACIFIC = ZoneInfo("America/Los_Angeles")


class YouTube:
    """Reads a channel (videos and comments), the comments of one video, or a search."""

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()

    @guarded
    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Walk back videos and comment threads by time of publishing."""
        api = _Api(source, self._traffic)

        def walk(listing: Callable[[Json], Listing]) -> Callable[[Cursor | None], Iterator[Step]]:
            return partial(
                Backward(
                    key=_published,
                    now=self._traffic.now(),
                    source=source.name,
                    since=source.since,
                    overlap=timedelta(hours=1),
                    # threads are sorted by birth: new answers under old ones show by their number
                    deep=timedelta(days=14),
                    deep_every=timedelta(days=1),
                    max_pages=source.max_pages,
                ).walk,
                listing,
                threads=_thread_of,
                thread=api.replies,
            )

        listings, followers = api.listings()
        walks = {name: walk(listing) for name, listing in listings.items()}
        for _, step in walk_several(walks, cursor):
            yield make_page(
                step.items, partial(parse_item, source), step.cursor, followers=followers
            )
            followers = ()

    @guarded
    def refresh(self, source: Source, native_ids: Sequence[str]) -> Iterator[Page]:
        """Ask again after videos and comments, 50 a unit; what is left out is gone."""
        api = _Api(source, self._traffic)
        for start in range(0, len(native_ids), _BATCH):
            asked = native_ids[start : start + _BATCH]
            videos = [one for one in asked if not one.startswith("Ug")]
            comments = [one for one in asked if one.startswith("Ug")]
            page = make_page(api.videos(videos), partial(parse_item, source), None)
            now = self._traffic.now()
            # comments asked for by id name neither video nor thread: their likes are the news
            counts, bad = parse_each(api.comments(comments), partial(parse_counts, now=now))
            told = {post.uid for post in page.posts} | {count.uid for count in counts}
            uids = (make_uid("youtube", None, one) for one in asked)
            yield Page(
                posts=page.posts,
                counts=tuple(counts),
                rejected=page.rejected + bad,
                deleted=tuple(Tombstone(uid, now, "gone") for uid in uids if uid not in told),
            )


@dataclass(slots=True)
class _Api:
    """The endpoints that we use."""

    source: Source
    traffic: Traffic
    http: Client = field(init=False)

    def __post_init__(self) -> None:
        # in a header, as an address ends up in logs
        headers = {"X-Goog-Api-Key": self.source.secrets.get("token", "")}
        self.http = Client(
            self.source,
            self.source.base_url or _API,
            self.traffic,
            headers=headers,
            judge=partial(_judge, self.traffic),
        )

    def listings(
        self,
    ) -> tuple[dict[str, Callable[[Json], Listing]], tuple[Followers, ...]]:
        """What the target names, and a channel's followers."""
        target = self.source.target.strip()
        if target.startswith("video:"):
            return {"comments": partial(self._threads, {"videoId": target[6:].strip()})}, ()
        if target.startswith("search:"):
            return {"videos": partial(self._found, target[7:].strip())}, ()
        by = {"id": target} if target.startswith("UC") else {"forHandle": target}
        answer = self._list("channels", {"part": "contentDetails,statistics", **by})
        if not answer:
            raise SourceGone(f"there is no channel {target}; check target", source=self.source.name)
        channel = answer[0]
        playlist = self.http.pick(channel, "contentDetails.relatedPlaylists.uploads", str)
        count = (channel.get("statistics") or {}).get("subscriberCount")
        now = self.traffic.now()
        followers = (Followers(self.source.name, now, int(count)),) if count else ()
        about = {"allThreadsRelatedToChannelId": self.http.pick(channel, "id", str)}
        return {
            "videos": partial(self._uploads, playlist),
            "comments": partial(self._threads, about),
        }, followers

    def _uploads(self, playlist: str, place: Json) -> Listing:
        params = {"part": "contentDetails", "playlistId": playlist, "maxResults": 50}
        answer = self._ask("playlistItems", {**params, "pageToken": place})
        items = self.http.pick(answer, "items", list)
        ids = _readable(items, lambda item: item["contentDetails"]["videoId"])
        return Listing(self.videos(ids), answer.get("nextPageToken"))

    def _found(self, query: str, place: Json) -> Listing:
        params = {"part": "id", "q": query, "type": "video", "order": "date", "maxResults": 50}
        answer = self._ask("search", {**params, "pageToken": place})
        items = self.http.pick(answer, "items", list)
        ids = _readable(items, lambda item: item["id"]["videoId"])
        return Listing(self.videos(ids), answer.get("nextPageToken"))

    def _threads(self, about: dict[str, str], place: Json) -> Listing:
        params = {
            "part": "snippet,replies",
            **about,
            "order": "time",
            "textFormat": "plainText",
            "maxResults": 100,
            "pageToken": place,
        }
        answer = self._ask("commentThreads", params)
        return Listing(self.http.pick(answer, "items", list), answer.get("nextPageToken"))

    def replies(self, name: str, place: Json) -> Listing:
        """All answers of a thread. `name` = THREAD@VIDEO, as answers do not name their video."""
        thread, _, video = name.partition("@")
        params = {
            "part": "snippet",
            "parentId": thread,
            "textFormat": "plainText",
            "maxResults": 100,
            "pageToken": place,
        }
        answer = self._ask("comments", params)
        items = self.http.pick(answer, "items", list)
        for raw in items:
            if isinstance(snippet := key_or_none(lambda one: one["snippet"], raw), dict):
                snippet.setdefault("videoId", video)
        return Listing(items, answer.get("nextPageToken"))

    def videos(self, ids: Sequence[str]) -> list[Json]:
        """Videos with their figures; deleted and private ones are left out by YouTube."""
        params = {"part": "snippet,statistics", "id": ",".join(ids)}
        return self._list("videos", params) if ids else []

    def comments(self, ids: Sequence[str]) -> list[Json]:
        """Comments by id."""
        params = {"part": "snippet", "id": ",".join(ids), "textFormat": "plainText"}
        return self._list("comments", params) if ids else []

    def _list(self, what: str, params: dict[str, Any]) -> list[Json]:
        answer = self._ask(what, params)
        if not isinstance(answer, dict):
            raise BadResponse("no object in the answer", source=self.source.name)
        return self.http.pick(answer, "items", list) if "items" in answer else []

    def _ask(self, what: str, params: dict[str, Any]) -> Json:
        return self.http.get_json(f"{_PATH}/{what}", params)


def _readable(items: Sequence[Json], key: Callable[[Json], str]) -> list[str]:
    found = (key_or_none(key, item) for item in items)
    return [one for one in found if isinstance(one, str)]


def _published(raw: Json) -> datetime:
    snippet = raw["snippet"]
    return parse_moment((snippet.get("topLevelComment") or raw)["snippet"]["publishedAt"])


def _thread_of(raw: Json) -> tuple[str, int] | None:
    """A thread shows a few of its answers; only where there are more must it be read."""
    snippet = raw["snippet"]
    total = snippet.get("totalReplyCount") or 0
    shown = len((raw.get("replies") or {}).get("comments") or [])
    return (f"{raw['id']}@{snippet.get('videoId', '')}", total) if total > shown else None


def _judge(traffic: Traffic, answer: Answer) -> ConnectorError | None:
    """Google puts the true reason into the body."""
    if answer.status < 400:
        return None
    try:
        reason = answer.json()["error"]["errors"][0]["reason"]
    except UNREADABLE:
        return None
    if reason in ("quotaExceeded", "dailyLimitExceeded"):
        now = traffic.now().astimezone(_PACIFIC)
        midnight = datetime.combine(now.date() + timedelta(days=1), time(), _PACIFIC)
        return Unavailable(
            "the day's units are used up; they come back at midnight Pacific time",
            retry_after=(midnight - now).total_seconds(),
        )
    if reason in ("rateLimitExceeded", "userRateLimitExceeded", "processingFailure"):
        return Unavailable(f"YouTube asks us to slow down ({reason})")
    if reason in ("keyInvalid", "keyExpired", "badRequest", "authError", "forbidden"):
        return AuthError(f"YouTube refuses the key ({reason}); check token and its restrictions")
    if reason in ("commentsDisabled", "videoNotFound", "channelNotFound", "playlistNotFound"):
        return SourceGone(f"nothing to read there ({reason}); check target")
    return None

"""Mattermost channels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote

from connectors.backward import Backward
from connectors.base import ConnectorFacts
from connectors.http import Client, Traffic, host_of
from connectors.moments import from_epoch
from connectors.paging import Found, Listing, guarded, key_or_none, make_page
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

FACTS = ConnectorFacts(
    platform="mattermost",
    title="Mattermost",
    docs_url="https://developers.mattermost.com/api-documentation/",
    docs_read=date(2026, 11, 21),
    target="team/channel, or a channel's id",
    interval=timedelta(minutes=5),
    interval_reason="limits are off by default; a quiet channel needs two requests",
    grade="silver",
    cost=3.0,
    per_host=True,
    needs_base_url=True,
    secrets=("token",),
    limits=(
        "the bot of the token must be a member of the channel",
        "messages that the server's plan hides cannot be read",
        "views and shares do not exist",
    ),
    exempt=(("gold", "what a changed-since answer holds could not be tried on a real server"),),
)

_API = "/api/v4"
_PAGE = 200
_CHANGES = 1000
"""More changes than these are not told at once; then the deep second look has to do."""


class Mattermost:
    """Reads one channel: messages with their threads, edits, reactions and deletions."""

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()

    @guarded
    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Walk back from the newest message, then ask what else has changed meanwhile.

        Cursor: that of the walk, and `changed_at` (epoch milliseconds).
        """
        state: dict[str, Any] = dict(cursor or {})
        now = self._traffic.now()
        changed_at = state.pop("changed_at", _milliseconds(now))
        channel = _Channel(source, self._traffic)
        walk = Backward(
            key=_created,
            now=now,
            source=source.name,
            since=source.since,
            overlap=timedelta(minutes=5),
            deep=timedelta(days=2),
            deep_every=timedelta(hours=6),
            max_pages=source.max_pages,
        )
        last: Cursor = state
        for step in walk.walk(channel.listing, state):
            last = step.cursor
            yield channel.page(step.items, {**last, "changed_at": changed_at})
        if cursor and "top" not in last:
            changes = channel.changes(changed_at - 60_000)
            yield channel.page(changes, {**last, "changed_at": _milliseconds(now)})

    @guarded
    def refresh(self, source: Source, native_ids: Sequence[str]) -> Iterator[Page]:
        """Ask again message by message; deleted and vanished ones are tombstones."""
        channel = _Channel(source, self._traffic)
        for native_id in native_ids:
            raw = channel.http.find_json(f"{_API}/posts/{quote(native_id)}")
            if raw is None:
                uid = make_uid("mattermost", channel.http.host, native_id)
                gone = Tombstone(uid, self._traffic.now(), "gone")
                yield Page(deleted=(gone,), budget=channel.http.budget)
            else:
                yield channel.page([raw], None)


@dataclass(slots=True)
class _Channel:
    """The endpoints that we use of one channel."""

    source: Source
    traffic: Traffic
    http: Client = field(init=False)
    _id: str = ""
    _names: dict[str, Account] = field(default_factory=dict)

    def __post_init__(self) -> None:
        token = self.source.secrets.get("token", "")
        self.http = Client(
            self.source,
            self.source.base_url or "",
            self.traffic,
            headers={"Authorization": f"Bearer {token}"},
        )

    @property
    def _path(self) -> str:
        if not self._id:
            team, _, name = self.source.target.strip().partition("/")
            if name:
                path = f"{_API}/teams/name/{quote(team)}/channels/name/{quote(name)}"
                self._id = self.http.pick(self.http.get_json(path), "id", str)
            else:
                self._id = team
        return f"{_API}/channels/{quote(self._id)}/posts"

    def listing(self, place: Json) -> Listing:
        """Newest messages first, from below the message `place`."""
        items, order = self._posts({"per_page": _PAGE, "before": place})
        here = [(at, one) for one in order if (at := key_or_none(_created, items.get(one)))]
        oldest = min(here, key=lambda one: one[0], default=None)
        # a short page is no proof of the end: servers cap `per_page` without a word
        return Listing(list(items.values()), oldest[1] if oldest else None)

    def changes(self, since: int) -> list[Json]:
        """Messages that were written, edited, deleted or reacted to since (milliseconds)."""
        items, order = self._posts({"since": since})
        return list(items.values()) if len(order) < _CHANGES else []

    def _posts(self, params: Mapping[str, Any]) -> tuple[dict[str, Json], list[Json]]:
        answer = self.http.get_json(self._path, params)
        # the roots of threads may come along, though their own place is elsewhere
        return self.http.pick(answer, "posts", dict), self.http.pick(answer, "order", list)

    def page(self, items: Sequence[Json], cursor: Cursor) -> Page:
        """A page of these messages, with the names of their writers."""
        self._learn_names(items)
        parse = partial(parse_post, self.source, names=self._names, now=self.traffic.now())
        return make_page(items, parse, cursor, budget=self.http.budget)

    def _learn_names(self, items: Sequence[Json]) -> None:
        found = (key_or_none(lambda raw: str(raw["user_id"]), raw) for raw in items)
        wanted = sorted({one for one in found if one and isinstance(one, str)} - self._names.keys())
        if not wanted:
            return
        users = self.http.post(f"{_API}/users/ids", body=wanted)
        for user in self.http.pick(users, "", list):
            if key_or_none(lambda one: one["id"], user) not in wanted:
                continue
            name = " ".join(
                part for part in (user.get("first_name"), user.get("last_name")) if part
            )
            account = Account(id=user["id"], handle=user.get("username"), name=name or None)
            self._names[user["id"]] = account


def parse_post(source: Source, raw: Json, *, names: Mapping[str, Account], now: datetime) -> Found:
    """Turn a message into a post, or into a tombstone; None for notes of the system.

    `names` = accounts by id. Raises KeyError, TypeError or ValueError for a record that is none.
    """
    native_id, host = str(raw["id"]), host_of(source.base_url)
    if raw.get("type"):
        return None
    if raw.get("delete_at"):
        # who deleted is not told; moderators and authors use the same button
        return Tombstone(make_uid("mattermost", host, native_id), now, "unknown")
    root = raw.get("root_id") or None
    metadata = raw.get("metadata") or {}
    base = (source.base_url or "").rstrip("/")
    return Post(
        platform="mattermost",
        source=source.name,
        host=host,
        native_id=native_id,
        kind="message",
        url=f"{base}/_redirect/pl/{native_id}",
        author=names.get(raw["user_id"]) or Account(id=raw["user_id"]),
        text=clean_text(raw["message"]),
        text_raw=raw["message"],
        text_format="markdown",
        created_at=_created(raw),
        edited_at=from_epoch(raw["edit_at"]) if raw.get("edit_at") else None,
        parent_id=root,
        root_id=root or native_id,
        likes=len(metadata.get("reactions") or ()),
        replies=raw.get("reply_count"),
        tags=tuple(one.lstrip("#") for one in (raw.get("hashtags") or "").split()),
        media=tuple(
            {"type": (one.get("mime_type") or "file").split("/")[0], "url": None, "alt": None}
            for one in metadata.get("files") or []
        ),
        raw=raw,
    )


def _created(raw: Json) -> datetime:
    return from_epoch(raw["create_at"])


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)

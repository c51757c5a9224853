"""Discord: the messages of a channel or forum, and of all threads in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from connectors.backward import Backward, walk_several
from connectors.base import ConnectorFacts
from connectors.errors import AuthError
from connectors.http import Client, Traffic
from connectors.moments import parse_moment
from connectors.paging import Listing, Step, guarded, key_or_none, make_page
from connectors.text import clean_text
from connectors.types import Account, Cursor, Json, Page, Post, Source, Tombstone, make_uid

FACTS = ConnectorFacts(
    platform="discord",
    title="Discord",
    docs_url="https://discord.com/developers/docs/resources/message",
    docs_read=date(2026, 11, 21),
    target="id of the channel or forum",
    interval=timedelta(minutes=5),
    interval_reason="50 requests a second are allowed; a quiet channel needs four",
    grade="silver",
    cost=4.0,
    secrets=("token",),
    options=("threads",),
    limits=(
        "token is a bot's; it needs View Channel, Read Message History and the Message Content "
        "intent: without them messages come empty or not at all",
        "edits and reactions are looked for during a day, private threads are left alone",
        "addresses of attachments expire; views and shares do not exist",
    ),
    exempt=(("gold", "threads without a first message could not be tried on the live service"),),
)

_API = "https://discord.com"
_REPLY = 19
_CONTENT_TYPES = (0, _REPLY, 20)
_MARK = re.compile(r"<(@!?|#|@&|a?:\w+:)(\d+)>")


_FORUMS = (15, 16)
_MARKS_KEPT = 300
_EPOCH_MS = 1_420_070_400_000
"""Ids hold their time: milliseconds since 2015, above 22 other bits."""


class Discord:
    """Reads a channel newest first, and each of its threads that has got messages since.

    Option `threads` = false leaves threads alone.
    """

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()

    @guarded
    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Walk back by time; once an hour the last day again, for edits and reactions.

        Cursor: that of the walks by channel; `open`, the threads that were found and not yet
        read; `looked_at`, up to when archived threads are known.
        """
        state: dict[str, Any] = dict(cursor or {})
        waiting, looked_at = set(state.pop("open", ())), state.pop("looked_at", None)
        channel = _Channel(source, self._traffic)
        if source.options.get("threads", True):
            now = self._traffic.now().isoformat()
            waiting, looked_at = waiting | channel.grown(state, looked_at), now
        rooms = [*([] if channel.is_forum else [source.target.strip()]), *sorted(waiting)]
        walks = {room: self._walk(source, partial(channel.messages, room)) for room in rooms}
        for room, step in walk_several(walks, _pruned(state, rooms)):
            if "top" not in step.cursor[room]:
                waiting.discard(room)
            yield make_page(
                step.items,
                partial(parse_message, source, room=room, place=channel.place(room)),
                {**step.cursor, "open": sorted(waiting), "looked_at": looked_at},
                budget=channel.http.budget,
            )

    def _walk(
        self, source: Source, listing: Callable[[Json], Listing]
    ) -> Callable[[Cursor | None], Iterator[Step]]:
        walk = Backward(
            key=_sent,
            now=self._traffic.now(),
            source=source.name,
            since=source.since,
            overlap=timedelta(minutes=5),
            deep=timedelta(days=1),
            max_pages=source.max_pages,
        )
        return partial(walk.walk, listing)

    @guarded
    def refresh(self, source: Source, native_ids: Sequence[str]) -> Iterator[Page]:
        """Ask again message by message; 404 is a tombstone."""
        channel = _Channel(source, self._traffic)
        for native_id in native_ids:
            room, _, number = native_id.partition(":")
            raw = channel.http.find_json(f"/api/v10/channels/{room}/messages/{number}")
            if raw is None:
                uid = make_uid("discord", None, native_id)
                gone = Tombstone(uid, self._traffic.now(), "gone")
                yield Page(deleted=(gone,), budget=channel.http.budget)
            else:
                parse = partial(parse_message, source, room=room, place=channel.place(room))
                yield make_page([raw], parse, None, budget=channel.http.budget)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands: its server, the first message of its thread, the thread's name."""

    guild: str
    root: str | None = None
    name: str | None = None


@dataclass(slots=True)
class _Channel:
    """The endpoints that we use, and what the channel is."""

    source: Source
    traffic: Traffic
    http: Client = field(init=False)
    guild: str = field(init=False)
    is_forum: bool = field(init=False)
    _names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        headers = {
            "Authorization": f"Bot {self.source.secrets.get('token', '')}",
            # another form may be blocked at the door
            "User-Agent": f"DiscordBot (https://github.com/, 0.1) {self.traffic.user_agent}",
        }
        base = self.source.base_url or _API
        self.http = Client(self.source, base, self.traffic, headers=headers)
        about = self.http.get_json(self._path())
        self.guild = str(self.http.pick(about, "", dict).get("guild_id") or "@me")
        self.is_forum = about.get("type") in _FORUMS

    def _path(self, room: str = "") -> str:
        return f"/api/v10/channels/{room or self.source.target.strip()}"

    def place(self, room: str) -> Place:
        """Where the messages of a room stand."""
        target = self.source.target.strip()
        if room == target:
            return Place(self.guild)
        # a thread carries the id of the message that it started from
        root = f"{room if self.is_forum else target}:{room}"
        return Place(self.guild, root, self._names.get(room))

    def grown(self, state: Mapping[str, Any], looked_at: str | None) -> set[str]:
        """Threads with messages that were not read yet. Archived ones: since `looked_at`."""
        if self.guild == "@me":
            return set()
        active = self.http.get_json(f"/api/v10/guilds/{self.guild}/threads/active")
        threads = [
            one
            for one in self.http.pick(active, "threads", list)
            if isinstance(one, dict) and one.get("parent_id") == self.source.target.strip()
        ]
        threads += self._archived(looked_at)
        self._names.update((str(one["id"]), one.get("name") or "") for one in threads)
        return {str(one["id"]) for one in threads if self._has_grown(one, state)}

    def _archived(self, looked_at: str | None) -> list[Any]:
        # a day of overlap: a thread may have been archived while we looked
        bounds = [parse_moment(looked_at) - timedelta(days=1)] if looked_at else []
        bounds += [self.source.since] if self.source.since else []
        found: list[Any] = []
        before = None
        while True:
            answer = self.http.get_json(
                f"{self._path()}/threads/archived/public", {"limit": 100, "before": before}
            )
            threads = [t for t in self.http.pick(answer, "threads", list) if isinstance(t, dict)]
            stamps = [at for one in threads if (at := key_or_none(_archived_at, one))]
            found += threads
            oldest = min(stamps, default=None)
            if not answer.get("has_more") or oldest is None or oldest.isoformat() == before:
                return found
            if bounds and oldest < max(bounds):
                return found
            before = oldest.isoformat()

    def _has_grown(self, thread: Json, state: Mapping[str, Any]) -> bool:
        last = key_or_none(lambda raw: _time_of(raw["last_message_id"]), thread)
        known = state.get(str(thread.get("id"))) or {}
        mark = known.get("mark")
        if last is None or "top" in known:
            return "top" in known
        if mark:
            return last > parse_moment(mark)
        return self.source.since is None or last >= self.source.since

    def messages(self, room: str, place: Json) -> Listing:
        """Messages of a channel or thread, newest first."""
        params = {"limit": 100, "before": place}
        items = self.http.get_list(f"{self._path(room)}/messages", params)
        self._refuse_blindness(items)
        ids = [str(raw["id"]) for raw in items if isinstance(raw, dict) and raw.get("id")]
        return Listing(items, min(ids, key=lambda one: (len(one), one), default=None))

    def _refuse_blindness(self, items: Sequence[Json]) -> None:
        """Without the intent every text is empty: that is no quiet channel."""
        spoken = [m for m in items if isinstance(m, dict) and m.get("type") in _CONTENT_TYPES]
        if len(spoken) >= 5 and not any(
            m.get("content") or m.get("attachments") or m.get("sticker_items") for m in spoken
        ):
            raise AuthError(
                "all messages come empty: switch on the Message Content intent of the bot",
                source=self.source.name,
            )


def parse_message(source: Source, raw: Json, *, room: str, place: Place) -> Post | None:
    """Turn a message into a post; None for notes of the system.

    Ids are `CHANNEL:MESSAGE`, as a thread is a channel of its own.
    Raises KeyError, TypeError or ValueError for a record that is none.
    """
    if raw["type"] not in _CONTENT_TYPES:
        return None
    author, native_id = raw["author"], f"{room}:{raw['id']}"
    above = (
        (raw.get("message_reference") or {}).get("message_id") if raw["type"] == _REPLY else None
    )
    opens = native_id == place.root
    title = place.name if opens else None
    edited = raw.get("edited_timestamp")
    text = clean_text(_readable(raw))
    return Post(
        platform="discord",
        source=source.name,
        native_id=native_id,
        kind="post" if opens else "message",
        url=f"https://discord.com/channels/{place.guild}/{room}/{raw['id']}",
        title=title or None,
        author=Account(
            id=author["id"], handle=author.get("username"), name=author.get("global_name")
        ),
        text="\n\n".join(part for part in (title, text) if part),
        text_raw=raw["content"],
        text_format="markdown",
        created_at=_sent(raw),
        edited_at=parse_moment(edited) if edited else None,
        parent_id=f"{room}:{above}" if above else None if opens else place.root,
        root_id=place.root or (None if above else native_id),
        likes=sum(one.get("count", 0) for one in raw.get("reactions") or ()),
        replies=(raw.get("thread") or {}).get("message_count"),
        media=tuple(
            {"type": "file", "url": one.get("url"), "alt": one.get("description")}
            for one in raw.get("attachments") or ()
        ),
        raw=raw,
    )


def _readable(raw: Json) -> str:
    """Put names where Discord writes numbers."""
    names = {str(one["id"]): one.get("username", "") for one in raw.get("mentions") or ()}

    def name(found: re.Match[str]) -> str:
        mark, number = found.groups()
        if mark.startswith("@"):
            return f"@{names.get(number) or number}"
        return f"#{number}" if mark == "#" else mark.lstrip("a")

    return _MARK.sub(name, raw["content"])


def _sent(raw: Json) -> datetime:
    return parse_moment(raw["timestamp"])


def _archived_at(thread: Json) -> datetime:
    return parse_moment(thread["thread_metadata"]["archive_timestamp"])


def _time_of(number: Json) -> datetime:
    milliseconds = (int(number) >> 22) + _EPOCH_MS
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _pruned(state: Mapping[str, Any], rooms: Sequence[str]) -> dict[str, Any]:
    """Forget marks of threads that rest: one that wakes up is read from its beginning."""
    resting = [
        room for room, known in state.items() if isinstance(known, dict) and room not in rooms
    ]
    resting.sort(key=lambda room: state[room].get("mark") or "")
    forgotten = resting[: max(len(resting) - _MARKS_KEPT, 0)]
    return {name: value for name, value in state.items() if name not in forgotten}

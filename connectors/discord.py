"""Discord: the messages of a channel and of the threads that start in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import ClassVar

from connectors.base import ConnectorFacts
from connectors.errors import AuthError
from connectors.http import Client, Traffic
from connectors.moments import parse_moment
from connectors.paging import Backward, Listing, make_page
from connectors.text import clean_text
from connectors.types import Account, Cursor, Json, Page, Post, Source, Tombstone, make_uid

FACTS = ConnectorFacts(
    platform="discord",
    title="Discord",
    docs_url="https://discord.com/developers/docs/resources/message",
    docs_read=date(2026, 11, 21),
    target="id of the channel",
    interval=timedelta(minutes=5),
    interval_reason="50 requests a second are allowed; a quiet channel needs one",
    grade="silver",
    secrets=("token",),
    options=("threads", "guild"),
    limits=(
        "token is a bot's; it needs View Channel, Read Message History and the Message Content "
        "intent: without them messages come empty or not at all",
        "addresses of attachments expire; views and shares do not exist",
    ),
)

_API = "https://discord.com"
_CONTENT_TYPES = (0, 19, 20, 21)
_MARK = re.compile(r"<(@!?|#|@&|a?:\w+:)(\d+)>")


class Discord:
    """Reads a channel newest first; threads under a message when they have grown.

    Options: `threads` = false leaves threads alone, `guild` completes permalinks.
    """

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()

    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Walk back by time; once an hour the last day again, for edits and reactions."""
        channel = _Channel(source, self._traffic)
        walk = Backward(
            key=_sent,
            now=self._traffic.now(),
            source=source.name,
            since=source.since,
            overlap=timedelta(minutes=5),
            deep=timedelta(days=1),
            max_pages=source.max_pages,
        )
        wanted = source.options.get("threads", True)
        steps = walk.walk(
            lambda place: channel.messages(source.target, place),
            cursor,
            _thread_of if wanted else lambda _: None,
            channel.messages,
        )
        for step in steps:
            room = step.thread or source.target
            parse = partial(parse_message, source, room=room)
            yield make_page(step.items, parse, step.cursor, budget=channel.http.budget)

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
                parse = partial(parse_message, source, room=room)
                yield make_page([raw], parse, None, budget=channel.http.budget)


@dataclass(slots=True)
class _Channel:
    """The endpoints that we use."""

    source: Source
    traffic: Traffic
    http: Client = field(init=False)

    def __post_init__(self) -> None:
        headers = {
            "Authorization": f"Bot {self.source.secrets.get('token', '')}",
            # another form may be blocked at the door
            "User-Agent": f"DiscordBot (https://github.com/, 0.1) {self.traffic.user_agent}",
        }
        base = self.source.base_url or _API
        self.http = Client(self.source, base, self.traffic, headers=headers)

    def messages(self, room: str, place: Json) -> Listing:
        """Messages of a channel or thread, newest first."""
        params = {"limit": 100, "before": place}
        items = self.http.get_list(f"/api/v10/channels/{room}/messages", params)
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


def parse_message(source: Source, raw: Json, *, room: str) -> Post | None:
    """Turn a message into a post; None for notes of the system.

    Ids are `CHANNEL:MESSAGE`, as a thread is a channel of its own.
    Raises KeyError, TypeError or ValueError for a record that is none.
    """
    if raw["type"] not in _CONTENT_TYPES:
        return None
    author, number = raw["author"], raw["id"]
    in_thread = room != source.target
    above = (raw.get("message_reference") or {}).get("message_id") if raw["type"] == 19 else None
    # a thread carries the id of the message that it started from
    root = f"{source.target}:{room}" if in_thread else None
    guild = source.options.get("guild", "@me")
    edited = raw.get("edited_timestamp")
    return Post(
        platform="discord",
        source=source.name,
        native_id=f"{room}:{number}",
        kind="message",
        url=f"https://discord.com/channels/{guild}/{room}/{number}",
        author=Account(
            id=author["id"], handle=author.get("username"), name=author.get("global_name")
        ),
        text=clean_text(_readable(raw)),
        text_raw=raw["content"],
        text_format="markdown",
        created_at=_sent(raw),
        edited_at=parse_moment(edited) if edited else None,
        parent_id=f"{room}:{above}" if above else root,
        root_id=root or (None if above else f"{room}:{number}"),
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


def _thread_of(raw: Json) -> tuple[str, int] | None:
    thread = raw.get("thread")
    return (str(thread["id"]), thread.get("message_count") or 0) if thread else None

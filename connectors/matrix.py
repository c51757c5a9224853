"""Matrix rooms that are not encrypted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import ClassVar
from urllib.parse import quote

from connectors.backward import Backward
from connectors.base import ConnectorFacts
from connectors.errors import AuthError, SourceGone
from connectors.http import Client, Traffic, host_of
from connectors.moments import from_epoch
from connectors.paging import Found, Listing, guarded, key_or_none, make_page
from connectors.text import clean_text
from connectors.types import (
    Account,
    Counts,
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
    platform="matrix",
    title="Matrix",
    docs_url="https://spec.matrix.org/latest/client-server-api/",
    docs_read=date(2026, 11, 21),
    target="#alias:server or !room-id:server",
    interval=timedelta(minutes=5),
    interval_reason="one request tells that nothing is new; servers set their own limits",
    grade="gold",
    per_host=True,
    needs_base_url=True,
    secrets=("token",),
    limits=(
        "encrypted rooms cannot be read",
        "the account of the token must have joined the room",
        "views and shares do not exist",
    ),
    exempt=(("limit headers", "Matrix sends none before the limit; Retry-After is obeyed"),),
)

_API = "/_matrix/client/v3"
_TYPES = ("m.room.message", "m.reaction", "m.room.redaction", "m.room.encrypted", "m.sticker")


class Matrix:
    """Reads one room: messages with their edits, reactions and redactions."""

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()

    @guarded
    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Walk back from the newest event. Cursor: that of the walk, and the room's id."""
        state = dict(cursor or {})
        room = _Room(source, self._traffic, state.pop("room", None))
        walk = Backward(
            key=_sent,
            now=self._traffic.now(),
            source=source.name,
            since=source.since,
            # events of other servers arrive late and stand where they belong, not at the end
            overlap=timedelta(minutes=10),
            deep=timedelta(hours=6),
            max_pages=source.max_pages,
        )
        for step in walk.walk(room.listing, state):
            now = self._traffic.now()
            yield make_page(
                [*step.items, *room.edited_elsewhere(step.items)],
                partial(parse_event, source, room.id, now=now),
                {**step.cursor, "room": room.id},
                budget=room.http.budget,
                counts=room.reactions(step.items, now),
            )

    @guarded
    def refresh(self, source: Source, native_ids: Sequence[str]) -> Iterator[Page]:
        """Ask again event by event; redacted and vanished ones are tombstones."""
        room = _Room(source, self._traffic, None)
        for native_id in native_ids:
            now = self._traffic.now()
            raw = room.event(native_id)
            if raw is None:
                uid = make_uid("matrix", room.http.host, native_id)
                yield Page(deleted=(Tombstone(uid, now, "gone"),))
            else:
                parse = partial(parse_event, source, room.id, now=now)
                yield make_page([raw], parse, None, counts=room.likes_of(native_id, now))


@dataclass(slots=True)
class _Room:
    """The endpoints that we use of one room."""

    source: Source
    traffic: Traffic
    known_id: str | None
    http: Client = field(init=False)
    id: str = field(init=False)

    def __post_init__(self) -> None:
        token = self.source.secrets.get("token", "")
        self.http = Client(
            self.source,
            self.source.base_url or "",
            self.traffic,
            headers={"Authorization": f"Bearer {token}"},
        )
        self.id = self.known_id or self._resolve(self.source.target)

    def _resolve(self, target: str) -> str:
        if target.startswith("!"):
            return target
        path = f"{_API}/directory/room/{quote(target, safe='')}"
        return self.http.pick(self.http.get_json(path), "room_id", str)

    @property
    def _path(self) -> str:
        return f"{_API}/rooms/{quote(self.id, safe='')}"

    def listing(self, place: Json) -> Listing:
        """Newest events first. An empty piece is no end, only a missing `end` is."""
        params = {
            "dir": "b",
            "limit": 100,
            "from": place,
            "filter": json.dumps({"types": list(_TYPES)}),
        }
        answer = self.http.get_json(f"{self._path}/messages", params)
        items = self.http.pick(answer, "chunk", list)
        kinds = [raw.get("type") for raw in items if isinstance(raw, dict)]
        if "m.room.encrypted" in kinds and "m.room.message" not in kinds:
            raise SourceGone(
                "the room is encrypted; only open rooms can be read", source=self.source.name
            )
        return Listing(items, answer.get("end"))

    def event(self, event_id: str) -> Json | None:
        """One event as it stands now, or None where it is gone or hidden from us."""
        return self.http.find_json(f"{self._path}/event/{quote(event_id, safe='')}")

    def edited_elsewhere(self, items: Sequence[Json]) -> list[Json]:
        """Originals of edits and redactions whose own place lies outside of this piece."""
        here = {str(raw.get("event_id")) for raw in items if isinstance(raw, dict)}
        wanted = {
            target
            for raw in items
            if (target := key_or_none(_changes, raw)) is not None and target not in here
        }
        found = []
        for target in sorted(wanted):
            try:
                event = self.event(target)
            except AuthError:  # from before we joined
                continue
            if event is not None:
                found.append(event)
        return found

    def reactions(self, items: Sequence[Json], now: datetime) -> tuple[Counts, ...]:
        """Likes of the events that these reactions belong to, counted anew."""
        targets = {t for raw in items if (t := key_or_none(_reacts_to, raw)) is not None}
        return tuple(count for target in sorted(targets) for count in self.likes_of(target, now))

    def likes_of(self, event_id: str, now: datetime) -> tuple[Counts, ...]:
        """Senders of reactions to an event, each counted once."""
        path = (
            f"/_matrix/client/v1/rooms/{quote(self.id, safe='')}/relations/"
            f"{quote(event_id, safe='')}/m.annotation"
        )
        senders: set[str] = set()
        place = None
        for _ in range(20):
            answer = self.http.find_json(path, {"limit": 100, "from": place}) or {}
            senders.update(str(raw.get("sender")) for raw in answer.get("chunk") or [])
            place = answer.get("next_batch")
            if not place:
                break
        uid = make_uid("matrix", self.http.host, event_id)
        return (Counts(uid, now, likes=len(senders)),)


def parse_event(source: Source, room: str, raw: Json, *, now: datetime) -> Found:
    """Turn an event into a post, a redaction into a tombstone; None for everything else.

    Edits are no posts of their own: they stand at the message that they change.
    Raises KeyError, TypeError or ValueError for a record that is no event.
    """
    kind, event_id = raw["type"], raw["event_id"]
    host = host_of(source.base_url)
    unsigned = raw.get("unsigned") or {}
    if kind not in ("m.room.message", "m.sticker"):
        return None
    because = unsigned.get("redacted_because")
    if because or not raw["content"]:
        by = (because or {}).get("sender")
        reason: DeletedReason = "unknown"
        if by:
            reason = "author" if by == raw.get("sender") else "moderator"
        return Tombstone(make_uid("matrix", host, event_id), now, reason)
    if _changes(raw) is not None:
        return None
    relations = unsigned.get("m.relations") or {}
    edit = relations.get("m.replace") or {}
    content = (edit.get("content") or {}).get("m.new_content") or raw["content"]
    relates = raw["content"].get("m.relates_to") or {}
    thread = relates.get("event_id") if relates.get("rel_type") == "m.thread" else None
    answers = (relates.get("m.in_reply_to") or {}).get("event_id")
    if thread and relates.get("is_falling_back"):
        answers = thread
    sender = raw["sender"]
    return Post(
        platform="matrix",
        source=source.name,
        host=host,
        native_id=event_id,
        kind="message",
        url=f"https://matrix.to/#/{room}/{event_id}",
        author=Account(id=sender, handle=sender.lstrip("@")),
        text=clean_text(_without_quote(content["body"]) if answers else content["body"]),
        text_raw=content.get("formatted_body"),
        text_format="html" if content.get("formatted_body") else "plain",
        # a sender's server may run ahead of time
        created_at=min(_sent(raw), now),
        edited_at=from_epoch(edit["origin_server_ts"]) if edit.get("origin_server_ts") else None,
        parent_id=answers or thread,
        root_id=thread or (None if answers else event_id),
        replies=(relations.get("m.thread") or {}).get("count"),
        media=_media(content),
        raw=raw,
    )


def _without_quote(body: str) -> str:
    """Drop the quoted lines that a reply carries for old clients."""
    if not body.startswith("> <"):
        return body
    lines = body.split("\n")
    while lines and lines[0].startswith(">"):
        lines.pop(0)
    return "\n".join(lines).lstrip("\n")


def _media(content: Json) -> tuple[dict[str, str | None], ...]:
    kind = str(content.get("msgtype", "")).removeprefix("m.")
    if kind not in ("image", "video", "audio", "file"):
        return ()
    return ({"type": kind, "url": content.get("url"), "alt": content.get("body")},)


def _changes(raw: Json) -> str | None:
    """The event that this one edits or takes back."""
    content = raw.get("content") or {}
    if raw.get("type") == "m.room.redaction":
        return _id(raw.get("redacts") or content.get("redacts"))
    relates = content.get("m.relates_to") or {}
    return _id(relates.get("event_id")) if relates.get("rel_type") == "m.replace" else None


def _reacts_to(raw: Json) -> str | None:
    relates = (raw.get("content") or {}).get("m.relates_to") or {}
    return _id(relates.get("event_id")) if relates.get("rel_type") == "m.annotation" else None


def _id(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _sent(raw: Json) -> datetime:
    return from_epoch(raw["origin_server_ts"])

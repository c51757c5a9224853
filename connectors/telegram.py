"""Telegram: what a bot hears in groups and channels."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any, ClassVar

from connectors.base import ConnectorFacts
from connectors.errors import AuthError, ConnectorError
from connectors.http import SECRET_PLACE, Answer, Client, Traffic
from connectors.moments import from_epoch, parse_moment
from connectors.paging import guarded, key_or_none, make_page, parse_each
from connectors.text import clean_text
from connectors.types import Account, Counts, Cursor, Gap, Json, Page, Post, Source, make_uid

FACTS = ConnectorFacts(
    platform="telegram",
    title="Telegram",
    docs_url="https://core.telegram.org/bots/api",
    docs_read=date(2026, 11, 21),
    target="empty for all chats of the bot, or @name or id of one",
    interval=timedelta(minutes=5),
    interval_reason="updates are kept for 24 hours only; an empty look costs one request",
    grade="silver",
    secrets=("token",),
    limits=(
        "a bot hears what is written from its joining on; older posts cannot be asked for",
        "in groups the bot must be administrator or its privacy mode off",
        "deletions are not delivered, likes only to an administrator",
        "one reader per bot",
    ),
    exempt=(("deletions", "the Bot API does not tell them"),),
)

_API = "https://api.telegram.org"
_KEPT = timedelta(hours=24)
_KINDS = ("message", "edited_message", "channel_post", "edited_channel_post")
_LIKES = "message_reaction_count"


class Telegram:
    """Takes updates in order; asking for the next ones confirms those that were stored."""

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()

    @guarded
    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Walk forward by update id. Cursor: {"offset", "at"}."""
        http = Client(source, source.base_url or _API, self._traffic, judge=_judge)
        state: dict[str, Any] = dict(cursor or {})
        gaps = self._gap(source, state)
        for _ in range(source.max_pages):
            params = {
                "offset": state.get("offset"),
                "limit": 100,
                "allowed_updates": json.dumps([*_KINDS, _LIKES]),
            }
            updates = http.get_list(f"/bot{SECRET_PLACE}/getUpdates", params, at="result")
            ids = [n for raw in updates if (n := key_or_none(_number, raw)) is not None]
            # also a quiet look is remembered: else the next gap would begin at the last message
            state["at"] = self._traffic.now().isoformat()
            if ids:
                state["offset"] = max(ids) + 1
            counts, _ = parse_each(
                [raw[_LIKES] for raw in updates if isinstance(raw, dict) and _LIKES in raw],
                partial(_parse_likes, at=self._traffic.now()),
            )
            yield make_page(
                updates,
                partial(parse_update, source),
                dict(state),
                gaps=gaps,
                counts=tuple(counts),
            )
            gaps = ()
            if not ids:
                return

    def _gap(self, source: Source, state: dict[str, Any]) -> tuple[Gap, ...]:
        """Whoever was away for more than a day has missed what came before the last one."""
        if not state.get("at"):
            return ()
        last, reach = parse_moment(state["at"]), self._traffic.now() - _KEPT
        return (Gap(source.name, last, reach, "away for over a day"),) if last < reach else ()


def parse_update(source: Source, raw: Json) -> Post | None:
    """Turn an update into a post; None for other chats and other kinds of update.

    Raises KeyError, TypeError or ValueError for a record that is none.
    """
    if not isinstance(raw["update_id"], int):
        raise TypeError("update_id is no number")
    kind = next((name for name in _KINDS if name in raw), None)
    if kind is None:
        return None
    message = raw[kind]
    chat = message["chat"]
    if not _is_wanted(source.target, chat):
        return None
    text = message.get("text") or message.get("caption") or ""
    entities = message.get("entities") or message.get("caption_entities") or []
    answered = message.get("reply_to_message") or {}
    if "forum_topic_created" in answered:  # what opens a topic answers nobody
        answered = {}
    above = answered.get("message_id")
    thread = None if message.get("is_topic_message") else message.get("message_thread_id")
    top = thread or above
    number, room = message["message_id"], chat["id"]
    # a channel speaks for itself, its writers stay unnamed
    who = chat if "channel_post" in kind else message.get("from") or message.get("sender_chat")
    edited = message.get("edit_date")
    return Post(
        platform="telegram",
        source=source.name,
        native_id=f"{room}:{number}",
        kind="post" if "channel_post" in kind else "message",
        url=_link(chat, number),
        author=_author(who or {}),
        text=clean_text(text),
        created_at=from_epoch(message["date"]),
        edited_at=from_epoch(edited) if edited else None,
        parent_id=f"{room}:{above}" if above else None,
        root_id=f"{room}:{top}" if top else f"{room}:{number}",
        tags=tuple(_slice(text, e)[1:] for e in entities if e.get("type") == "hashtag"),
        media=tuple(
            {"type": name, "url": None, "alt": message.get("caption")}
            for name in ("photo", "video", "document", "voice", "sticker")
            if name in message
        ),
        raw=message,
    )


def _parse_likes(raw: Json, *, at: Any) -> Counts:
    uid = make_uid("telegram", None, f"{raw['chat']['id']}:{raw['message_id']}")
    return Counts(uid, at, likes=sum(one["total_count"] for one in raw["reactions"]))


def _author(who: Json) -> Account | None:
    if not who.get("id"):
        return None
    name = " ".join(p for p in (who.get("first_name"), who.get("last_name")) if p)
    return Account(id=str(who["id"]), handle=who.get("username"), name=name or who.get("title"))


def _is_wanted(target: str, chat: Json) -> bool:
    wanted = target.strip().lower()
    names = {str(chat["id"]), f"@{chat.get('username') or ''}".lower()}
    return not wanted or wanted in names


def _link(chat: Json, number: int) -> str | None:
    if chat.get("username"):
        return f"https://t.me/{chat['username']}/{number}"
    room = str(chat["id"])
    return f"https://t.me/c/{room[4:]}/{number}" if room.startswith("-100") else None


def _slice(text: str, entity: Json) -> str:
    """Offsets count UTF-16 units."""
    units, start = text.encode("utf-16-le"), entity["offset"]
    return units[2 * start : 2 * (start + entity["length"])].decode("utf-16-le", "replace")


def _number(raw: Json) -> int:
    if not isinstance(raw["update_id"], int):
        raise TypeError("update_id is no number")
    return raw["update_id"]


def _judge(answer: Answer) -> ConnectorError | None:
    """A wrong token is 404, a second reader 409."""
    if answer.status == 404:
        return AuthError("the token is wrong; get it from BotFather and set it")
    if answer.status == 409:
        return AuthError("another program reads this bot's updates; stop it or delete its webhook")
    return None

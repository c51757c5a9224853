"""A channel; comments stand in threads, some active and some archived."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import httpx

from connector_cases.world import SECRET, Case, Item, World, answer, parse_records
from connectors.discord import Place, parse_message
from connectors.types import Source

GUILD, ROOM = "41771983423143937", "290926798999357250"


def number(item: Item) -> str:
    """An id that holds its time, as the real ones do."""
    return str((int(item.at.timestamp() * 1000) - 1420070400000) << 22 | item.n % 4096)


def room_of(item: Item) -> str:
    """Threads carry the id of the message that they started from."""
    if item.parent is None or item.parent_at is None:
        return ROOM
    return number(Item(item.parent, item.parent_at, ""))


def message(world: World, item: Item) -> Any:
    if item.is_garbled:
        return {"id": number(item), "type": 0, "timestamp": "now"}
    return {
        "id": number(item),
        "type": 0,
        "timestamp": item.at.isoformat(),
        "edited_timestamp": None,
        "author": {"id": "5", "username": "kim", "global_name": "Kim"},
        "content": item.text,
        "attachments": [],
        "mentions": [],
    }


def thread(world: World, item: Item) -> Any:
    return {
        "id": number(item),
        "parent_id": ROOM,
        "name": "Frage",
        "last_message_id": number(world.children(item.n)[-1]),
        "thread_metadata": {"archive_timestamp": (item.at + timedelta(hours=1)).isoformat()},
    }


def serve(world: World, request: httpx.Request) -> httpx.Response:
    path = request.url.path.removeprefix("/api/v10")
    started = [item for item in world.roots() if world.children(item.n)]
    if path == f"/channels/{ROOM}":
        return answer({"id": ROOM, "type": 0, "guild_id": GUILD})
    if path == f"/guilds/{GUILD}/threads/active":
        return answer({"threads": [thread(world, item) for item in started if item.n <= 21]})
    if path == f"/channels/{ROOM}/threads/archived/public":
        archived = [thread(world, item) for item in started if item.n > 21]
        return answer({"threads": archived[::-1], "has_more": False})
    parts = path.split("/")[2:]
    items = [i for i in world.everything() if room_of(i) == parts[0]]
    if len(parts) == 3:
        found = next((i for i in items if number(i) == parts[2]), None)
        if found is None:
            return answer({"message": "Unknown Message", "code": 10008}, 404)
        return answer(message(world, found))
    if before := request.url.params.get("before"):
        items = [item for item in items if int(number(item)) < int(before)]
    return answer([message(world, item) for item in world.cut(items)])


CASE = Case(
    platform="discord",
    source=Source(name="channel", platform="discord", target=ROOM, secrets={"token": SECRET}),
    native_id=lambda item: f"{room_of(item)}:{number(item)}",
    serve=serve,
    parse_fixture=lambda: parse_records(
        "discord", partial(parse_message, CASE.source, room=ROOM, place=Place(GUILD))
    ),
)

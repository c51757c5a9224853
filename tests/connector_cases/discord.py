"""A channel; comments stand in the threads that start from messages."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx

from connector_cases.world import SECRET, Case, Item, World, answer, parse_records, rising_id
from connectors.discord import parse_message
from connectors.types import Source

ROOM = "290926798999357250"


def room_of(item: Item) -> str:
    return ROOM if item.parent is None else str(rising_id(Item(item.parent, _at(item), "")))


def _at(item: Item) -> Any:
    """When the parent was written: the world puts it at minute n, second n."""
    from datetime import timedelta

    from connector_cases.world import START

    assert item.parent is not None
    return START + timedelta(minutes=item.parent, seconds=item.parent % 60)


def message(world: World, item: Item) -> Any:
    if item.is_garbled:
        return {"id": str(rising_id(item)), "type": 0, "timestamp": "now"}
    children = world.children(item.n)
    thread = {"thread": {"id": str(rising_id(item)), "message_count": len(children)}}
    return {
        "id": str(rising_id(item)),
        "type": 0,
        "timestamp": item.at.isoformat(),
        "edited_timestamp": None,
        "author": {"id": "5", "username": "kim", "global_name": "Kim"},
        "content": item.text,
        "attachments": [],
        "mentions": [],
        **(thread if children else {}),
    }


def serve(world: World, request: httpx.Request) -> httpx.Response:
    parts = request.url.path.split("/")[4:]
    items = [i for i in world.everything() if room_of(i) == parts[0]]
    if len(parts) == 3:
        found = next((i for i in items if str(rising_id(i)) == parts[2]), None)
        if found is None:
            return answer({"message": "Unknown Message", "code": 10008}, 404)
        return answer(message(world, found))
    if before := request.url.params.get("before"):
        items = [item for item in items if rising_id(item) < int(before)]
    return answer([message(world, item) for item in world.cut(items)])


CASE = Case(
    platform="discord",
    source=Source(name="channel", platform="discord", target=ROOM, secrets={"token": SECRET}),
    native_id=lambda item: f"{room_of(item)}:{rising_id(item)}",
    serve=serve,
    parse_fixture=lambda: parse_records("discord", partial(parse_message, CASE.source, room=ROOM)),
)

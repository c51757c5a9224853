"""A Matrix room: comments are messages in threads, all in one stream."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx

from connector_cases.world import SECRET, START, Case, Item, World, answer, parse_records
from connectors.matrix import parse_event
from connectors.types import Source

ROOM = "!room:hs.example"


def native_id(item: Item) -> str:
    return f"$event{item.n}"


def event(world: World, item: Item) -> Any:
    if item.is_garbled:
        return {"type": "m.room.message", "origin_server_ts": "soon", "content": {"body": 7}}
    content: dict[str, Any] = {"msgtype": "m.text", "body": item.text}
    if item.parent is not None:
        root = native_id(Item(item.parent, item.at, ""))
        content["m.relates_to"] = {
            "rel_type": "m.thread",
            "event_id": root,
            "is_falling_back": True,
            "m.in_reply_to": {"event_id": root},
        }
    return {
        "type": "m.room.message",
        "event_id": native_id(item),
        "sender": "@kim:hs.example",
        "origin_server_ts": int(item.at.timestamp() * 1000),
        "content": content,
        "unsigned": {"age": 1},
    }


def serve(world: World, request: httpx.Request) -> httpx.Response:
    path = request.url.path
    if path.endswith("/messages"):
        items, place = world.everything(), request.url.params.get("from")
        if place:
            items = [item for item in items if item.at.isoformat() < place]
        page = world.cut(items)
        body: dict[str, Any] = {"chunk": [event(world, item) for item in page], "start": "s"}
        if len(items) > len(page):
            body["end"] = min(item.at for item in page).isoformat()
        return answer(body)
    if "/relations/" in path:
        return answer({"chunk": []})
    found = next((i for i in world.items if path.endswith(f"/event/{native_id(i)}")), None)
    if found is None:
        return answer({"errcode": "M_NOT_FOUND", "error": "Event not found."}, 404)
    return answer(event(world, found))


CASE = Case(
    platform="matrix",
    source=Source(
        name="room",
        platform="matrix",
        target=ROOM,
        base_url="https://hs.example",
        secrets={"token": SECRET},
    ),
    native_id=native_id,
    serve=serve,
    parse_fixture=lambda: parse_records(
        "matrix", partial(parse_event, CASE.source, ROOM, now=START)
    ),
)

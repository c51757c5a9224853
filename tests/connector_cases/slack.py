"""A Slack channel; answers stand in threads only."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import Any

import httpx

from connector_cases.world import SECRET, START, Case, Item, World, answer, parse_records
from connectors.slack import parse_message
from connectors.types import Source


def stamp(item: Item) -> str:
    return f"{int(item.at.timestamp())}.{item.n:06}"


def message(world: World, item: Item) -> Any:
    if item.is_garbled:
        return {"type": "message", "ts": stamp(item), "text": None}
    root = world.find(item.parent) if item.parent else item
    assert root is not None
    found = {"type": "message", "user": "U1", "ts": stamp(item)}
    found["text"] = escape(item.text, quote=False)
    if world.children(root.n):
        found["thread_ts"] = stamp(root)
    if root is item and world.children(item.n):
        found["reply_count"] = len(world.children(item.n))
    return found


def serve(world: World, request: httpx.Request) -> httpx.Response:
    method, params = request.url.path.removeprefix("/api/conversations."), request.url.params
    assert params["channel"] == "C1"
    if method == "history":
        items = world.newest_first()
        if latest := params.get("latest"):
            items = [item for item in items if float(stamp(item)) < float(latest)]
        page = [message(world, item) for item in world.cut(items)]
        return answer({"ok": True, "messages": page, "has_more": len(items) > len(page)})
    found = next((item for item in world.items if stamp(item) == params["ts"]), None)
    if found is None:
        return answer({"ok": False, "error": "thread_not_found"})
    thread = [found, *world.children(found.n)]
    if oldest := params.get("oldest"):
        thread = [item for item in thread if stamp(item) == oldest]
    return answer(
        {
            "ok": True,
            "messages": [message(world, item) for item in thread],
            "has_more": False,
            "response_metadata": {"next_cursor": ""},
        }
    )


CASE = Case(
    platform="slack",
    source=Source(name="acme-slack", platform="slack", target="C1", secrets={"token": SECRET}),
    native_id=lambda item: f"C1:{stamp(item)}",
    serve=serve,
    parse_fixture=lambda: parse_records("slack", partial(parse_message, CASE.source, now=START)),
)

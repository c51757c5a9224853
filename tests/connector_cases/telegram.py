"""A bot in one group; updates come in the order in which they happened."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx

from connector_cases.world import SECRET, Case, Item, World, answer, parse_records
from connectors.http import SECRET_PLACE
from connectors.telegram import parse_update
from connectors.types import Source

CHAT = {"id": -1001111, "type": "supergroup", "title": "Gruppe", "username": "acme_group"}


def update(number: int, item: Item) -> Any:
    if item.is_garbled:
        return {"update_id": number, "message": {"message_id": item.n}}
    message: dict[str, Any] = {
        "message_id": item.n,
        "date": int(item.at.timestamp()),
        "chat": CHAT,
        "from": {"id": 5, "first_name": "Kim", "username": "kim"},
        "text": item.text,
    }
    if item.parent:
        message["reply_to_message"] = {"message_id": item.parent}
    return {"update_id": number, "message": message}


def serve(world: World, request: httpx.Request) -> httpx.Response:
    assert request.url.path == f"/bot{SECRET_PLACE}/getUpdates"
    # the place in the order of happening is the number: nothing comes late
    offset = int(request.url.params.get("offset", "0"))
    waiting = [(n, item) for n, item in enumerate(world.items, start=1) if n >= offset]
    page = [update(n, item) for n, item in waiting[:20]]
    return answer({"ok": True, "result": page[::-1] if world.is_shuffled else page})


CASE = Case(
    platform="telegram",
    source=Source(name="group", platform="telegram", secrets={"token": SECRET}),
    native_id=lambda item: f"{CHAT['id']}:{item.n}",
    serve=serve,
    parse_fixture=lambda: parse_records("telegram", partial(parse_update, CASE.source)),
    has_pages=False,
)

"""A Mastodon server with one tag; answers stand in the context only."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import Any

import httpx

from connector_cases.world import SECRET, Case, Item, World, answer, parse_records
from connectors.mastodon import parse_post
from connectors.types import Source

HOST = "https://social.example"


def native_id(item: Item) -> str:
    # as the real ones: built from the time, longer from some moment on
    return str(int(item.at.timestamp() * 1000) << 16 | item.n % 65536)


def status(world: World, item: Item) -> Any:
    if item.is_garbled:
        return {"id": native_id(item), "created_at": "long ago", "account": None}
    parent = world.find(item.parent) if item.parent else None
    return {
        "id": native_id(item),
        "created_at": item.at.isoformat().replace("+00:00", "Z"),
        "in_reply_to_id": native_id(parent) if parent else None,
        "visibility": "public",
        "language": "de",
        "spoiler_text": "",
        "url": f"{HOST}/@kim/{item.n}",
        "content": f"<p>{escape(item.text)}</p>",
        "replies_count": len(world.children(item.n)),
        "reblogs_count": 0,
        "favourites_count": 1,
        "edited_at": None,
        "reblog": None,
        "account": {"id": "1", "acct": "kim", "display_name": "Kim", "followers_count": 3},
        "media_attachments": [],
        "tags": [],
    }


def serve(world: World, request: httpx.Request) -> httpx.Response:
    path = request.url.path
    if path == "/api/v1/timelines/tag/acme":
        below = request.url.params.get("max_id")
        items = [i for i in world.newest_first() if not below or int(native_id(i)) < int(below)]
        return answer([status(world, item) for item in world.cut(items)])
    if path == "/api/v1/statuses":
        wanted = set(request.url.params.get_list("id[]"))
        assert len(wanted) <= 20
        return answer([status(world, i) for i in world.items if native_id(i) in wanted])
    found = next((i for i in world.items if f"/{native_id(i)}" in path), None)
    if found is None:
        return answer({"error": "Record not found"}, 404)
    if path.endswith("/context"):
        below = [status(world, child) for child in world.children(found.n)]
        return answer({"ancestors": [], "descendants": below})
    return answer(status(world, found))


CASE = Case(
    platform="mastodon",
    source=Source(
        name="acme-tag",
        platform="mastodon",
        target="#acme",
        base_url=HOST,
        secrets={"token": SECRET},
    ),
    native_id=native_id,
    serve=serve,
    parse_fixture=lambda: parse_records("mastodon", partial(parse_post, CASE.source)),
)

"""A page with its feed; comments stand under their posts."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx

from connector_cases.world import SECRET, Case, Item, World, answer, parse_records
from connectors.facebook import parse_post
from connectors.types import Source


def native_id(item: Item) -> str:
    return f"77_{item.n}"


def post(world: World, item: Item) -> Any:
    if item.is_garbled:
        return {"id": native_id(item), "created_time": "yesterday"}
    return {
        "id": native_id(item),
        "message": item.text,
        "created_time": item.at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "permalink_url": f"https://www.facebook.com/{item.n}",
        "reactions": {"data": [], "summary": {"total_count": 4}},
        "comments": {"data": [], "summary": {"total_count": len(world.children(item.n))}},
        "like_count": 1,
        "comment_count": 0,
    }


def serve(world: World, request: httpx.Request) -> httpx.Response:
    path, after = request.url.path, request.url.params.get("after")
    if path == "/v25.0/acme":
        return answer({"followers_count": 5000, "id": "77"})
    found = next((i for i in world.items if path.split("/")[2] == native_id(i)), None)
    if path == "/v25.0/acme/feed":
        items = world.newest_first()
    elif found is None:
        error = {"code": 100, "error_subcode": 33, "message": "does not exist"}
        return answer({"error": error}, 400)
    elif path.endswith("/comments"):
        items = world.children(found.n)[::-1]
    else:
        return answer(post(world, found))
    if after:
        items = [item for item in items if item.at.isoformat() < after]
    page = world.cut(items)
    body: dict[str, Any] = {"data": [post(world, item) for item in page]}
    if page:
        body["paging"] = {"cursors": {"after": min(item.at for item in page).isoformat()}}
        if len(items) > len(page):
            body["paging"]["next"] = f"https://graph.facebook.com/next?access_token={SECRET}"
    return answer(body)


CASE = Case(
    platform="facebook",
    source=Source(name="acme-page", platform="facebook", target="acme", secrets={"token": SECRET}),
    native_id=native_id,
    serve=serve,
    parse_fixture=lambda: parse_records("facebook", partial(parse_post, CASE.source)),
)

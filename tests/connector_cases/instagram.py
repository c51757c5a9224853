"""An account with its media; comments stand under them."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx

from connector_cases.world import SECRET, Case, Item, World, answer, parse_records
from connectors.instagram import parse_comment, parse_media
from connectors.types import Post, Source, Tombstone


def native_id(item: Item) -> str:
    return f"1789{item.n:09}"


def post(world: World, item: Item) -> Any:
    if item.is_garbled:
        return {"id": native_id(item), "timestamp": "yesterday"}
    return {
        "id": native_id(item),
        "caption" if item.parent is None else "text": item.text,
        "timestamp": item.at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "permalink": f"https://www.instagram.com/p/{item.n}/",
        "username": "kim",
        "media_type": "IMAGE",
        "like_count": 4,
        "comments_count": len(world.children(item.n)),
    }


def serve(world: World, request: httpx.Request) -> httpx.Response:
    path, after = request.url.path, request.url.params.get("after")
    if path == "/v25.0/17841":
        return answer({"followers_count": 5000, "id": "77"})
    found = next((i for i in world.items if path.split("/")[2] == native_id(i)), None)
    if path == "/v25.0/17841/media":
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


def parse_fixture() -> list[Post | Tombstone]:
    """Media have captions, comments texts; comments are those of one thread."""
    media = partial(parse_media, CASE.source)
    comment = partial(parse_comment, CASE.source, thread="178")
    return parse_records("instagram", lambda raw: comment(raw) if "text" in raw else media(raw))


CASE = Case(
    platform="instagram",
    source=Source(
        name="acme-insta", platform="instagram", target="17841", secrets={"token": SECRET}
    ),
    native_id=native_id,
    serve=serve,
    parse_fixture=parse_fixture,
)

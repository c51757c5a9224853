"""A Canny board: ideas by offset, comments under each."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import httpx

from connector_cases.world import PAGE, SECRET, Case, Item, World, answer, parse_records
from connectors.canny import parse_post
from connectors.types import Source


def native_id(item: Item) -> str:
    return f"5f{item.n:06x}"


def record(world: World, item: Item) -> Any:
    if item.is_garbled:
        return {"id": native_id(item), "created": "long ago", "title": None}
    parent = world.find(item.parent) if item.parent else None
    found = {
        "id": native_id(item),
        "author": {"id": "u1", "name": "Kim", "email": "kim@mail.example", "isAdmin": False},
        "created": item.at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    }
    if parent:
        post = {"id": native_id(parent), "url": "https://acme.canny.example/p/1"}
        return found | {"value": item.text, "likeCount": 1, "parentID": None, "post": post}
    return found | {
        "title": "Leisere Mühle",
        "details": item.text,
        "score": 7,
        "commentCount": len(world.children(item.n)),
        "url": "https://acme.canny.example/p/1",
    }


def serve(world: World, request: httpx.Request) -> httpx.Response:
    body = json.loads(request.content)
    assert body["apiKey"] == SECRET
    if request.url.path == "/api/v1/posts/list":
        assert (body["boardID"], body["sort"]) == ("b1", "newest")
        kind, items = "posts", world.newest_first()
    else:
        root = next(i for i in world.items if native_id(i) == body["postID"])
        kind, items = "comments", world.children(root.n)[::-1]
    items = items[body["skip"] :]
    page = [record(world, item) for item in world.cut(items, min(body["limit"], PAGE))]
    return answer({kind: page, "hasMore": len(items) > len(page)})


CASE = Case(
    platform="canny",
    source=Source(name="acme-ideas", platform="canny", target="b1", secrets={"token": SECRET}),
    native_id=native_id,
    serve=serve,
    parse_fixture=lambda: parse_records("canny", partial(parse_post, CASE.source)),
)

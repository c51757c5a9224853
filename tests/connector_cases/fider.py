"""A Fider board: one list of all ideas, comments under each."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx

from connector_cases.world import SECRET, START, Case, Item, World, answer, parse_records
from connectors.fider import parse_post
from connectors.types import Source

HOST = "https://ideas.example"


def idea(world: World, item: Item) -> Any:
    if item.is_garbled:
        return {"id": item.n, "number": item.n, "title": None, "createdAt": "long ago"}
    return {
        "id": item.n + 1000,
        "number": item.n,
        "title": "Leisere Mühle",
        "slug": "leisere-muehle",
        "description": item.text,
        "createdAt": item.at.isoformat().replace("+00:00", "Z"),
        "user": {"id": 3, "name": "Kim"},
        "votesCount": 4,
        "commentsCount": len(world.children(item.n)),
        "status": "open",
        "response": None,
        "tags": ["technik"],
    }


def comment(item: Item) -> Any:
    return {
        "id": item.n,
        "content": item.text,
        "createdAt": item.at.isoformat().replace("+00:00", "Z"),
        "user": {"id": 4, "name": "Alex"},
    }


def serve(world: World, request: httpx.Request) -> httpx.Response:
    path = request.url.path.removeprefix("/api/v1/posts")
    if not path:
        assert dict(request.url.params) == {"view": "all", "limit": "all"}
        ideas = world.cut(world.newest_first(), size=1000)
        return answer([idea(world, item) for item in ideas])
    found = world.find(int(path.split("/")[1]))
    if found is None:
        return answer({}, 404)
    if path.endswith("/comments"):
        return answer([comment(item) for item in world.children(found.n)])
    return answer(idea(world, found))


CASE = Case(
    platform="fider",
    source=Source(name="acme-ideas", platform="fider", base_url=HOST, secrets={"token": SECRET}),
    native_id=lambda item: f"{item.parent}/c{item.n}" if item.parent else str(item.n),
    serve=serve,
    parse_fixture=lambda: parse_records("fider", partial(parse_post, CASE.source, now=START)),
)

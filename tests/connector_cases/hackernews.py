"""Hacker News: the search finds stories, their comments are found by story."""

from __future__ import annotations

import re
from functools import partial
from html import escape
from typing import Any

import httpx

from connector_cases.world import Case, Item, World, answer, parse_records, rising_id
from connectors.hackernews import parse_hit
from connectors.types import Source


def hit(world: World, item: Item) -> Any:
    if item.is_garbled:
        return {"objectID": str(rising_id(item)), "created_at_i": None, "author": None}
    parent = world.find(item.parent) if item.parent else None
    return {
        "objectID": str(rising_id(item)),
        "created_at_i": int(item.at.timestamp()),
        "author": "kim",
        "title": None if parent else "Show HN: Acme",
        "story_text": None if parent else f"<p>{escape(item.text)}",
        "comment_text": escape(item.text) if parent else None,
        "parent_id": rising_id(parent) if parent else None,
        "story_id": rising_id(parent) if parent else rising_id(item),
        "points": None if parent else 5,
        "num_comments": None if parent else len(world.children(item.n)),
    }


def serve(world: World, request: httpx.Request) -> httpx.Response:
    if request.url.path.startswith("/v0/item/"):
        number = request.url.path.rsplit("/", 1)[1].removesuffix(".json")
        found = next((i for i in world.items if str(rising_id(i)) == number), None)
        if found is None:
            return answer({"id": int(number), "deleted": True, "type": "story", "time": 1})
        return answer(
            {
                "id": int(number),
                "by": "kim",
                "time": int(found.at.timestamp()),
                "title": "Acme",
                "text": escape(found.text),
                "type": "story",
                "score": 9,
                "descendants": 2,
            }
        )
    params = request.url.params
    story = re.search(r"story_(\d+)", params["tags"])
    if story:
        root = next(i for i in world.items if str(rising_id(i)) == story[1])
        items = world.children(root.n)[::-1]
    else:
        items = world.newest_first()
    if bound := params.get("numericFilters"):
        items = [i for i in items if i.at.timestamp() <= int(bound.removeprefix("created_at_i<="))]
    page = int(params["page"])
    return answer(
        {
            "hits": [hit(world, item) for item in world.cut(items[page * 20 :])],
            "page": page,
            "nbPages": -(-len(items) // 20),
        }
    )


CASE = Case(
    platform="hackernews",
    source=Source(name="acme-hn", platform="hackernews", target="search:acme"),
    native_id=lambda item: str(rising_id(item)),
    serve=serve,
    parse_fixture=lambda: parse_records("hackernews", partial(parse_hit, CASE.source)),
)

"""A page with its feed; comments stand under their posts."""

from __future__ import annotations

from functools import partial
from typing import Any

from connector_cases.graph import serve
from connector_cases.world import SECRET, Case, Item, World, parse_records
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


CASE = Case(
    platform="facebook",
    source=Source(name="acme-page", platform="facebook", target="acme", secrets={"token": SECRET}),
    native_id=native_id,
    serve=partial(serve, place="acme", edge="feed", render=post),
    parse_fixture=lambda: parse_records("facebook", partial(parse_post, CASE.source)),
)

"""An account with its media; comments stand under them."""

from __future__ import annotations

from functools import partial
from typing import Any

from connector_cases.graph import serve
from connector_cases.world import SECRET, Case, Item, World, parse_records
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
    serve=partial(serve, place="17841", edge="media", render=post),
    parse_fixture=parse_fixture,
)

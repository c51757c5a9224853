"""A Discourse forum: every post of the world opens a topic, its comments are answers in it."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import Any

import httpx

from connector_cases.world import SECRET, START, Case, Item, World, answer, parse_records, rising_id
from connectors.discourse import parse_post
from connectors.types import Post, Source, Tombstone

HOST = "https://forum.example"


def number(world: World, item: Item) -> int:
    if item.parent is None:
        return 1
    return 2 + [child.n for child in world.children(item.parent)].index(item.n)


def post(world: World, item: Item) -> Any:
    if item.is_garbled:
        return {
            "id": rising_id(item),
            "created_at": item.at.isoformat(),
            "cooked": None,
            "topic_id": item.n,
            "post_number": "x",
        }
    return {
        "id": rising_id(item),
        "username": "kim",
        "user_id": 7,
        "name": "",
        "created_at": item.at.isoformat().replace("+00:00", "Z"),
        "updated_at": item.at.isoformat().replace("+00:00", "Z"),
        "cooked": f"<p>{escape(item.text)}</p>",
        "post_number": number(world, item),
        "post_type": 1,
        "reply_count": 0,
        "reply_to_post_number": None,
        "reads": 2,
        "topic_id": item.parent or item.n,
        "topic_slug": "thema",
        "topic_title": "Thema",
        "version": 1,
        "actions_summary": [{"id": 2, "count": 4}],
        "hidden": False,
        "deleted_at": None,
        "user_deleted": False,
    }


def serve(world: World, request: httpx.Request) -> httpx.Response:
    path = request.url.path
    if path == "/posts.json":
        items = world.everything()
        if before := request.url.params.get("before"):
            items = [item for item in items if rising_id(item) < int(before)]
        return answer({"latest_posts": [post(world, item) for item in world.cut(items)]})
    if path.startswith("/t/-/"):
        root = world.find(int(path.removeprefix("/t/-/").removesuffix(".json")))
        if root is None or root.is_garbled:
            return answer({"errors": ["gone"], "error_type": "not_found"}, 404)
        posts = [root, *world.children(root.n)]
        return answer(
            {
                "title": "Thema",
                "views": 30,
                "posts_count": len(posts),
                "post_stream": {
                    "posts": [post(world, one) for one in posts],
                    "stream": [rising_id(one) for one in posts],
                },
            }
        )
    found = next((i for i in world.items if path == f"/posts/{rising_id(i)}.json"), None)
    if found is not None:
        return answer(post(world, found))
    return answer({"errors": ["gone"], "error_type": "not_found"}, 404)


def parse_fixture() -> list[Post | Tombstone]:
    numbers = {"8/1": "11", "8/3": "28"}
    return parse_records("discourse", partial(parse_post, CASE.source, numbers=numbers, now=START))


CASE = Case(
    platform="discourse",
    source=Source(name="forum", platform="discourse", base_url=HOST, secrets={"token": SECRET}),
    native_id=lambda item: str(rising_id(item)),
    serve=serve,
    parse_fixture=parse_fixture,
)

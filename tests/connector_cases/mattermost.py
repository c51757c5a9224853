"""A Mattermost channel; messages that are gone keep their place, as deletions are only marked."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import httpx

from connector_cases.world import SECRET, START, Case, Item, World, answer, parse_records, rising_id
from connectors.mattermost import parse_post
from connectors.types import Account, Source

HOST = "https://chat.example"
CHANNEL = "/api/v4/channels/c1/posts"


def post(world: World, item: Item) -> Any:
    if item.is_garbled:
        return {"id": str(rising_id(item)), "create_at": None, "user_id": "u1"}
    parent = world.find(item.parent) if item.parent else None
    return {
        "id": str(rising_id(item)),
        "create_at": int(item.at.timestamp() * 1000),
        "edit_at": 0,
        "delete_at": 0,
        "user_id": "u1",
        "root_id": str(rising_id(parent)) if parent else "",
        "message": item.text,
        "type": "",
        "reply_count": len(world.children(item.n)),
        "metadata": {},
    }


def serve(world: World, request: httpx.Request) -> httpx.Response:
    path, params = request.url.path, request.url.params
    if path == "/api/v4/teams/name/acme/channels/name/support":
        return answer({"id": "c1"})
    if path == "/api/v4/users/ids":
        return answer([{"id": one, "username": "kim"} for one in json.loads(request.content)])
    if path == CHANNEL:
        assert not ("since" in params and "before" in params)
        items = world.everything()
        if since := params.get("since"):
            items = [item for item in items if item.at.timestamp() * 1000 >= int(since)]
        if before := params.get("before"):
            items = [item for item in items if rising_id(item) < int(before)]
        page = items if since else world.cut(items)
        posts = {str(rising_id(item)): post(world, item) for item in page}
        return answer({"order": list(posts), "posts": posts, "next_post_id": ""})
    found = next((i for i in world.items if path == f"/api/v4/posts/{rising_id(i)}"), None)
    if found is None:
        return answer({"id": "app.post.get.app_error", "status_code": 404}, 404)
    return answer(post(world, found))


CASE = Case(
    platform="mattermost",
    source=Source(
        name="acme-chat",
        platform="mattermost",
        target="acme/support",
        base_url=HOST,
        secrets={"token": SECRET},
    ),
    native_id=lambda item: str(rising_id(item)),
    serve=serve,
    parse_fixture=lambda: parse_records(
        "mattermost",
        partial(
            parse_post, CASE.source, names={"u1": Account("u1", "kim", "Kim Beispiel")}, now=START
        ),
    ),
)

"""A Bluesky server with one account; its feed shows its own posts, answers stand in threads."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx

from connector_cases.world import SECRET, Case, Item, World, answer, parse_records
from connectors.bluesky import parse_post
from connectors.types import Source

DID = "did:plc:kim"


def native_id(item: Item) -> str:
    return f"at://{DID}/app.bsky.feed.post/3k{item.n:05}"


def post(world: World, item: Item) -> Any:
    if item.is_garbled:
        return {"uri": native_id(item), "record": "gone", "indexedAt": item.at.isoformat()}
    parent = world.find(item.parent) if item.parent else None
    above = {"uri": native_id(parent)} if parent else {}
    return {
        "uri": native_id(item),
        "author": {"did": DID, "handle": "kim.example", "displayName": "Kim", "labels": []},
        "record": {
            "text": item.text,
            "createdAt": item.at.isoformat(),
            "langs": ["de"],
            **({"reply": {"root": above, "parent": above}} if parent else {}),
        },
        "replyCount": len(world.children(item.n)),
        "repostCount": 0,
        "likeCount": 2,
        "quoteCount": 1,
        "indexedAt": item.at.isoformat(),
    }


def serve(world: World, request: httpx.Request) -> httpx.Response:
    method, params = request.url.path.rsplit("/", 1)[1], request.url.params
    if method == "com.atproto.server.createSession":
        return answer({"accessJwt": "access-of-kim", "refreshJwt": "refresh-of-kim"})
    if request.headers.get("authorization") != "Bearer access-of-kim":
        return answer({"error": "AuthMissing", "message": "who are you"}, 401)
    if method == "app.bsky.actor.getProfile":
        return answer({"did": DID, "followersCount": 12})
    if method == "app.bsky.feed.getAuthorFeed":
        items = world.newest_first()
        if cursor := params.get("cursor"):
            items = [item for item in items if item.at.isoformat() < cursor]
        page = world.cut(items)
        body: dict[str, Any] = {"feed": [{"post": post(world, item)} for item in page]}
        if page:  # the real one names a cursor also where nothing is left
            body["cursor"] = min(item.at for item in page).isoformat()
        return answer(body)
    if method == "app.bsky.feed.getPosts":
        wanted = params.get_list("uris")
        assert len(wanted) <= 25
        return answer({"posts": [post(world, i) for i in world.items if native_id(i) in wanted]})
    root = next((i for i in world.items if native_id(i) == params.get("uri")), None)
    if root is None:
        return answer({"error": "NotFound", "message": "Post not found"}, 400)
    replies = [{"post": post(world, child), "replies": []} for child in world.children(root.n)]
    return answer({"thread": {"post": post(world, root), "replies": replies}})


CASE = Case(
    platform="bluesky",
    source=Source(
        name="acme-bsky",
        platform="bluesky",
        target="@kim.example",
        base_url="https://pds.example",
        secrets={"username": "kim.example", "token": SECRET},
    ),
    native_id=native_id,
    serve=serve,
    parse_fixture=lambda: parse_records("bluesky", partial(parse_post, CASE.source)),
    login_paths=("/xrpc/com.atproto.server.createSession",),
)

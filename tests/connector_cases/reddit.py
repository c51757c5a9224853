"""A subreddit: posts and comments in two listings."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx

from connector_cases.world import SECRET, START, Case, Item, World, answer, parse_records, rising_id
from connectors.reddit import parse_thing
from connectors.types import Source


def native_id(item: Item) -> str:
    return f"{'t1' if item.parent else 't3'}_{rising_id(item):x}"


def thing(world: World, item: Item) -> Any:
    kind = native_id(item)[:2]
    if item.is_garbled:
        return {"kind": kind, "data": {"name": native_id(item)}}
    data: dict[str, Any] = {
        "name": native_id(item),
        "author": "kim",
        "author_fullname": "t2_kim",
        "created_utc": item.at.timestamp(),
        "edited": False,
        "score": 3,
        "permalink": f"/r/acme/comments/{rising_id(item):x}/",
    }
    if item.parent:
        root = world.find(item.parent)
        assert root is not None
        data |= {"body": item.text, "parent_id": native_id(root), "link_id": native_id(root)}
    else:
        data |= {"title": "Frage", "selftext": item.text, "num_comments": 2}
    return {"kind": kind, "data": data}


def serve(world: World, request: httpx.Request) -> httpx.Response:
    path, params = request.url.path, request.url.params
    if path == "/api/v1/access_token":
        return answer({"access_token": "token-of-the-day", "expires_in": 3600})
    if request.headers.get("authorization") != "bearer token-of-the-day":
        return answer({"message": "Unauthorized", "error": 401}, 401)
    after = None
    if path == "/api/info":
        wanted = params["id"].split(",")
        page = [item for item in world.items if native_id(item) in wanted]
    else:
        comments = path.endswith("/comments")
        items = [i for i in world.everything() if (i.parent is not None) == comments]
        if name := params.get("after"):
            names = [native_id(item) for item in items]
            # an anchor that was taken away answers nothing at all
            items = items[names.index(name) + 1 :] if name in names else []
        page = world.cut(items)
        if len(items) > len(page):
            after = native_id(items[len(page) - 1])
    things = [thing(world, item) for item in page]
    return answer({"kind": "Listing", "data": {"after": after, "children": things}})


CASE = Case(
    platform="reddit",
    source=Source(
        name="acme-sub",
        platform="reddit",
        target="r/acme",
        base_url="https://reddit.example",
        secrets={"client_id": "acme-app", "token": SECRET},
    ),
    native_id=native_id,
    serve=serve,
    parse_fixture=lambda: parse_records("reddit", partial(parse_thing, CASE.source, now=START)),
    login_paths=("/api/v1/access_token",),
)

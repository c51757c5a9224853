"""A Lemmy 0.19 server with one community: cursors for posts, page numbers for comments."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx

from connector_cases.world import SECRET, START, Case, Item, World, answer, parse_records, rising_id
from connectors.lemmy import parse_view
from connectors.types import Source

HOST = "https://lemmy.example"


def view(world: World, item: Item) -> Any:
    kind = "post" if item.parent is None else "comment"
    if item.is_garbled:
        return {kind: {"id": rising_id(item), "published": "long ago"}}
    parent = world.find(item.parent) if item.parent else None
    body = {
        "id": rising_id(item),
        "published": item.at.isoformat().replace("+00:00", "Z"),
        "removed": False,
        "deleted": False,
        "ap_id": f"{HOST}/{kind}/{rising_id(item)}",
        "language_id": 37,
    }
    if parent is None:
        body |= {"name": "Neue Mühle", "body": item.text}
    else:
        path = f"0.{rising_id(item)}"
        body |= {"content": item.text, "post_id": rising_id(parent), "path": path}
    counts = {"score": 3, "comments": len(world.children(item.n)), "child_count": 0}
    creator = {"id": 2, "name": "kim", "actor_id": f"{HOST}/u/kim"}
    return {kind: body, "creator": creator, "counts": counts}


def serve(world: World, request: httpx.Request) -> httpx.Response:
    path, params = request.url.path.removeprefix("/api/v3"), request.url.params
    if path == "/site":
        return answer({"version": "0.19.5", "all_languages": [{"id": 37, "code": "de"}]})
    if path == "/post/list":
        items = world.newest_first()
        if below := params.get("page_cursor"):
            items = [item for item in items if rising_id(item) < int(below, 16)]
        page = world.cut(items)
        body: dict[str, Any] = {"posts": [view(world, item) for item in page]}
        if page:
            body["next_page"] = f"{min(map(rising_id, page)):x}"
        return answer(body)
    if path == "/comment/list":
        items = [item for item in world.everything() if item.parent]
        size, page_number = int(params["limit"]), int(params.get("page", "1"))
        items = items[size * (page_number - 1) :]
        return answer({"comments": [view(world, item) for item in world.cut(items, size)]})
    kind = path.removeprefix("/")
    found = next((i for i in world.items if str(rising_id(i)) == params.get("id")), None)
    if found is None:
        return answer({"error": f"couldnt_find_{kind}"}, 400)
    return answer({f"{kind}_view": view(world, found)})


CASE = Case(
    platform="lemmy",
    source=Source(
        name="acme-lemmy",
        platform="lemmy",
        target="!acme@lemmy.example",
        base_url=HOST,
        secrets={"token": SECRET},
    ),
    native_id=lambda item: f"{'c' if item.parent else 'p'}{rising_id(item)}",
    serve=serve,
    parse_fixture=lambda: parse_records(
        "lemmy", partial(parse_view, CASE.source, langs={37: "de"}, now=START)
    ),
)

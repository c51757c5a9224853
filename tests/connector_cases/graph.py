"""The Graph API in small: an own place with its posts; comments stand under them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from connector_cases.world import SECRET, Item, World, answer

Render = Callable[[World, Item], Any]


def serve(
    world: World, request: httpx.Request, *, place: str, edge: str, render: Render
) -> httpx.Response:
    """Answer for the place, its posts (`edge`), the comments of a post, and each by its id."""
    path, after = request.url.path, request.url.params.get("after")
    if path == f"/v25.0/{place}":
        return answer({"followers_count": 5000, "id": "77"})
    named = path.split("/")[2]
    found = next((i for i in world.items if named == world.case.native_id(i)), None)
    if path == f"/v25.0/{place}/{edge}":
        items = world.newest_first()
    elif found is None:
        error = {"code": 100, "error_subcode": 33, "message": "does not exist"}
        return answer({"error": error}, 400)
    elif path.endswith("/comments"):
        items = world.children(found.n)[::-1]
    else:
        return answer(render(world, found))
    if after:
        items = [item for item in items if item.at.isoformat() < after]
    page = world.cut(items)
    body: dict[str, Any] = {"data": [render(world, item) for item in page]}
    if page:
        body["paging"] = {"cursors": {"after": min(item.at for item in page).isoformat()}}
        if len(items) > len(page):
            body["paging"]["next"] = f"https://graph.facebook.com/next?access_token={SECRET}"
    return answer(body)

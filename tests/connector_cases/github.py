"""A repository: posts of the world are issues, their comments comments."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx

from connector_cases.world import SECRET, Case, Item, World, answer, parse_records
from connectors.github import parse_item
from connectors.types import Source

API = "https://api.github.com/repos/acme/mill"


def native_id(item: Item) -> str:
    return f"#{item.parent}/{item.n}" if item.parent else f"#{item.n}"


def record(world: World, item: Item) -> Any:
    moment = item.at.isoformat().replace("+00:00", "Z")
    if item.is_garbled:
        return {"number": item.n, "updated_at": moment, "title": None}
    common = {
        "id": item.n,
        "html_url": f"https://github.com/acme/mill/issues/{item.n}",
        "body": item.text,
        "user": {"id": 9, "login": "kim"},
        "created_at": moment,
        "updated_at": moment,
        "reactions": {"+1": 2},
    }
    if item.parent:
        return {**common, "issue_url": f"{API}/issues/{item.parent}"}
    return {
        **common,
        "number": item.n,
        "title": "Frage",
        "labels": [{"name": "bug"}],
        "comments": len(world.children(item.n)),
    }


def serve(world: World, request: httpx.Request) -> httpx.Response:
    path, params = request.url.path.removeprefix("/repos/acme/mill/"), request.url.params
    if path not in ("issues", "issues/comments"):
        number = path.rsplit("/", 1)[1]
        found = next((item for item in world.items if str(item.n) == number), None)
        if found is None:
            return answer({"message": "Not Found", "status": "404"}, 404)
        return answer(record(world, found))
    comments = path == "issues/comments"
    items = [i for i in world.everything()[::-1] if (i.parent is not None) == comments]
    if since := params.get("since"):
        items = [i for i in items if i.at.strftime("%Y-%m-%dT%H:%M:%SZ") >= since]
    items = items[(int(params["page"]) - 1) * 20 :]
    page = [record(world, item) for item in world.cut(items)]
    more = {"link": '<https://api.github.com/x>; rel="next"'} if len(items) > 20 else {}
    return answer(page, **more)


CASE = Case(
    platform="github",
    source=Source(
        name="acme-mill", platform="github", target="acme/mill", secrets={"token": SECRET}
    ),
    native_id=native_id,
    serve=serve,
    parse_fixture=lambda: parse_records("github", partial(parse_item, CASE.source)),
)

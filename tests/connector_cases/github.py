"""A repository: odd posts of the world are issues, even ones discussions."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import httpx

from connector_cases.world import SECRET, Case, Item, World, answer, parse_records
from connectors.github import parse_item
from connectors.types import Source

API = "https://api.github.com/repos/acme/mill"


def is_discussion(item: Item) -> bool:
    return (item.parent or item.n) % 2 == 0


def native_id(item: Item) -> str:
    root = f"{'discussion:' if is_discussion(item) else '#'}{item.parent or item.n}"
    return f"{root}/{item.n}" if item.parent else root


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


def node(world: World, item: Item) -> Any:
    moment = item.at.isoformat().replace("+00:00", "Z")
    if item.is_garbled:
        return {"number": item.n, "updatedAt": moment, "title": None}
    common = {
        "id": str(item.n),
        "bodyText": item.text,
        "url": f"https://github.com/acme/mill/discussions/{item.n}",
        "createdAt": moment,
        "author": {"login": "kim"},
    }
    if item.parent:
        return common | {"replies": {"totalCount": 0, "pageInfo": {}, "nodes": []}}
    count = {"totalCount": len(world.children(item.n))}
    return common | {"number": item.n, "title": "Idee", "updatedAt": moment, "comments": count}


def graphql(world: World, request: httpx.Request) -> httpx.Response:
    body = json.loads(request.content)
    found = body["variables"]
    assert (found["owner"], found["name"]) == ("acme", "mill")
    after = found.get("after")
    if "discussions(" in body["query"]:
        items = [item for item in world.newest_first() if is_discussion(item)]
        items = [item for item in items if not after or item.at.isoformat() < after]
        page = world.cut(items)
        end = min((item.at.isoformat() for item in page), default=None)
        info = {"endCursor": end, "hasNextPage": len(items) > len(page)}
        nodes = [node(world, item) for item in page]
        return answer({"data": {"repository": {"discussions": {"pageInfo": info, "nodes": nodes}}}})
    item = world.find(found["number"])
    if item is None:
        errors = [{"type": "NOT_FOUND", "message": "Could not resolve to a Discussion"}]
        return answer({"data": {"repository": {"discussion": None}}, "errors": errors})
    nodes = [node(world, child) for child in world.children(item.n)]
    below = {"pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": nodes}
    shown = {"comments": below} if "comments(" in body["query"] else node(world, item)
    return answer({"data": {"repository": {"discussion": shown}}})


def serve(world: World, request: httpx.Request) -> httpx.Response:
    if request.url.path == "/graphql":
        return graphql(world, request)
    path, params = request.url.path.removeprefix("/repos/acme/mill/"), request.url.params
    if path not in ("issues", "issues/comments"):
        number = path.rsplit("/", 1)[1]
        found = next((item for item in world.items if str(item.n) == number), None)
        if found is None:
            return answer({"message": "Not Found", "status": "404"}, 404)
        return answer(record(world, found))
    comments = path == "issues/comments"
    items = [i for i in world.everything()[::-1] if (i.parent is not None) == comments]
    items = [item for item in items if not is_discussion(item)]
    if since := params.get("since"):
        items = [i for i in items if i.at.strftime("%Y-%m-%dT%H:%M:%SZ") >= since]
    items = items[(int(params["page"]) - 1) * 20 :]
    page = [record(world, item) for item in world.cut(items)]
    more = {"link": '<https://api.github.com/x>; rel="next"'} if len(items) > 20 else {}
    return answer(page, **more)


CASE = Case(
    is_oldest_first=True,
    platform="github",
    source=Source(
        name="acme-mill", platform="github", target="acme/mill", secrets={"token": SECRET}
    ),
    native_id=native_id,
    serve=serve,
    parse_fixture=lambda: parse_records("github", partial(parse_item, CASE.source)),
    posts=65,
)

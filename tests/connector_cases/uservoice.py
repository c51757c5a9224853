"""A UserVoice account: suggestions and comments, last changed first."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import Any

import httpx

from connector_cases.world import SECRET, START, Case, Item, World, answer, parse_records, rising_id
from connectors.types import Source
from connectors.uservoice import parse_post

HOST = "https://acme.uservoice.example"


def record(world: World, item: Item) -> Any:
    if item.is_garbled:
        return {"id": rising_id(item), "created_at": "long ago", "title": None}
    parent = world.find(item.parent) if item.parent else None
    at = item.at.isoformat().replace("+00:00", "Z")
    found = {"id": rising_id(item), "created_at": at, "updated_at": at, "state": "published"}
    found["body"] = escape(item.text)
    if parent:
        return found | {"links": {"created_by": 4, "suggestion": rising_id(parent)}}
    return found | {
        "title": "Leisere Mühle",
        "supporters_count": 4,
        "comments_count": len(world.children(item.n)),
        "links": {"created_by": 3, "forum": 1},
    }


def serve(world: World, request: httpx.Request) -> httpx.Response:
    path, params = request.url.path, request.url.params
    if path == "/api/v2/oauth/token":
        assert b"grant_type=client_credentials" in request.content
        return answer({"access_token": "acc3ss-t0ken", "token_type": "bearer"})
    assert request.headers["authorization"] == "Bearer acc3ss-t0ken"
    kind, _, number = path.removeprefix("/api/v2/admin/").partition("/")
    users = [{"id": 3, "name": "Kim", "email_address": "kim@mail.example"}]
    wanted = [item for item in world.everything() if bool(item.parent) == (kind == "comments")]
    if number:
        found = [record(world, item) for item in wanted if str(rising_id(item)) == number]
        return answer({kind: found, "users": users}, 200 if found else 404)
    if cursor := params.get("cursor"):
        wanted = [item for item in wanted if rising_id(item) < int(cursor)]
    page = world.cut(wanted)
    following = str(min(map(rising_id, page))) if len(wanted) > len(page) else None
    body = {kind: [record(world, item) for item in page], "users": users}
    return answer(body | {"pagination": {"per_page": 100, "next_cursor": following}})


CASE = Case(
    platform="uservoice",
    source=Source(
        name="acme-ideas",
        platform="uservoice",
        base_url=HOST,
        secrets={"client_id": "acme-client", "token": SECRET},
    ),
    native_id=lambda item: f"{'c' if item.parent else 's'}{rising_id(item)}",
    serve=serve,
    parse_fixture=lambda: parse_records("uservoice", partial(parse_post, CASE.source, now=START)),
    login_paths=("/api/v2/oauth/token",),
)

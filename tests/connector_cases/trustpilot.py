"""Trustpilot: numbered pages of reviews; the first child of a review is the company's answer."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx

from connector_cases.world import SECRET, START, Case, Item, World, answer, parse_records
from connectors.trustpilot import parse_review
from connectors.types import Source


def native_id(item: Item) -> str:
    return f"5f{item.n:06x}"


def review(item: Item) -> Any:
    if item.is_garbled:
        return {"id": native_id(item), "createdAt": "long ago", "stars": None}
    return {
        "id": native_id(item),
        "consumer": {"id": "u1", "displayName": "Kim"},
        "stars": 4,
        "title": "Gute Mühle",
        "text": item.text,
        "language": "de",
        "createdAt": item.at.isoformat().replace("+00:00", "Z"),
        "companyReply": None,
    }


def serve(world: World, request: httpx.Request) -> httpx.Response:
    path, params = request.url.path, request.url.params
    assert request.headers["apikey"] == SECRET
    if path == "/v1/business-units/find":
        return answer({"id": "bu1", "displayName": params["name"]})
    if path == "/v1/business-units/bu1/reviews":
        size, page = int(params["perPage"]), int(params["page"])
        items = world.newest_first()[size * (page - 1) :]
        return answer({"reviews": [review(item) for item in world.cut(items, size)]})
    found = next((i for i in world.items if path == f"/v1/reviews/{native_id(i)}"), None)
    return answer(review(found)) if found else answer({"message": "not found"}, 404)


CASE = Case(
    platform="trustpilot",
    source=Source(
        name="acme-reviews",
        platform="trustpilot",
        target="acme.example",
        secrets={"token": SECRET},
    ),
    native_id=native_id,
    serve=serve,
    parse_fixture=lambda: parse_records(
        "trustpilot", partial(parse_review, CASE.source, now=START)
    ),
    has_threads=False,
    posts=230,
)

"""A place on Google: reviews by their last change, behind a login."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx

from connector_cases.world import SECRET, Case, Item, World, answer, parse_records, rising_id
from connectors.googlereviews import parse_review
from connectors.types import Source

PLACE = "accounts/1/locations/2"


def native_id(item: Item) -> str:
    return f"Ab{rising_id(item)}"


def review(item: Item) -> Any:
    if item.is_garbled:
        return {"reviewId": native_id(item), "updateTime": "long ago", "starRating": 5}
    at = item.at.isoformat().replace("+00:00", ".123456789Z")
    return {
        "name": f"{PLACE}/reviews/{native_id(item)}",
        "reviewId": native_id(item),
        "reviewer": {"displayName": "Kim"},
        "starRating": "FOUR",
        "comment": item.text,
        "createTime": at,
        "updateTime": at,
    }


def serve(world: World, request: httpx.Request) -> httpx.Response:
    path, params = request.url.path, request.url.params
    if path == "/token":
        assert b"grant_type=refresh_token" in request.content
        return answer({"access_token": "acc3ss-t0ken", "expires_in": 3599})
    assert request.headers["authorization"] == "Bearer acc3ss-t0ken"
    base = f"/v4/{PLACE}/reviews"
    if path != base:
        found = next((i for i in world.items if path == f"{base}/{native_id(i)}"), None)
        return answer(review(found)) if found else answer({"error": {"code": 404}}, 404)
    items = world.newest_first()
    if token := params.get("pageToken"):
        items = [item for item in items if rising_id(item) < int(token)]
    page = world.cut(items)
    body: dict[str, Any] = {"reviews": [review(item) for item in page]} if page else {}
    if len(items) > len(page):
        body["nextPageToken"] = str(min(map(rising_id, page)))
    return answer(body)


CASE = Case(
    platform="googlereviews",
    source=Source(
        name="acme-place",
        platform="googlereviews",
        target=PLACE,
        secrets={"client_id": "acme-client", "client_secret": "cl1ent-s3cret", "token": SECRET},
    ),
    native_id=native_id,
    serve=serve,
    parse_fixture=lambda: parse_records("googlereviews", partial(parse_review, CASE.source)),
    has_threads=False,
    login_paths=("/token",),
)

"""An app in App Store Connect: reviews newest first, behind signed tokens."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from connector_cases.world import SECRET, Case, Item, World, answer, parse_records, rising_id
from connectors.appstore import parse_review
from connectors.types import Source

KEY = (
    ec.generate_private_key(ec.SECP256R1())
    .private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    .decode()
)


def native_id(item: Item) -> str:
    return f"00000028-{rising_id(item):012}"


def review(item: Item) -> Any:
    if item.is_garbled:
        return {"type": "customerReviews", "id": native_id(item), "attributes": {"rating": "x"}}
    told = {
        "rating": 4,
        "title": "Gut",
        "body": item.text,
        "reviewerNickname": "Kim",
        "createdDate": item.at.isoformat(),
        "territory": "DEU",
    }
    return {"type": "customerReviews", "id": native_id(item), "attributes": told}


def serve(world: World, request: httpx.Request) -> httpx.Response:
    path, params = request.url.path, request.url.params
    assert request.headers["authorization"].count(".") == 2
    if path != "/v1/apps/77/customerReviews":
        ids = {f"/v1/customerReviews/{native_id(item)}": item for item in world.items}
        return answer({"data": review(ids[path])}) if path in ids else answer({"errors": []}, 404)
    items = world.newest_first()
    if cursor := params.get("cursor"):
        items = [item for item in items if native_id(item) < cursor]
    page = world.cut(items)
    body: dict[str, Any] = {"data": [review(item) for item in page], "links": {}}
    if len(items) > len(page):
        # a next address that leads elsewhere must not be given the token
        following = min(map(native_id, page))
        body["links"]["next"] = f"https://evil.example{path}?cursor={following}&limit=200"
    return answer(body)


CASE = Case(
    platform="appstore",
    source=Source(
        name="acme-app",
        platform="appstore",
        target="77",
        secrets={"issuer_id": SECRET, "key_id": "K1", "private_key": KEY},
    ),
    native_id=native_id,
    serve=serve,
    parse_fixture=lambda: parse_records("appstore", partial(parse_review, CASE.source)),
    has_threads=False,
)

"""An app on Google Play: a week of reviews, behind a login."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx

from connector_cases.world import SECRET, Case, Item, World, answer, parse_records, rising_id
from connectors.googleplay import parse_review
from connectors.types import Source


def native_id(item: Item) -> str:
    return f"gp:{rising_id(item)}"


def review(item: Item) -> Any:
    if item.is_garbled:
        return {"reviewId": native_id(item), "comments": [{"userComment": {"text": None}}]}
    said = {
        "text": f"\t{item.text}",
        "lastModified": {"seconds": str(int(item.at.timestamp())), "nanos": 120000000},
        "starRating": 4,
        "reviewerLanguage": "de",
        "thumbsUpCount": 1,
    }
    name = {"reviewId": native_id(item), "authorName": "Kim"}
    return name | {"comments": [{"userComment": said}]}


def serve(world: World, request: httpx.Request) -> httpx.Response:
    path, params = request.url.path, request.url.params
    if path == "/token":
        return answer({"access_token": "acc3ss-t0ken", "expires_in": 3599})
    assert request.headers["authorization"] == "Bearer acc3ss-t0ken"
    assert path == "/androidpublisher/v3/applications/com.acme.app/reviews"
    items = world.newest_first()
    if token := params.get("token"):
        items = [item for item in items if rising_id(item) < int(token)]
    page = world.cut(items)
    body: dict[str, Any] = {"reviews": [review(item) for item in page]} if page else {}
    if len(items) > len(page):
        body["tokenPagination"] = {"nextPageToken": str(min(map(rising_id, page)))}
    return answer(body)


CASE = Case(
    platform="googleplay",
    source=Source(
        name="acme-app",
        platform="googleplay",
        target="com.acme.app",
        secrets={"client_id": "acme-client", "client_secret": "cl1ent-s3cret", "token": SECRET},
    ),
    native_id=native_id,
    serve=serve,
    parse_fixture=lambda: parse_records("googleplay", partial(parse_review, CASE.source)),
    has_threads=False,
    login_paths=("/token",),
)

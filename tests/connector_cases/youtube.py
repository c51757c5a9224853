"""A channel: posts of the world are videos, their comments threads without answers."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx

from connector_cases.world import SECRET, Case, Item, World, answer, parse_records
from connectors.types import Source
from connectors.videos import parse_item

CHANNEL = "UCacme"


def native_id(item: Item) -> str:
    return f"Ug{item.n}" if item.parent else f"vid{item.n:08}"


def video(item: Item) -> Any:
    if item.is_garbled:
        return {"kind": "youtube#video", "id": native_id(item), "snippet": {"title": None}}
    return {
        "kind": "youtube#video",
        "id": native_id(item),
        "snippet": {
            "publishedAt": item.at.isoformat(),
            "channelId": CHANNEL,
            "channelTitle": "Acme",
            "title": "Film",
            "description": item.text,
        },
        "statistics": {"viewCount": "100", "likeCount": "7"},
    }


def thread(item: Item) -> Any:
    parent = native_id(Item(item.parent or 0, item.at, ""))
    comment = {
        "kind": "youtube#comment",
        "id": native_id(item),
        "snippet": {
            "videoId": parent,
            "textDisplay": item.text,
            "authorDisplayName": "@kim",
            "authorChannelId": {"value": "UCkim"},
            "likeCount": 1,
            "publishedAt": item.at.isoformat(),
            "updatedAt": item.at.isoformat(),
        },
    }
    snippet = {"videoId": parent, "totalReplyCount": 0, "topLevelComment": comment}
    return {"kind": "youtube#commentThread", "id": native_id(item), "snippet": snippet}


def serve(world: World, request: httpx.Request) -> httpx.Response:
    what, params = request.url.path.rsplit("/", 1)[1], request.url.params
    if request.headers.get("x-goog-api-key") != SECRET:
        return answer({"error": {"errors": [{"reason": "keyInvalid"}]}}, 400)
    if what == "channels":
        uploads = {"relatedPlaylists": {"uploads": "UUacme"}}
        channel = {
            "id": CHANNEL,
            "contentDetails": uploads,
            "statistics": {"subscriberCount": "1200"},
        }
        return answer({"items": [channel]})
    if what in ("videos", "comments"):
        wanted = params["id"].split(",")
        assert len(wanted) <= 50
        found = [item for item in world.everything() if native_id(item) in wanted]
        return answer({"items": [video(item) for item in found]})
    comments = what == "commentThreads"
    items = [i for i in world.everything() if (i.parent is not None) == comments]
    if token := params.get("pageToken"):
        items = [item for item in items if item.at.isoformat() < token]
    page = world.cut(items)
    body: dict[str, Any] = {
        "items": [
            thread(item) if comments else {"contentDetails": {"videoId": native_id(item)}}
            for item in page
        ]
    }
    if len(items) > len(page):
        body["nextPageToken"] = min(item.at for item in page).isoformat()
    return answer(body)


CASE = Case(
    platform="youtube",
    source=Source(
        name="acme-tube",
        platform="youtube",
        target="@acme",
        secrets={"token": SECRET},
    ),
    native_id=native_id,
    serve=serve,
    parse_fixture=lambda: parse_records("youtube", partial(parse_item, CASE.source)),
)

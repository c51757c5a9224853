"""X: a search newest first; answers are found by it, too."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import Any

import httpx

from connector_cases.world import SECRET, Case, Item, World, answer, parse_records, rising_id
from connectors.moments import parse_moment
from connectors.types import Source
from connectors.x import parse_post


def post(world: World, item: Item) -> Any:
    if item.is_garbled:
        return {"id": str(rising_id(item)), "created_at": "long ago", "text": None}
    parent = world.find(item.parent) if item.parent else None
    found = {
        "id": str(rising_id(item)),
        "edit_history_tweet_ids": [str(rising_id(item))],
        "author_id": "7",
        "text": escape(item.text, quote=False),
        "lang": "de",
        "created_at": item.at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "conversation_id": str(rising_id(parent or item)),
        "public_metrics": {"like_count": 2, "reply_count": 0, "retweet_count": 1, "quote_count": 0},
    }
    if parent:
        found["referenced_tweets"] = [{"type": "replied_to", "id": str(rising_id(parent))}]
    return found


def serve(world: World, request: httpx.Request) -> httpx.Response:
    params = request.url.params
    assert "post.fields" not in params
    assert "author_id" in params["tweet.fields"]
    if request.url.path == "/2/tweets":
        wanted = params["ids"].split(",")
        found = [post(world, i) for i in world.items if str(rising_id(i)) in wanted]
        return answer({"data": found} if found else {"errors": [{"title": "Not Found Error"}]})
    assert request.url.path == "/2/tweets/search/recent"
    start = parse_moment(params["start_time"])
    items = [item for item in world.everything() if item.at >= start]
    if token := params.get("next_token"):
        items = [item for item in items if f"{rising_id(item):012}" < token]
    page = world.cut(items)
    if not page:
        return answer({"meta": {"result_count": 0}})
    meta: dict[str, Any] = {"result_count": len(page)}
    if len(items) > len(page):
        meta["next_token"] = f"{min(map(rising_id, page)):012}"
    return answer({"data": [post(world, item) for item in page], "meta": meta})


CASE = Case(
    platform="x",
    source=Source(
        name="acme-x",
        platform="x",
        target="@acme",
        options={"reads_per_day": 100_000},
        secrets={"token": SECRET},
    ),
    native_id=lambda item: str(rising_id(item)),
    serve=serve,
    parse_fixture=lambda: parse_records("x", partial(parse_post, CASE.source)),
)

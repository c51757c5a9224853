"""A question and answer site; one child of a question is an answer, the other a comment."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import Any

import httpx

from connector_cases.world import Case, Item, World, answer, parse_records, rising_id
from connectors.stackexchange import parse_post
from connectors.types import Source


def letter(item: Item) -> str:
    if item.parent is None:
        return "q"
    return "a" if item.n % 2 else "c"


def record(world: World, item: Item) -> Any:
    at = int(item.at.timestamp())
    if item.is_garbled:
        return {"question_id": rising_id(item), "title": None, "last_activity_date": at}
    parent = world.find(item.parent) if item.parent else None
    found = {
        "owner": {"user_id": 7, "display_name": "Kim &amp; Co"},
        "score": 2,
        "creation_date": at,
        "body": f"<p>{escape(item.text)}</p>",
    }
    if parent is None:
        return found | {
            "question_id": rising_id(item),
            "title": "Which mill is quiet?",
            "last_activity_date": at,
            "answer_count": len(world.children(item.n)),
            "view_count": 40,
            "tags": ["acme"],
            "link": f"https://stackoverflow.com/questions/{rising_id(item)}",
        }
    if letter(item) == "a":
        return found | {
            "answer_id": rising_id(item),
            "question_id": rising_id(parent),
            "last_activity_date": at,
        }
    return found | {"comment_id": rising_id(item), "post_id": rising_id(parent)}


def serve(world: World, request: httpx.Request) -> httpx.Response:
    path, params = request.url.path.removeprefix("/2.3"), request.url.params
    parts = path.strip("/").split("/")
    if path == "/questions":
        items = world.newest_first()[::-1]
    elif len(parts) == 2:
        items = [i for i in world.items if str(rising_id(i)) in parts[1].split(";")]
    else:
        above = [i for i in world.items if str(rising_id(i)) in parts[1].split(";")]
        items = [child for item in above for child in world.children(item.n)]
        items = [child for child in items if letter(child) == parts[2][0]]
        items.sort(key=lambda item: item.at)
    if low := params.get("min"):
        items = [item for item in items if item.at.timestamp() >= int(low)]
    start = 20 * (int(params.get("page", "1")) - 1)
    more = len(items) > start + 20
    page = [record(world, item) for item in world.cut(items[start:])]
    return answer({"items": page, "has_more": more, "quota_max": 300, "quota_remaining": 250})


CASE = Case(
    is_oldest_first=True,
    platform="stackexchange",
    source=Source(name="acme-questions", platform="stackexchange", target="acme"),
    native_id=lambda item: f"{letter(item)}{rising_id(item)}",
    serve=serve,
    parse_fixture=lambda: parse_records(
        "stackexchange", partial(parse_post, CASE.source, roots={"9": [5], "5": [5]})
    ),
)

"""A WordPress site: posts of the world are articles, their comments comments."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import Any

import httpx

from connector_cases.world import SECRET, Case, Item, World, answer, fixture
from connectors.paging import make_page
from connectors.types import Post, Source, Tombstone
from connectors.wordpress import parse_article, parse_comment

HOST = "https://site.example"


def record(item: Item) -> Any:
    if item.is_garbled:
        return {"id": item.n, "date_gmt": None, "content": {}}
    common = {
        "id": item.n,
        "date_gmt": item.at.isoformat().removesuffix("+00:00"),
        "link": f"{HOST}/{item.n}/",
        "content": {"rendered": f"<p>{escape(item.text)}</p>\n"},
    }
    if item.parent is None:
        return {**common, "title": {"rendered": "Neues &#8211; heute"}, "author": 1}
    return {
        **common,
        "type": "comment",
        "author": 0,
        "author_name": "Kim",
        "parent": 0,
        "post": item.parent,
    }


def serve(world: World, request: httpx.Request) -> httpx.Response:
    kind, params = request.url.path.rsplit("/", 1)[1], request.url.params
    if kind not in ("posts", "comments"):
        return answer({"code": "rest_no_route", "data": {"status": 404}}, 404)
    items = [i for i in world.everything() if (i.parent is None) == (kind == "posts")]
    if wanted := params.get("include"):
        items = [item for item in items if str(item.n) in wanted.split(",")]
    total = len(items)
    items = items[int(params.get("offset", "0")) :]
    page = [record(item) for item in world.cut(items)]
    return answer(page, x_wp_total=str(total))


def parse_fixture() -> list[Post | Tombstone]:
    """Articles and comments have parsers of their own."""
    found: list[Post | Tombstone] = []
    for name, parse in (("articles.json", parse_article), ("timeline.json", parse_comment)):
        page = make_page(fixture("wordpress", name), partial(parse, CASE.source), None)
        assert not page.rejected
        found += page.posts
    return found


CASE = Case(
    platform="wordpress",
    source=Source(
        name="site",
        platform="wordpress",
        base_url=HOST,
        secrets={"username": "monitor", "token": SECRET},
    ),
    native_id=lambda item: f"post:{item.n}" if item.parent is None else str(item.n),
    serve=serve,
    parse_fixture=parse_fixture,
)

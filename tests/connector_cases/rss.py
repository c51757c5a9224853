"""An Atom feed in archived pages (RFC 5005)."""

from __future__ import annotations

from html import escape

import httpx

from connector_cases.world import FIXTURES, Case, Item, World
from connectors.feeds import parse_entry, parse_feed
from connectors.http import Answer
from connectors.types import Post, Source, Tombstone

FEED = "https://blog.example/feed"


def entry(item: Item) -> str:
    if item.is_garbled:
        return "<entry><id>nothing-in-here</id></entry>"
    reply = f'<thr:in-reply-to ref="tag:{item.parent}"/>' if item.parent else ""
    return (
        f"<entry><id>tag:{item.n}</id><title>Titel {item.n}</title>{reply}"
        f'<link href="https://blog.example/{item.n}"/><updated>{item.at.isoformat()}</updated>'
        f"<published>{item.at.isoformat()}</published><author><name>Kim</name></author>"
        f'<content type="html">{escape(f"<p>{escape(item.text)}</p>")}</content></entry>'
    )


def serve(world: World, request: httpx.Request) -> httpx.Response:
    page = int(request.url.params.get("paged", "1"))
    items = world.everything()
    rest = items[(page - 1) * 20 :]
    more = f'<link rel="next" href="{FEED}?paged={page + 1}"/>' if len(rest) > 20 else ""
    tag = f'"{len(items)}-{items[0].n if items else 0}"'
    if request.headers.get("if-none-match") == tag:
        return httpx.Response(304)
    entries = "".join(entry(item) for item in world.cut(rest))
    xml = (
        '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" '
        'xmlns:thr="http://purl.org/syndication/thread/1.0" xml:lang="de"><title>Blog</title>'
        f"{more}{entries}</feed>"
    )
    return httpx.Response(
        200, content=xml.encode(), headers={"content-type": "application/atom+xml", "etag": tag}
    )


def parse_fixture() -> list[Post | Tombstone]:
    """All three dialects, one after the other."""
    found: list[Post | Tombstone] = []
    for name in ("timeline.rss.xml", "timeline.atom.xml", "timeline.json"):
        content = (FIXTURES / "rss" / name).read_bytes()
        feed, entries, _ = parse_feed(Answer(200, {}, content, FEED), CASE.source)
        found += [parse_entry(CASE.source, entry, feed) for entry in entries]
    return found


CASE = Case(
    platform="rss",
    source=Source(name="blog", platform="rss", target=FEED),
    native_id=lambda item: f"tag:{item.n}",
    serve=serve,
    parse_fixture=parse_fixture,
)

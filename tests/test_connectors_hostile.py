"""Hostile and broken servers, for every platform: what they say costs a record, never the run."""

from __future__ import annotations

import contextlib
import json
import random
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
from connector_cases.server import Server, posts
from connector_cases.world import Case, platforms

from connectors.errors import BadResponse, ConnectorError
from connectors.types import Source

CASES: list[Case] = [
    case
    for name in platforms()
    if (case := import_module(f"connector_cases.{name}").CASE) and case.has_http
]
every = pytest.mark.parametrize("case", CASES, ids=lambda case: case.platform)

JUNK: list[Any] = [None, "", "x", 0, -1, 1e400, True, [], {}, [None], {"x": None}, "\x1b[31m\u202e"]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value, as the keys that lead to it."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = [path]
    if isinstance(value, dict | list):
        for key, part in inner:
            found += places(part, (*path, key)) if isinstance(part, dict | list) else [(*path, key)]
    return found


def spoil(value: Any, chance: random.Random) -> Any:
    """The same value with junk in one place."""
    path = chance.choice(places(value))
    if not path:
        return chance.choice(JUNK)
    copy = json.loads(json.dumps(value))
    part = copy
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = chance.choice(JUNK)
    return copy


@every
def test_junk_in_any_place_of_an_answer_breaks_no_run(case: Case, tmp_path: Path) -> None:
    """Records are rejected, answers without their frame reported; anything else is a bug."""
    chance = random.Random(case.platform)
    for _ in range(60):
        world = case.world(tmp_path)
        serve, spoiled_at = world.handle, chance.randrange(4)

        def handle(request: httpx.Request) -> httpx.Response:
            try:
                answer = serve(request)  # noqa: B023
            except (AssertionError, ValueError):  # the fake was asked with junk of its own
                return httpx.Response(400, json={"error": "bad request"})
            is_json = "json" in answer.headers.get("content-type", "")
            if len(world.requests) - 1 != spoiled_at or not is_json:  # noqa: B023
                return answer
            spoiled = json.dumps(spoil(answer.json(), chance))
            return httpx.Response(answer.status_code, headers=answer.headers, text=spoiled)

        world.handle = handle  # type: ignore[method-assign]
        with contextlib.suppress(ConnectorError):
            for page in world.fetch(max_pages=3):
                json.dumps(page.cursor)


@every
def test_a_server_that_says_the_same_for_ever_is_left(case: Case, tmp_path: Path) -> None:
    """Paging tokens in circles, and servers that heed none."""
    world = case.world(tmp_path)
    serve, said = world.handle, dict[str, httpx.Response]()

    def handle(request: httpx.Request) -> httpx.Response:
        world.requests.append(request)
        first = said.setdefault(request.url.path, serve(request))
        return httpx.Response(first.status_code, headers=first.headers, content=first.content)

    world.handle = handle  # type: ignore[method-assign]
    with contextlib.suppress(ConnectorError):
        list(world.fetch(max_pages=20))
    assert len(world.requests) < 400


# --- feeds ------------------------------------------------------------------------------------

FEED = Source(name="f", platform="rss", target="https://blog.example/feed")
LAUGHS = """<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<rss><channel><item><guid>1</guid><title>&b;</title></item></channel></rss>"""
FILE = """<!DOCTYPE x [<!ENTITY secret SYSTEM "file:///etc/passwd">]>
<rss><channel><item><guid>1</guid><title>&secret;</title></item></channel></rss>"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@pytest.mark.parametrize("bomb", [LAUGHS, FILE, f"<!--{'x' * 200_000}-->{LAUGHS}"])
def test_a_feed_with_entities_is_refused_in_any_disguise(bomb: str, encoding: str) -> None:
    server = Server(lambda request: httpx.Response(200, content=bomb.encode(encoding)))
    with pytest.raises(BadResponse, match="entities"):
        server.fetch(FEED)


def test_deeply_nested_markup_and_json_are_no_crash() -> None:
    deep = f"{'<div>' * 20_000}tief{'</div>' * 20_000}"
    feed = f"<rss><channel><item><guid>1</guid><description><![CDATA[{deep}]]></description></item>"
    whole = feed + "</channel></rss>"
    (post,) = posts(Server(lambda request: httpx.Response(200, text=whole)).fetch(FEED))
    assert "tief" in post.text
    for content in (
        "[" * 200_000,
        '{"version": "https://jsonfeed.org/version/1", "items": ' + "[" * 99_999,
    ):
        with pytest.raises(ConnectorError):
            Server(lambda _, body=content: httpx.Response(200, text=body)).fetch(FEED)


@pytest.mark.parametrize(
    ("encoding", "declared", "by_header"),
    [
        ("utf-8", "utf-8", False),
        ("utf-8-sig", "utf-8", False),
        ("utf-16", "utf-16", False),
        ("iso-8859-1", "iso-8859-1", False),
        ("windows-1252", "windows-1252", True),
        ("utf-8", "iso-8859-1", True),  # the header is right, the declaration is not
    ],
)
def test_a_feed_is_read_in_its_encoding(encoding: str, declared: str, by_header: bool) -> None:
    xml = (
        f'<?xml version="1.0" encoding="{declared}"?><rss version="2.0"><channel><title>x</title>'
        "<item><guid isPermaLink='false'>1</guid><title>Grüße aus Köln</title></item>"
        "</channel></rss>"
    )
    kind = f"application/rss+xml; charset={encoding}" if by_header else "application/rss+xml"
    answer = httpx.Response(200, content=xml.encode(encoding), headers={"Content-Type": kind})
    (post,) = posts(Server(lambda request: answer).fetch(FEED))
    assert post.text == "Grüße aus Köln"


def test_names_with_terminal_escapes_are_kept_as_they_were_written() -> None:
    """Each door neutralises what could do harm there; the record stays true."""
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "items": [
            {"id": "1", "content_text": "x\u202ey", "authors": [{"name": "\x1b]0;root\x07"}]}
        ],
    }
    (post,) = posts(Server(lambda request: feed).fetch(FEED))
    assert post.author is not None
    assert post.author.name == "\x1b]0;root\x07"
    assert post.text == "x\u202ey"

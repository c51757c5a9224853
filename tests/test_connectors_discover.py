"""Addresses that people paste, and servers that must be asked."""

from __future__ import annotations

import httpx
import pytest

from connectors.discover import Recognised, probe, recognise
from connectors.traffic import Traffic


@pytest.mark.parametrize(
    ("url", "platform", "target", "base"),
    [
        ("https://bsky.app/profile/acme.example", "bluesky", "@acme.example", None),
        ("https://bsky.app/search?q=acme+mill", "bluesky", "search:acme mill", None),
        ("https://www.reddit.com/r/acme/comments/x/y/", "reddit", "r/acme", None),
        ("https://www.youtube.com/@acme/videos", "youtube", "@acme", None),
        ("https://youtu.be/9M_QK4stCJU", "youtube", "video:9M_QK4stCJU", None),
        ("https://m.youtube.com/watch?v=abc&t=3", "youtube", "video:abc", None),
        ("https://news.ycombinator.com/item?id=8863", "hackernews", "story:8863", None),
        ("facebook.com/acme", "facebook", "acme", None),
        ("https://de-de.facebook.com/acme/posts/1", "facebook", "acme", None),
        ("https://social.example/@acme", "mastodon", "@acme", "https://social.example"),
        ("https://social.example/tags/acme", "mastodon", "#acme", "https://social.example"),
        ("https://forum.example/t/hilfe/42", "discourse", "", "https://forum.example"),
        ("https://blog.example/feed/", "rss", "https://blog.example/feed/", None),
        ("https://blog.example/index.xml", "rss", "https://blog.example/index.xml", None),
        ("https://lemmy.example/c/acme", "lemmy", "!acme@lemmy.example", "https://lemmy.example"),
        ("https://stackoverflow.com/questions/tagged/acme", "stackexchange", "acme", None),
        ("https://apps.apple.com/de/app/acme/id123", "appstore", "123", None),
        ("https://play.google.com/store/apps/details?id=com.a", "googleplay", "com.a", None),
        ("https://de.trustpilot.com/review/acme.example", "trustpilot", "acme.example", None),
        ("https://github.com/acme/mill/issues", "github", "acme/mill", None),
        ("https://t.me/acme", "telegram", "@acme", None),
        ("https://x.com/acme/status/1", "x", "@acme", None),
        ("exports/posts.csv", "files", "exports/posts.csv", None),
    ],
)
def test_an_address_names_its_platform(
    url: str, platform: str, target: str, base: str | None
) -> None:
    assert recognise(url) == Recognised(platform, target, base)


@pytest.mark.parametrize("url", ["https://acme.example/", "https://bsky.app/", "not a url", ""])
def test_an_address_that_may_be_anything_is_not_guessed(url: str) -> None:
    assert recognise(url) is None


def server(pages: dict[str, httpx.Response]) -> Traffic:
    return Traffic(
        transport=httpx.MockTransport(
            lambda request: pages.get(request.url.path, httpx.Response(404, text="no"))
        )
    )


def test_a_server_is_asked_what_it_is() -> None:
    forum = {"/posts.json": httpx.Response(200, json={"latest_posts": []})}
    found = probe("https://forum.example", server(forum))
    assert found == Recognised("discourse", "", "https://forum.example")


def test_a_page_names_its_feed() -> None:
    page = '<link rel="alternate" type="application/rss+xml" href="/feed.php">'
    found = probe("https://blog.example/start", server({"/start": httpx.Response(200, html=page)}))
    assert found == Recognised("rss", "https://blog.example/feed.php")


def test_a_server_that_says_nothing_is_not_guessed() -> None:
    assert probe("https://acme.example", server({})) is None

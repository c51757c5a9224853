"""From an address that a person pasted to the platform that reads it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import parse_qs, urljoin, urlsplit

from connectors.errors import ConnectorError
from connectors.http import Client
from connectors.traffic import Traffic
from connectors.types import Source


class Recognised(NamedTuple):
    """A platform, its own name of the place, and the server where there is more than one."""

    platform: str
    target: str
    base_url: str | None = None


Reader = Callable[[str, str, dict[str, list[str]]], "Recognised | None"]


def recognise(url: str) -> Recognised | None:
    """Tell by an address alone which platform and place it names; None where it may be any.

    Asks nobody. Addresses of forums, blogs and Mastodon servers look alike: see `probe`.
    """
    parts = urlsplit(url if "://" in url else f"https://{url}")
    host = (parts.hostname or "").removeprefix("www.").removeprefix("m.")
    path = parts.path.rstrip("/")
    base = f"{parts.scheme}://{parts.netloc}"
    for pattern, read in _HOSTS:
        if pattern.fullmatch(host):
            return read(host, path, parse_qs(parts.query))
    if re.search(r"(?:/feed|/rss|\.rss|\.atom|/atom|\.xml|feed\.json)$", path):
        return Recognised("rss", url)
    if found := re.fullmatch(r"/tags/([^/]+)", path):
        return Recognised("mastodon", f"#{found[1]}", base)
    if found := re.fullmatch(r"/@([^/]+)", path):
        return Recognised("mastodon", f"@{found[1]}", base)
    if re.fullmatch(r"/t/[^/]+/\d+(?:/\d+)?|/c/.+/\d+", path):
        return Recognised("discourse", "", base)
    if found := re.fullmatch(r"/c/([^/]+)", path):
        name = found[1] if "@" in found[1] else f"{found[1]}@{host}"
        return Recognised("lemmy", f"!{name}", base)
    if url.endswith((".jsonl", ".csv", ".xlsx", ".gz")) and "://" not in url:
        return Recognised("files", url)
    return None


def probe(url: str, traffic: Traffic, *, allow_private: bool = False) -> Recognised | None:
    """Ask a server what it is, where its address does not tell; None where it says nothing.

    A handful of requests to that one server: Mastodon's and Discourse's own description,
    WordPress's index, and the page itself, which may name a feed. Raises nothing.
    """
    if known := recognise(url):
        return known
    address = url if "://" in url else f"https://{url}"
    parts = urlsplit(address)
    base = f"{parts.scheme}://{parts.netloc}"
    source = Source(name="probe", platform="rss", target=address, allow_private=allow_private)
    try:
        http = Client(source, base, traffic)
    except ConnectorError:
        return None
    for platform, path, proof, target in _PROOFS:
        try:
            answer = http.get_json(path)
        except ConnectorError:
            continue
        if isinstance(answer, dict) and proof in answer:
            return Recognised(platform, target, base)
    return _find_feed(http, address)


_PROOFS = (
    ("mastodon", "/api/v1/instance", "uri", "local"),
    ("discourse", "/posts.json", "latest_posts", ""),
    ("wordpress", "/wp-json/", "namespaces", ""),
    ("lemmy", "/api/v3/site", "site_view", ""),
)
_LINK = re.compile(rb"<link[^>]+>", re.IGNORECASE)
_FEED = re.compile(rb"application/(?:rss|atom|feed)\+(?:xml|json)")
_HREF = re.compile(rb"href=[\"']?([^\"' >]+)")


def _find_feed(http: Client, address: str) -> Recognised | None:
    """The feed itself, or the one that a page names in its head."""
    try:
        answer = http.get(address)
    except ConnectorError:
        return None
    head = answer.content[:2000].lstrip()
    if b"<rss" in head or b"<feed" in head or b"jsonfeed.org" in head:
        return Recognised("rss", address)
    for link in _LINK.findall(answer.content):
        if _FEED.search(link) and (href := _HREF.search(link)):
            return Recognised("rss", urljoin(answer.url, href[1].decode("utf-8", "replace")))
    return None


def _bluesky(host: str, path: str, query: dict[str, list[str]]) -> Recognised | None:
    if found := re.match(r"/profile/([^/]+)", path):
        return Recognised("bluesky", found[1] if found[1].startswith("did:") else f"@{found[1]}")
    if path == "/search" and query.get("q"):
        return Recognised("bluesky", f"search:{query['q'][0]}")
    found = re.match(r"/hashtag/([^/]+)", path)
    return Recognised("bluesky", f"#{found[1]}") if found else None


def _reddit(host: str, path: str, query: dict[str, list[str]]) -> Recognised | None:
    if found := re.match(r"/r/([^/]+)", path):
        return Recognised("reddit", f"r/{found[1]}")
    return Recognised("reddit", f"search:{query['q'][0]}") if query.get("q") else None


def _youtube(host: str, path: str, query: dict[str, list[str]]) -> Recognised | None:
    if host == "youtu.be":
        return Recognised("youtube", f"video:{path[1:]}")
    if query.get("v"):
        return Recognised("youtube", f"video:{query['v'][0]}")
    if query.get("search_query"):
        return Recognised("youtube", f"search:{query['search_query'][0]}")
    found = re.match(r"/(?:channel/)?(@[^/]+|UC[\w-]+)", path)
    return Recognised("youtube", found[1]) if found else None


def _hackernews(host: str, path: str, query: dict[str, list[str]]) -> Recognised | None:
    if query.get("id"):
        kind = "@" if path == "/user" else "story:"
        return Recognised("hackernews", f"{kind}{query['id'][0]}")
    word = query.get("q") or query.get("query") or query.get("site")
    return Recognised("hackernews", f"search:{word[0]}") if word else None


def _matrix(host: str, path: str, query: dict[str, list[str]]) -> Recognised | None:
    return None  # the room stands behind a `#`, and its server is another one than matrix.to


def _first_part(platform: str, sign: str = "") -> Reader:
    def read(host: str, path: str, query: dict[str, list[str]]) -> Recognised | None:
        name = path.strip("/").split("/")[0]
        return Recognised(platform, f"{sign}{name.lstrip('@')}") if name else None

    return read


def _github(host: str, path: str, query: dict[str, list[str]]) -> Recognised | None:
    found = re.match(r"/([^/]+/[^/]+)", path)
    return Recognised("github", found[1]) if found else None


def _stackoverflow(host: str, path: str, query: dict[str, list[str]]) -> Recognised | None:
    found = re.match(r"/questions/tagged/([^/]+)", path)
    return Recognised("stackexchange", found[1].replace("+", ";")) if found else None


def _trustpilot(host: str, path: str, query: dict[str, list[str]]) -> Recognised | None:
    found = re.match(r"/review/([^/]+)", path)
    return Recognised("trustpilot", found[1]) if found else None


def _appstore(host: str, path: str, query: dict[str, list[str]]) -> Recognised | None:
    found = re.search(r"/id(\d+)$", path)
    return Recognised("appstore", found[1]) if found else None


def _googleplay(host: str, path: str, query: dict[str, list[str]]) -> Recognised | None:
    return Recognised("googleplay", query["id"][0]) if query.get("id") else None


_HOSTS: tuple[tuple[re.Pattern[str], Reader], ...] = (
    (re.compile(r"bsky\.app"), _bluesky),
    (re.compile(r"(?:old\.|new\.)?reddit\.com"), _reddit),
    (re.compile(r"youtube\.com|youtu\.be"), _youtube),
    (re.compile(r"news\.ycombinator\.com|hn\.algolia\.com"), _hackernews),
    (re.compile(r"matrix\.to"), _matrix),
    (re.compile(r"(?:[a-z-]+\.)?facebook\.com"), _first_part("facebook")),
    (re.compile(r"instagram\.com"), _first_part("instagram")),
    (re.compile(r"(?:twitter|x)\.com"), _first_part("x", "@")),
    (re.compile(r"t\.me"), _first_part("telegram", "@")),
    (re.compile(r"github\.com"), _github),
    (re.compile(r"stackoverflow\.com"), _stackoverflow),
    (re.compile(r"(?:[a-z]+\.)?trustpilot\.com"), _trustpilot),
    (re.compile(r"apps\.apple\.com|itunes\.apple\.com"), _appstore),
    (re.compile(r"play\.google\.com"), _googleplay),
)

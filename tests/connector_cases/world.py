"""A platform in small: posts that a test can add, take away and move, and a server over them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from connectors.paging import Found, make_page
from connectors.registry import CONNECTORS, connector
from connectors.traffic import Traffic
from connectors.types import Account, Page, Post, Source, Tombstone

START = datetime(2026, 3, 1, tzinfo=UTC)
SECRET = "s3cr3t-t0ken-0f-acme"
PAGE = 20
FIXTURES = Path(__file__).parent.parent / "fixtures"


@dataclass(frozen=True)
class Item:
    """A post as the world knows it, before any platform dresses it up."""

    n: int
    at: datetime
    text: str
    parent: int | None = None
    is_garbled: bool = False
    parent_at: datetime | None = None


@dataclass
class World:
    """The state of a platform, its clock, and the faults that it is told to show."""

    case: Case
    items: list[Item] = field(default_factory=list)
    now: datetime = START + timedelta(days=2)
    requests: list[httpx.Request] = field(default_factory=list)
    faults: list[httpx.Response] = field(default_factory=list)
    always: httpx.Response | None = None
    is_shuffled: bool = False
    slept: float = 0.0
    folder: Path | None = None

    # what tests do to it

    def add(self, n: int, *, parent: int | None = None, at: datetime | None = None) -> None:
        moment = at or START + timedelta(minutes=n if parent is None else parent, seconds=n % 60)
        above = self.find(parent) if parent is not None else None
        text, parent_at = f"Beitrag {n}: schön & gut <3 😀", above.at if above else None
        self.items.append(Item(n, moment, text, parent, parent_at=parent_at))

    def remove(self, n: int) -> None:
        self.items = [item for item in self.items if item.n != n]

    def garble(self, n: int) -> None:
        self.items = [replace(i, is_garbled=True) if i.n == n else i for i in self.items]

    # what its server looks at

    def newest_first(self) -> list[Item]:
        """Posts without comments, in the order of most platforms."""
        return sorted(self.roots(), key=lambda item: (item.at, item.n), reverse=True)

    def everything(self) -> list[Item]:
        """Posts and comments, newest first."""
        return sorted(self.items, key=lambda item: (item.at, item.n), reverse=True)

    def roots(self) -> list[Item]:
        return [item for item in self.items if item.parent is None]

    def children(self, n: int) -> list[Item]:
        return sorted((i for i in self.items if i.parent == n), key=lambda item: item.at)

    def find(self, n: int) -> Item | None:
        return next((item for item in self.items if item.n == n), None)

    def cut(self, items: list[Item], size: int = PAGE) -> list[Item]:
        """One page; in a shuffled world its order means nothing."""
        page = items[:size]
        if self.is_shuffled:
            random.Random(len(self.requests)).shuffle(page)
        return page

    # how connectors reach it

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.faults:
            return self.faults.pop(0)
        if self.always is not None:
            return httpx.Response(
                self.always.status_code,
                headers=self.always.headers,
                content=self.always.content,
            )
        return self.case.serve(self, request)

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.now += timedelta(seconds=seconds)

    def traffic(self) -> Traffic:
        return Traffic(
            transport=httpx.MockTransport(self.handle), now=lambda: self.now, sleep=self.sleep
        )

    def fetch(
        self, cursor: Any = None, *, traffic: Traffic | None = None, **changes: Any
    ) -> Iterator[Page]:
        source = self.case.write(self) if self.folder is not None else self.case.source
        return connector(self.case.platform, traffic or self.traffic()).fetch(
            replace(source, **changes), cursor
        )

    def expected(self) -> set[str]:
        """Native ids that a complete run brings."""
        return {self.case.native_id(item) for item in self.items if not item.is_garbled}


@dataclass(frozen=True)
class Case:
    """What a platform brings to the contract.

    `serve` answers a request over the state of the world, as the real server would.
    `native_id` names an item as the connector must name it. `write` is for files only.
    `has_threads` says that comments stand under posts; `has_pages` that a listing has pages.
    `posts` are so many that at least two pages are full. `is_oldest_first` says that the
    platform is read by time of change, oldest first, so that a backlog comes before news.
    """

    platform: str
    source: Source
    native_id: Callable[[Item], str]
    serve: Callable[[World, httpx.Request], httpx.Response] = lambda world, request: httpx.Response(
        404
    )
    write: Callable[[World], Source] = lambda world: world.case.source
    parse_fixture: Callable[[], list[Post | Tombstone]] = list
    has_http: bool = True
    has_pages: bool = True
    has_threads: bool = True
    is_oldest_first: bool = False
    login_paths: tuple[str, ...] = ()
    posts: int = 45

    def world(self, folder: Path) -> World:
        world = World(self, folder=None if self.has_http else folder)
        for n in range(1, self.posts + 1):
            world.add(n)
            if self.has_threads and n % 7 == 0:
                world.add(n * 1000 + 1, parent=n)
                world.add(n * 1000 + 2, parent=n)
        return world


def rising_id(item: Item) -> int:
    """An id as most platforms give them: it grows with time."""
    return int((item.at - START).total_seconds()) * 1000 + item.n % 1000


def answer(body: Any, status: int = 200, **headers: str) -> httpx.Response:
    """A JSON answer; header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json=body, headers=named)


def fixture(platform: str, name: str) -> Any:
    """A JSON fixture of a platform."""
    return json.loads((FIXTURES / platform / name).read_text(encoding="utf-8"))


def parse_records(platform: str, parse: Callable[[Any], Found]) -> list[Post | Tombstone]:
    """What the records of `timeline.json` turn out to be; none of them may be unreadable."""
    page = make_page(fixture(platform, "timeline.json"), parse, None)
    assert not page.rejected
    return [*page.posts, *page.deleted]


def plain(one: Post | Tombstone) -> dict[str, Any]:
    """A word as an expectation writes it: without defaults, the raw record and raw text."""
    found: dict[str, Any] = {}
    for part in fields(one):
        value = getattr(one, part.name)
        if part.name in ("raw", "text_raw") or value == part.default:
            continue
        if isinstance(value, Account):
            value = {k: v for k, v in asdict(value).items() if v is not None}
        if isinstance(value, datetime):
            value = value.isoformat()
        if isinstance(value, tuple):
            value = [dict(v) if isinstance(v, Mapping) else v for v in value]
        found[part.name] = value
    return found


def platforms() -> list[str]:
    return list(CONNECTORS)

"""A server that a test writes in one function, for habits of single platforms."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from connectors.base import Refreshes
from connectors.registry import connector
from connectors.traffic import Traffic
from connectors.types import Page, Post, Source

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
Serve = Callable[[httpx.Request], Any]


class Server:
    """Answers JSON, and counts what it was asked."""

    def __init__(self, serve: Serve) -> None:
        self.requests: list[httpx.Request] = []
        self.slept = 0.0
        self.now = NOW
        self._serve = serve
        self.traffic = Traffic(
            transport=httpx.MockTransport(self._answer), now=lambda: self.now, sleep=self._sleep
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        found = self._serve(request)
        return found if isinstance(found, httpx.Response) else httpx.Response(200, json=found)

    def _sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.now += timedelta(seconds=seconds)

    def fetch(self, source: Source, cursor: Any = None) -> list[Page]:
        return list(connector(source.platform, self.traffic).fetch(source, cursor))

    def refresh(self, source: Source, *native_ids: str) -> list[Page]:
        built = connector(source.platform, self.traffic)
        assert isinstance(built, Refreshes)
        return list(built.refresh(source, native_ids))


def posts(pages: list[Page]) -> list[Post]:
    return [post for page in pages for post in page.posts]

"""Days of trouble, for every platform: whatever servers do, no post is lost and no wait broken."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
from connector_cases.world import START, Case, World, platforms

from connectors.errors import AuthError, BadResponse, ConnectorError, Unavailable

CASES: list[Case] = [
    case
    for name in platforms()
    if (case := import_module(f"connector_cases.{name}").CASE) and case.has_http
]


class Trouble:
    """Stands in front of a world's server: limits, hiccups, outages, garbage, expired tokens.

    Remembers until when each host wants us away, and fails a test that asks earlier. `met` says
    which faults were shown since it was emptied.
    """

    def __init__(self, world: World, chance: random.Random) -> None:
        self.world, self.chance = world, chance
        self.serve: Callable[[httpx.Request], httpx.Response] = world.handle
        self.barred: dict[str, datetime] = {}
        self.met: set[str] = set()
        self.outage_ends = world.now
        self.is_over = False

    def handle(self, request: httpx.Request) -> httpx.Response:
        now = self.world.now
        assert now >= self.barred.get(request.url.host, now), "asked inside of a Retry-After"
        mood = 1.0 if self.is_over else self.chance.random()
        if not self.is_over and now < self.outage_ends:
            self.met.add("outage")
            raise httpx.ConnectError("connection refused", request=request)
        if mood < 0.05:
            return self.limit(request.url.host)
        if mood < 0.09:
            self.met.add("5xx")
            return httpx.Response(self.chance.choice([500, 502, 503]), html="<p>down</p>")
        if mood < 0.12:
            self.met.add("time-out")
            raise httpx.ReadTimeout("too slow", request=request)
        if mood < 0.13:
            self.met.add("garbage")
            return httpx.Response(200, html="<html>Please log in</html>")
        if mood < 0.135 and self.world.case.source.secrets:
            self.met.add("expired")
            return httpx.Response(401, json={"error": "The access token has expired"})
        answer = self.serve(request)
        if mood < 0.145 and answer.status_code == 200:
            self.met.add("garbage")
            return httpx.Response(200, content=answer.content[: len(answer.content) // 2])
        return answer

    def limit(self, host: str) -> httpx.Response:
        self.met.add("limit")
        # the end of a wait that is told as a date lies on a whole second
        until = self.world.now + timedelta(seconds=self.chance.choice([3, 3, 900]))
        until = until.replace(microsecond=0)
        self.barred[host] = until
        seconds = (until - self.world.now).total_seconds()
        told = self.chance.choice([str(seconds), format_datetime(until, usegmt=True)])
        return httpx.Response(429, headers={"Retry-After": told})

    def explains(self, error: ConnectorError) -> bool:
        """Whether a fault that was shown may end a run in this way."""
        if isinstance(error, AuthError):
            return "expired" in self.met
        if isinstance(error, BadResponse):
            return "garbage" in self.met
        return isinstance(error, Unavailable) and bool(self.met)


def live_through(case: Case, folder: Path, days: int) -> tuple[World, set[str]]:
    """Read a platform for days of trouble and a calm one after them; return what was seen."""
    chance = random.Random(f"{case.platform} {days}")
    world = case.world(folder)
    world.now = START + timedelta(hours=1)
    trouble = Trouble(world, chance)
    world.handle = trouble.handle  # type: ignore[method-assign]
    traffic, cursor, seen, number = world.traffic(), None, set[str](), 1000

    def run(cursor: Any, *, is_cut: bool) -> Any:
        try:
            for page in world.fetch(cursor, traffic=traffic):
                seen.update(post.native_id for post in page.posts)
                cursor = json.loads(json.dumps(page.cursor))
                if is_cut and chance.random() < 0.1:
                    break  # killed after the page was saved
        except ConnectorError as error:
            if not trouble.explains(error):
                raise
        return cursor

    while world.now < START + timedelta(days=days):
        world.now += timedelta(minutes=chance.choice([15, 15, 60, 400]))
        if chance.random() < 0.1:
            trouble.outage_ends = world.now + timedelta(hours=chance.choice([1, 10]))
        for ago in range(chance.choice([0, 1, 3, 30]), 0, -1):
            number += 2
            # no two at the same moment: the fakes' places are moments
            at = world.now - timedelta(seconds=2 * ago, milliseconds=number % 1000)
            world.add(number, at=at)
            if case.has_threads and chance.random() < 0.2:
                world.add(number + 1, parent=number, at=at + timedelta(seconds=1))
        trouble.met.clear()
        cursor = run(cursor, is_cut=True)
    trouble.is_over = True
    for _ in range(6):
        world.now += timedelta(hours=8)
        trouble.met.clear()
        cursor = run(cursor, is_cut=False)
    return world, seen


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.platform)
def test_two_days_of_trouble_lose_no_post(case: Case, tmp_path: Path) -> None:
    world, seen = live_through(case, tmp_path, 2)
    assert world.expected() - seen == set()


@pytest.mark.soak
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.platform)
def test_a_month_of_trouble_loses_no_post(case: Case, tmp_path: Path) -> None:
    world, seen = live_through(case, tmp_path, 30)
    assert world.expected() - seen == set()

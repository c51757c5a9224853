"""Small campaigns for tests: rows as files have them, and stories over a store in memory."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.types import Rejected
from monitor.campaigning import Campaigning
from monitor.keys import Keys
from monitor.store.database import Database

OPENS = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 4, 1, tzinfo=UTC)
KEYS = Keys(bytes(range(32)))
RULES = """
name = "spring"
title = "Frühling"
opens = "2026-03-01T00:00:00Z"
closes = "2026-03-31T00:00:00Z"
"""


def at(hours: float) -> str:
    return (OPENS + timedelta(hours=hours)).isoformat()


def vote(number: int, voter: str, idea: str, hours: float, **more: Any) -> dict[str, Any]:
    return {"vote": f"v{number}", "voter": voter, "idea": idea, "at": at(hours)} | more


def ideas(number: int) -> list[dict[str, Any]]:
    return [
        {"idea": f"i{place}", "author": f"author{place}", "title": f"Idee {place}", "text": "…"}
        for place in range(number)
    ]


def rows(records: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    return iter(list(enumerate(records, 1)))


def campaign(
    votes: Iterable[Mapping[str, Any]] = (),
    *,
    number_of_ideas: int = 3,
    rules: str = "",
    path: Path | None = None,
    keys: Keys = KEYS,
    now: datetime = NOW,
) -> tuple[Campaigning, list[Rejected]]:
    """An open campaign named spring with these votes; returns it and what was refused."""
    story = Campaigning(Database(path), keys)
    story.create(RULES + rules, OPENS)
    story.open("spring", OPENS)
    refused: list[Rejected] = []
    story.take(
        "spring",
        ideas=rows(ideas(number_of_ideas)),
        votes=rows(votes),
        refuse=refused.extend,
        now=now,
    )
    return story, refused


def crowd(
    seed: int, voters: int = 400, number_of_ideas: int = 12, *, prefix: str = "h"
) -> list[dict[str, Any]]:
    """Honest people over four weeks: by day, on few big networks and many small ones."""
    chance = random.Random(seed)
    votes = []
    for person in range(voters):
        start = chance.uniform(0, 27) // 1 * 24 + min(max(chance.gauss(15, 4), 6.5), 23.5)
        big = chance.random() < 0.5
        ip = f"10.{chance.randrange(4)}.0.9" if big else f"77.{person % 250}.{person // 250}.9"
        age_h = chance.choice((0.05, 0.2, chance.uniform(2, 2000), chance.uniform(5000, 40000)))
        for place in range(1 if chance.random() < 0.4 else chance.randint(2, 5)):
            idea = min(int(chance.expovariate(0.3)), number_of_ideas - 1)
            votes.append(
                {
                    "voter": f"{prefix}{person}",
                    "idea": f"i{idea}",
                    "at": at(start + place * 0.02),
                    "ip": ip,
                    "device": f"{prefix}-device{person}",
                    "referrer": chance.choice((None, "https://social.example/", None)),
                    "account_created_at": at(start - age_h),
                }
            )
    return votes


def group(
    prefix: str,
    idea: str,
    hours: Iterable[float],
    *,
    ips: list[str],
    devices: list[str] | None = None,
    age_h: float | None = 0.1,
    referrer: str | None = None,
) -> list[dict[str, Any]]:
    """People who vote for one idea at given hours; networks and devices are dealt in turn."""
    return [
        {
            "voter": f"{prefix}{place}",
            "idea": idea,
            "at": at(hour),
            "ip": ips[place % len(ips)],
            "device": devices[place % len(devices)] if devices else f"{prefix}-device{place}",
            "referrer": referrer,
            "account_created_at": None if age_h is None else at(hour - age_h),
        }
        for place, hour in enumerate(hours)
    ]


def numbered(votes: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"vote": f"v{number}"} | one for number, one in enumerate(votes)]

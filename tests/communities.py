"""Made-up weeks of a community as rows of a posts file, with labels: small, seeded, readable."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

Row = dict[str, Any]
Place = tuple[str, str]

START = datetime(2026, 3, 2, tzinfo=UTC)
PAGE, TAG, FORUM = ("facebook", "acme-page"), ("mastodon", "acme-tag"), ("discourse", "forum")
PLACES: tuple[Place, ...] = (PAGE, TAG, FORUM)
DAY = (.2, .1, .1, .1, .1, .2, .5, .9, 1.2, 1.3, 1.3, 1.3, 1.4, 1.3, 1.3, 1.3, 1.4, 1.5, 1.7,
       1.8, 1.8, 1.5, .9, .4)  # fmt: skip
TEXTS = {
    "negative": (
        "Der Deckel von Nummer {} ist undicht",
        "Seit {} Tagen keine Antwort auf die Mail",
    ),
    "neutral": ("Wann öffnet Filiale {}?", "Does item {} come in blue?"),
    "positive": ("Love number {}, thank you", "Nach {} Tagen geliefert, prima"),
}


class Community:
    """Collects rows. Every draw comes from one seed, so that a week is the same each time."""

    def __init__(self, seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.rows: list[Row] = []

    def live(
        self, days: int, per_day: float = 200, mix: Sequence[float] = (0.18, 0.5, 0.32)
    ) -> Community:
        """Add ordinary days: a daily rhythm, a crowd of regulars, some strangers."""
        for hour in range(days * 24):
            at = START + timedelta(hours=hour)
            rate = per_day / 24 * DAY[at.hour]
            for _ in range(self._poisson(rate)):
                known = self.random.random() < 0.8
                author = f"u{self.random.randrange(400)}" if known else None
                self.say(at + timedelta(hours=self.random.random()), mix, PLACES, author)
        return self

    def burst(
        self,
        at: datetime,
        hours: float,
        per_hour: float,
        mix: Sequence[float],
        places: Sequence[Place] = PLACES,
        *,
        ramp_h: float = 0,
        **fields: Any,
    ) -> Community:
        """Add posts beyond the ordinary, rising over `ramp_h` hours."""
        for minute in range(round(hours * 60)):
            grown = min(1.0, minute / 60 / ramp_h) if ramp_h else 1.0
            for _ in range(self._poisson(per_hour / 60 * grown)):
                moment = at + timedelta(minutes=minute + self.random.random())
                self.say(moment, mix, places, **fields)
        return self

    def say(
        self,
        at: datetime,
        mix: Sequence[float],
        places: Sequence[Place],
        author_id: str | None = None,
        **fields: Any,
    ) -> None:
        """Add one post; without an author it is a stranger's."""
        platform, source = self.random.choice(places)
        mood = self.random.choices(("negative", "neutral", "positive"), mix)[0]
        words = self.random.choice(TEXTS[mood]).format(self.random.randrange(100))
        tail = "".join(self.random.choices("abcdefghijklmno", k=7))
        labels = {
            "sentiment": mood,
            "initiator": "customer",
            "kind": "supply",
            "idea": False,
            "toxic": fields.pop("toxic", False),
        }
        number = len(self.rows)
        self.rows.append(
            {
                "platform": platform,
                "source": source,
                "native_id": str(number),
                "author_id": author_id or f"new{number}",
                "text": f"{words} {tail}",
                "created_at": at.isoformat(),
                "labels": labels,
                **fields,
            }
        )

    def numbered(self) -> list[tuple[int, Row]]:
        """Return the rows with their lines, ordered by time."""
        ordered = sorted(self.rows, key=lambda row: row.get("created_at") or row.get("from") or "")
        return list(enumerate(ordered, start=1))

    def _poisson(self, mean: float) -> int:
        limit, count, product = math.exp(-mean), 0, self.random.random()
        while product > limit:
            count += 1
            product *= self.random.random()
        return count

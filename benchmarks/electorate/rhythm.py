"""When people vote: a campaign's period, its days and nights, its waves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

HOUR_S = 3600
DAY_S = 24 * HOUR_S
ZONE = ZoneInfo("Europe/Berlin")

# Share of a day's visits in each local hour: a lull at four, a hump at noon, the peak at nine in
# the evening. Invented after the general shape of published web traffic curves.
DAY = np.array(
    [18, 10, 6, 4, 4, 7, 17, 33, 43, 48, 51, 55, 62, 56, 53, 54, 58, 64, 72, 84, 95, 98, 74, 40],
    dtype=float,
)
WEEK = np.array([1.06, 1.05, 1.02, 1.0, 0.88, 0.86, 1.13])  # Monday to Sunday


@dataclass(frozen=True, slots=True)
class Period:
    """The hours from `opens` to `closes` (epoch seconds, half-open) and how busy each one is."""

    opens: int
    closes: int
    hours: NDArray[np.int64]  # local hour of the day of each hour
    weekdays: NDArray[np.int64]  # 0: Monday
    interest: NDArray[np.float64]  # expected share of all visits up to the start of each hour

    @classmethod
    def draw(cls, rng: np.random.Generator, *, days: int | None = None) -> Period:
        """A campaign of `days` (three to eight weeks unless given), some across a clock change."""
        length = days or int(rng.integers(21, 57))
        first = datetime(2025, 1, 7, int(rng.integers(7, 13)), tzinfo=ZONE)
        first += timedelta(days=int(rng.integers(0, 420)))
        opens = int(first.astimezone(UTC).timestamp())
        closes = opens + length * DAY_S
        starts = range(opens, closes, HOUR_S)
        local = [datetime.fromtimestamp(start, ZONE) for start in starts]
        hours = np.array([moment.hour for moment in local])
        weekdays = np.array([moment.weekday() for moment in local])
        busy = _waves(rng, length) * DAY[hours] * WEEK[weekdays]
        # Weather, holidays, football: some days and hours are simply other than expected.
        busy *= np.repeat(rng.lognormal(0, 0.22, length), 24)
        busy *= rng.lognormal(0, 0.12, len(busy))
        interest = np.concatenate([[0.0], np.cumsum(busy)]) / busy.sum()
        return cls(opens, closes, hours, weekdays, interest)

    @property
    def days(self) -> int:
        """Length in whole days."""
        return (self.closes - self.opens) // DAY_S

    def moments(
        self,
        rng: np.random.Generator,
        after: NDArray[np.int64],
        before: NDArray[np.int64] | int | None = None,
    ) -> NDArray[np.int64]:
        """One moment for each entry of `after`, from then until `before`, where interest is."""
        grid = self.opens + np.arange(len(self.interest)) * HOUR_S
        low = np.interp(after, grid, self.interest)
        high = np.interp(self.closes if before is None else before, grid, self.interest)
        drawn = np.interp(low + rng.random(len(after)) * (high - low), self.interest, grid)
        return np.clip(drawn.astype(np.int64), after, self.closes - 1)

    def any_moments(self, rng: np.random.Generator, n: int) -> NDArray[np.int64]:
        """`n` moments in the whole period, where interest is."""
        return self.moments(rng, np.full(n, self.opens, dtype=np.int64))

    def is_office_time(self, at: NDArray[np.int64]) -> NDArray[np.bool_]:
        """True on weekdays from eight to five, local time."""
        hour = self._hour_index(at)
        clock = self.hours[hour]
        working: NDArray[np.bool_] = (self.weekdays[hour] < 5) & (clock >= 8) & (clock < 17)
        return working

    def clock(self, day: int, hour: float) -> int:
        """Local time `hour` (0..24) on the campaign's day `day` (0: the day it opens)."""
        midnight = datetime.fromtimestamp(self.opens, ZONE).replace(hour=0, minute=0, second=0)
        # Adding to a local time keeps the wall clock, so a clock change does not shift it.
        local = midnight + timedelta(days=int(day), seconds=round(hour * HOUR_S))
        return int(local.timestamp())

    def some_day(
        self,
        rng: np.random.Generator,
        *,
        weekdays: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6),
        early: float = 0.0,
        late: float = 1.0,
    ) -> int:
        """A whole day between the shares `early` and `late` of the period, on such a weekday."""
        first = datetime.fromtimestamp(self.opens, ZONE).weekday()
        window = range(1 + int(early * (self.days - 2)), max(2, int(late * (self.days - 1))))
        wanted = [day for day in window if (first + day) % 7 in weekdays]
        return int(rng.choice(wanted or list(window)))

    def inside(self, at: NDArray[np.int64]) -> NDArray[np.bool_]:
        """True where a moment lies in the period."""
        within: NDArray[np.bool_] = (at >= self.opens) & (at < self.closes)
        return within

    def _hour_index(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.clip((at - self.opens) // HOUR_S, 0, len(self.hours) - 1)


def _waves(rng: np.random.Generator, days: int) -> NDArray[np.float64]:
    """Interest hour by hour: strong at the opening, fading, and rising again before the end."""
    day = np.arange(days * 24) / 24
    fading = np.exp(-day / rng.uniform(3, 9))
    closing = rng.uniform(0.2, 0.9) * np.exp(-(days - day) / rng.uniform(0.8, 2.5))
    total: NDArray[np.float64] = rng.uniform(0.08, 0.3) + fading + closing
    return total

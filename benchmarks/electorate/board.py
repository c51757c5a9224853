"""What is voted on: ideas that appear over time, few of them loved and most of them not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.electorate.people import TOPICS
from benchmarks.electorate.rhythm import DAY_S, Period
from benchmarks.electorate.words import HOW, WHAT, WHERE, WHY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Board:
    """The ideas in the order of their creation."""

    created: NDArray[np.int64]
    weight: NDArray[np.float64]
    topic: NDArray[np.int64]
    author: NDArray[np.int64]  # index of a person

    @classmethod
    def draw(
        cls, rng: np.random.Generator, period: Period, *, ideas: int, people: int, spread: float
    ) -> Board:
        """`ideas` ideas by `people` people; `spread` is the sigma of their log-normal appeal.

        Some stand from before the opening; the others come in while people vote.
        """
        before = rng.integers(1, 20 * DAY_S, ideas)
        early = rng.random(ideas) < 0.55
        during = period.any_moments(rng, ideas)
        late_end = period.opens + int(0.8 * (period.closes - period.opens))
        created = np.where(early | (during > late_end), period.opens - before, during)
        created[: min(ideas, 8)] = period.opens - DAY_S
        return cls(
            np.sort(created),
            rng.lognormal(0, spread, ideas),
            rng.integers(0, TOPICS, ideas),
            rng.integers(0, people, ideas),
        )

    def pick(
        self, rng: np.random.Generator, at: NDArray[np.int64], topic: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """The idea that an unprompted visitor with that favourite topic votes for.

        Half follow the whole list's popularity, a third their own topic, some take what is newest.
        """
        there = np.searchsorted(self.created, at, side="right")
        total = np.concatenate([[0.0], np.cumsum(self.weight)])
        chosen = np.searchsorted(total, rng.random(len(at)) * total[there], side="right") - 1
        way = rng.random(len(at))
        for number in range(TOPICS):
            wanted = np.flatnonzero((way < 0.33) & (topic == number))
            ideas = np.flatnonzero(self.topic == number)
            if not len(wanted) or not len(ideas):
                continue
            open_ones = np.searchsorted(self.created[ideas], at[wanted], side="right")
            wanted, open_ones = wanted[open_ones > 0], open_ones[open_ones > 0]
            inner = np.concatenate([[0.0], np.cumsum(self.weight[ideas])])
            draw = rng.random(len(wanted)) * inner[open_ones]
            chosen[wanted] = ideas[np.searchsorted(inner, draw, side="right") - 1]
        newest = way > 0.88
        back = rng.exponential(5, newest.sum()).astype(np.int64)
        chosen[newest] = np.maximum(there[newest] - 1 - back, 0)
        picked: NDArray[np.int64] = np.clip(chosen, 0, there - 1)
        return picked

    def contenders(
        self, rng: np.random.Generator, n: int, *, until: float, period: Period
    ) -> NDArray[np.int64]:
        """`n` decent ideas, none of them the favourite, that exist by that share of the period.

        These are what people rally for, honestly or not: liked enough to be worth the trouble.
        """
        deadline = period.opens + int(until * (period.closes - period.opens))
        known = np.flatnonzero(self.created <= deadline)
        ranked = known[np.argsort(-self.weight[known], kind="stable")]
        room = ranked[2 : max(2 + 3 * n, min(len(ranked), 6 + len(ranked) // 3))]
        return np.sort(rng.choice(room, n, replace=False)).astype(np.int64)


def idea_words(rng: np.random.Generator, n: int) -> Iterator[tuple[str, str]]:
    """(title, text) of `n` ideas, in plain made-up German with a little English."""
    picks = rng.integers(0, 1 << 30, (n, 7))
    for a, b, c, d, e, f, g in picks.tolist():
        what, other = WHAT[a % len(WHAT)], WHAT[g % len(WHAT)]
        where, why = WHERE[b % len(WHERE)], WHY[c % len(WHY)]
        text = f"{what} {where}: {why}, {WHY[d % len(WHY)]}. {HOW[e % len(HOW)].capitalize()}"
        text += f"; dazu {other}, {HOW[f % len(HOW)]}."
        yield f"{what} {where} und {other}", text

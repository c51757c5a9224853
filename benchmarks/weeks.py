"""Made-up weeks of community life with known truth, to judge a storm warning by.

    python benchmarks/weeks.py storm_slow --seed 3 --size medium --truth truth.json > week.jsonl

writes four weeks of history and one week in which the story happens, as lines of a posts file
with labels (those of a classifier that errs now and then); `--truth` says beside it what should
be warned of. Written without knowledge of the detector, and to be kept so: whoever changes the
detector does not change these stories.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

if __package__ in (None, ""):  # run as a script: Python then looks only beside this file
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.weather import harmless, storms
from benchmarks.weather.lines import lines_of, rfc3339
from benchmarks.weather.quiet import live
from benchmarks.weather.rhythm import ZONES, midnight
from benchmarks.weather.town import SIZES, Post, Row, Town

HARMLESS: dict[str, harmless.Story] = {
    "quiet": harmless.tell_quiet,
    "praise_burst": harmless.tell_praise_burst,
    "launch": harmless.tell_launch,
    "contest": harmless.tell_contest,
    "one_troll": harmless.tell_one_troll,
    "bot_copies": harmless.tell_bot_copies,
    "outage_and_catch_up": harmless.tell_outage,
    "holiday_dip": harmless.tell_quiet,
    "clock_change": harmless.tell_quiet,
    "unrelated_news": harmless.tell_unrelated_news,
    "tv_evening": harmless.tell_tv_evening,
}
"""Weeks in which no storm alert may open."""

STORMS = {
    "storm_slow": storms.tell_slow,
    "storm_fast": storms.tell_fast,
    "storm_cross_platform": storms.tell_cross_platform,
    "storm_after_launch": storms.tell_after_launch,
    "storm_small_company": storms.tell_small_company,
    "storm_on_company_post": storms.tell_on_company_post,
}
"""Weeks in which one storm alert should open, soon after `rise` and well before `peak`."""

KINDS = (*HARMLESS, *STORMS)
COMPANY = ("facebook:company", "mastodon:company", "discourse:company", "youtube:company")
"""The company's own accounts in every week, for `replay --company`."""

_CHRISTMASES = ((2023, 12, 28), (2024, 12, 30), (2025, 12, 29))
_CLOCK_CHANGES = ((2024, 3, 28), (2024, 10, 24), (2025, 3, 27), (2025, 10, 23), (2026, 3, 26))


@dataclass(frozen=True, slots=True)
class Truth:
    """What really happened. Moments are UTC; None where there was nothing of the kind.

    The week under test is [`start`, `end`); before it lie four quiet weeks. `begins` is when
    the story of the week begins. Of a storm: `onset` is its first post, `rise` when an hour first
    held a tenth of what the worst hour held (three posts at least), `peak` the end of the worst
    hour, `over` when such hours ended, `storm_posts` how many posts it had.
    """

    kind: str
    seed: int
    size: str
    lang: str
    timezone: str
    expected: str
    start: datetime
    end: datetime
    begins: datetime | None
    onset: datetime | None = None
    rise: datetime | None = None
    peak: datetime | None = None
    over: datetime | None = None
    storm_posts: int = 0


@dataclass(frozen=True, slots=True)
class Week:
    """A week with its history as lines of a posts file, and the truth beside it."""

    lines: Sequence[Row]
    truth: Truth


@dataclass(frozen=True, slots=True)
class Case:
    """What a week is made from."""

    kind: str
    seed: int
    size: str
    lang: str

    def make(self) -> Week:
        """Make the week: some tenths of a second, seconds for a large one."""
        return make_week(self.kind, self.seed, self.size, self.lang)


def make_week(kind: str, seed: int = 1, size: str = "medium", lang: str = "de") -> Week:
    """Make one week; the same arguments give the same week. Raises KeyError for unknown words."""
    start = _start(kind, seed, lang)
    measures = SIZES[size]
    if kind == "storm_small_company":
        measures = replace(SIZES["small"], posts_per_day=3.0)
    town = Town(random.Random(f"{seed} {size} {lang} {start}"), lang, measures, start)
    if kind == "holiday_dip":
        live(town, harmless.holiday(start, lang))
    else:
        live(town)
    rng = random.Random(f"{kind} {seed} {size} {lang}")
    truth = Truth(kind, seed, size, lang, str(ZONES[lang]), "none", town.start, town.end, None)
    if kind in STORMS:
        truth = _storm_truth(truth, STORMS[kind](town, rng))
    else:
        truth = replace(truth, begins=HARMLESS[kind](town, rng))
    return Week(list(lines_of(town)), truth)


def negative_cases(count: int = 100, first_seed: int = 1) -> Iterator[Case]:
    """Yield cases without a storm, all kinds, sizes and languages in turn; nothing is made yet."""
    return _in_turn(tuple(HARMLESS), count, first_seed)


def storm_cases(count: int = 60, first_seed: int = 1) -> Iterator[Case]:
    """Yield cases with a storm, all kinds, sizes and languages in turn; nothing is made yet."""
    return _in_turn(tuple(STORMS), count, first_seed)


def negative_weeks(count: int = 100, first_seed: int = 1) -> Iterator[Week]:
    """Yield the weeks of `negative_cases`, made one after the other."""
    return (case.make() for case in negative_cases(count, first_seed))


def storm_weeks(count: int = 60, first_seed: int = 1) -> Iterator[Week]:
    """Yield the weeks of `storm_cases`, made one after the other."""
    return (case.make() for case in storm_cases(count, first_seed))


def _in_turn(kinds: Sequence[str], count: int, first_seed: int) -> Iterator[Case]:
    sizes = ("medium", "small", "medium", "large", "small")
    for number in range(count):
        lap = number // len(kinds)
        size = sizes[(number + lap) % len(sizes)]
        lang = ("de", "en")[(number + lap // 2) % 2]
        yield Case(kinds[number % len(kinds)], first_seed + number, size, lang)


def _start(kind: str, seed: int, lang: str) -> datetime:
    """Return the first moment of the week: a Monday, or just before what the calendar brings."""
    rng = random.Random(f"{kind in ('holiday_dip', 'clock_change') and kind} {seed}")
    if kind == "holiday_dip":
        return midnight(*rng.choice(_CHRISTMASES), lang)
    if kind == "clock_change":
        return midnight(*rng.choice(_CLOCK_CHANGES), lang)
    monday = datetime(2025, 1, 27) + timedelta(weeks=rng.randint(0, 44))  # noqa: DTZ001 - a date
    return midnight(monday.year, monday.month, monday.day, lang)


def _storm_truth(truth: Truth, posts: Sequence[Post]) -> Truth:
    moments = sorted(post.at for post in posts)
    hour = timedelta(hours=1)
    counts, first = [], 0
    for last, at in enumerate(moments):
        while moments[first] <= at - hour:
            first += 1
        counts.append(last - first + 1)
    worst = max(counts)
    rising = max(3, worst / 10)
    high = [at for at, count in zip(moments, counts, strict=True) if count >= rising]
    return replace(
        truth, expected="storm", begins=moments[0], onset=moments[0], rise=high[0],
        peak=moments[counts.index(worst)], over=high[-1], storm_posts=len(moments),
    )  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Write one week to stdout."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("kind", choices=KINDS, metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same week")
    parser.add_argument("--size", choices=list(SIZES), default="medium")
    parser.add_argument("--lang", choices=list(ZONES), default="de")
    parser.add_argument("--truth", type=Path, help="where to write what should be warned of (JSON)")
    wish = parser.parse_args(arguments)
    week = make_week(wish.kind, wish.seed, wish.size, wish.lang)
    for line in week.lines:
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    if wish.truth:
        told = {name: rfc3339(value) if isinstance(value, datetime) else value
                for name, value in asdict(week.truth).items()}  # fmt: skip
        wish.truth.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

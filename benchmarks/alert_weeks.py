"""How good is the storm warning on made-up weeks with known truth? A part of `alerts.py`.

The weeks come from `weeks.py`, whose author has not seen the detector; it is run here as anybody
would run it, and only its files are read. Weeks with seeds up to 20 were looked at while the
thresholds were chosen; what the page reports uses others.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

from models.base import Classifier
from monitor.alerts.settings import RuleSettings
from monitor.replay import load_file, replay

HOUR = timedelta(hours=1)
GENERATOR = Path(__file__).with_name("weeks.py")
NEGATIVES = (
    "quiet",
    "praise_burst",
    "launch",
    "contest",
    "one_troll",
    "bot_copies",
    "outage_and_catch_up",
    "holiday_dip",
    "clock_change",
    "unrelated_news",
    "tv_evening",
)
STORMS = (
    "storm_slow",
    "storm_fast",
    "storm_cross_platform",
    "storm_after_launch",
    "storm_small_company",
    "storm_on_company_post",
)
WEEKS_TITLE = "## The examiner's weeks"
GOAL_H = 3.0
"""Hours after the rise within which a storm shall be told."""


@dataclass(frozen=True)
class Week:
    """Which week: its story, its seed, the size of the company, the language."""

    kind: str
    seed: int
    size: str
    lang: str


@dataclass(frozen=True)
class Judged:
    """What was told in a week.

    `alerts` is how many storm alerts were opened. `delay_h` and `lead_h` are hours after the rise
    and before the peak of the first one between onset and end of the storm, None where it was
    missed or there is none.
    """

    week: Week
    alerts: int
    delay_h: float | None = None
    lead_h: float | None = None


def judge(week: Week) -> Judged:
    """Make a week, walk it with the simulated clock, compare what was told with the truth."""
    rows, truth = make(week)
    store, deletions, imported = load_file(
        enumerate(rows, start=1), "week", no_classifier, now=datetime(2026, 1, 1, tzinfo=UTC)
    )
    assert not imported.rejected, "the generator writes readable lines"
    start, end = moment(truth, "start"), moment(truth, "end")
    told = replay(
        store.db,
        settings=RuleSettings(),
        zone=ZoneInfo(truth["timezone"]),
        start=start,
        end=end,
        deletions=deletions,
    )
    opened = [e.at for e in told if e.event == "opened" and e.alert.rule == "storm"]
    if truth["expected"] == "none":
        return Judged(week, len(opened))
    onset, over = moment(truth, "onset"), moment(truth, "over")
    inside = [at for at in opened if onset <= at < over]
    if not inside:
        return Judged(week, len(opened))
    delay, lead = inside[0] - moment(truth, "rise"), moment(truth, "peak") - inside[0]
    return Judged(week, len(opened), delay / HOUR, lead / HOUR)


def make(week: Week) -> tuple[list[dict[str, object]], dict[str, str]]:
    """Return the rows of a week and its truth, as the generator writes them."""
    with tempfile.TemporaryDirectory() as folder:
        truth = Path(folder) / "truth.json"
        command = [sys.executable, str(GENERATOR), week.kind, "--seed", str(week.seed)]
        command += ["--size", week.size, "--lang", week.lang, "--truth", str(truth)]
        written = subprocess.run(command, capture_output=True, check=True).stdout
        rows = [json.loads(line) for line in written.splitlines()]
        return rows, json.loads(truth.read_text())


def moment(truth: dict[str, str], name: str) -> datetime:
    return datetime.fromisoformat(truth[name])


def no_classifier() -> Classifier:
    raise AssertionError("the generator labels every row")


def weeks_page(seeds: Sequence[int], sizes: Sequence[str]) -> list[str]:
    """Judge all stories with these seeds and sizes, odd seeds in German, even ones in English."""
    weeks = [
        Week(kind, seed, size, "de" if seed % 2 else "en")
        for kind, size, seed in product((*NEGATIVES, *STORMS), sizes, seeds)
    ]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        judged = list(pool.map(judge, weeks))
    calm = [one for one in judged if one.week.kind in NEGATIVES]
    storms = [one for one in judged if one.week.kind in STORMS]
    return [
        WEEKS_TITLE,
        "",
        "Made up, with known truth, by a generator whose author has not seen the detector.",
        "",
        "    python benchmarks/alerts.py --weeks-only "
        f"--seeds {seeds[0]} {seeds[-1]} --sizes {' '.join(sizes)}",
        "",
        f"Four weeks of history and one in which the story happens; seeds {seeds[0]} to "
        f"{seeds[-1]}, sizes {' and '.join(sizes)}. Seeds up to 20 were used to choose thresholds, "
        "none of these.",
        "",
        f"**No storm:** {sum(one.alerts for one in calm)} storm alerts (level 3 or above) in "
        f"{len(calm)} weeks ({len(NEGATIVES)} stories).",
        "",
        f"**Storm:** {summary(storms)}",
        "",
        *table(CALM_HEAD, [calm_row(some) for some in by_story(calm)]),
        "",
        *table(STORM_HEAD, [storm_row(some) for some in by_story(storms)]),
        "",
        f"One alert within {GOAL_H:g} hours of the rise, and none without a storm: "
        + unmet(storms, calm),
        "",
    ]


CALM_HEAD = ("no storm", "size", "weeks", "storm alerts")
STORM_HEAD = (
    "storm",
    "size",
    "found",
    f"within {GOAL_H:g} h of the rise",
    "delay, median (h)",
    "delay, worst (h)",
    "lead before the peak, median (h)",
    "told before the peak",
    "one alert only",
)


def by_story(judged: Sequence[Judged]) -> list[list[Judged]]:
    stories = dict.fromkeys((one.week.kind, one.week.size) for one in judged)
    return [[one for one in judged if (one.week.kind, one.week.size) == its] for its in stories]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def summary(storms: Sequence[Judged]) -> str:
    delays, leads = delays_of(storms), leads_of(storms)
    timely = sum(delay <= GOAL_H for delay in delays)
    return (
        f"{len(delays)} of {len(storms)} found, {timely} within {GOAL_H:g} hours of the rise; "
        f"delay after the rise: median {median(delays):.1f} h, worst {max(delays):.1f} h; lead "
        f"before the peak: median {median(leads):.1f} h, {sum(lead > 0 for lead in leads)} told "
        f"before it."
    )


def unmet(storms: Sequence[Judged], calm: Sequence[Judged]) -> str:
    """Say where the goal was not met, week by week, so that each can be looked at."""
    late = [one for one in storms if one.delay_h is None or one.delay_h > GOAL_H]
    many = [one for one in storms if one.alerts != 1 and one not in late]
    false = [one for one in calm if one.alerts]
    if not (late or many or false):
        return "met in all of these weeks."
    parts = [("late or missed", late), ("more than one alert", many), ("false alarm", false)]
    named = [f"{what}: {', '.join(map(name_of, which))}" for what, which in parts if which]
    return "not met in all of these weeks. " + "; ".join(named) + "."


def name_of(one: Judged) -> str:
    delay = "" if one.delay_h is None else f", {one.delay_h:.1f} h"
    return f"`{one.week.kind}` {one.week.seed} ({one.week.size}{delay})"


def delays_of(judged: Iterable[Judged]) -> list[float]:
    return [one.delay_h for one in judged if one.delay_h is not None]


def leads_of(judged: Iterable[Judged]) -> list[float]:
    return [one.lead_h for one in judged if one.lead_h is not None]


def calm_row(judged: Sequence[Judged]) -> list[str]:
    week = judged[0].week
    return [week.kind, week.size, str(len(judged)), str(sum(one.alerts for one in judged))]


def storm_row(judged: Sequence[Judged]) -> list[str]:
    delays, leads = delays_of(judged), leads_of(judged)
    week, many, once = judged[0].week, len(judged), sum(one.alerts == 1 for one in judged)
    if not delays:
        return [week.kind, week.size, f"0/{many}", f"0/{many}", "", "", "", "", f"{once}/{many}"]
    return [
        week.kind,
        week.size,
        f"{len(delays)}/{many}",
        f"{sum(delay <= GOAL_H for delay in delays)}/{many}",
        f"{median(delays):.1f}",
        f"{max(delays):.1f}",
        f"{median(leads):.1f}",
        f"{sum(lead > 0 for lead in leads)}/{many}",
        f"{once}/{many}",
    ]

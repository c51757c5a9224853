"""What speaks for a storm and what against it: the signs of a window beside what is usual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from monitor.alerts.baselines import Baselines
from monitor.alerts.matter import UNREAD, Matter, find_matter
from monitor.alerts.settings import RuleSettings, StormThresholds
from monitor.alerts.tails import share_interval, share_surprise
from monitor.alerts.voices import (
    Rows,
    Voices,
    find_voices,
    in_window,
    newcomers,
    now_ms,
    originals,
    without_leaks,
)
from monitor.types.observation import (
    COMPANY,
    NEGATIVE,
    POSITIVE,
    THIRD_PARTY,
    Ints,
    Observation,
    PostColumns,
)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the window holds, beside what is usual. None is unknown, never nought."""

    voices: int
    usual_voices: float
    before: int
    rarity: float
    share: float
    share_low: float
    usual_share: float
    surprise: float
    history_h: float
    new_authors: float | None
    platforms: int
    hostile: float
    usual_hostile: float
    calls: float
    slogan: float
    removal_talk: float
    press: int
    usual_press: float
    reach: float | None
    removed: int
    repeat_critics: int
    any_critic: bool
    loudest: float = 0.0
    matter: Matter = UNREAD
    window: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What all windows of one moment share.

    `original` marks first posts of their text; `usual_six` is the critics that six hours usually
    bring, `rarity` how far criticism lies above its daily peaks, `prior` the beta distribution of
    the negative share, `history_h` for how long the company has been watched.
    """

    observation: Observation
    at: int
    original: Rows
    rarity: float
    usual_six: float
    prior: tuple[float, float]
    history_h: float
    press: int
    usual_press: float
    repeat_critics: int
    any_critic: bool

    def voices(self, length: timedelta, end: int | None = None) -> Voices:
        """Return who spoke in the `length` before `end` (ms; default: now)."""
        posts = self.observation.posts
        rows = in_window(posts, self.at if end is None else end, length)
        heard = find_voices(posts.where(rows), self.original[rows])
        return without_leaks(heard, self.observation.strays)


def look_around(observation: Observation, baselines: Baselines) -> Scene:
    """Return what the windows of this moment share."""
    posts, at = observation.posts, now_ms(observation)
    day = posts.where(in_window(posts, at, DAY))
    a, b = baselines.usual_share()
    critical = (day.sentiment == NEGATIVE) & (day.role != COMPANY)
    quiet = Scene(
        observation=observation,
        at=at,
        original=originals(posts),
        rarity=0.0,
        usual_six=0.0,
        prior=(float(a[-1]), float(b[-1])),
        history_h=float(baselines.known_hours[-1]),
        press=_press(day, observation.press),
        usual_press=_usual_press(observation, baselines),
        repeat_critics=_repeat_critics(day.author[critical]),
        any_critic=bool(critical.any()),
    )
    hours = np.full(baselines.sources + 2, np.nan)
    sixes = hours.copy()
    hours[-1], sixes[-1] = quiet.voices(HOUR).critical, quiet.voices(6 * HOUR).critical
    reading = baselines.look(hours, sixes, observation.now)
    return replace(
        quiet,
        rarity=float(reading.rarity[-1]),
        usual_six=float(np.nan_to_num(reading.window_expected[-1])),
    )


def gather(
    scene: Scene,
    settings: RuleSettings,
    thresholds: StormThresholds,
    *,
    window: timedelta,
    removed: int = 0,
) -> tuple[Evidence, Voices]:
    """Count the signs of the last `window`."""
    heard = scene.voices(window)
    critics = heard.posts
    a, b = scene.prior
    low, _ = share_interval(heard.critical, heard.labelled)
    tagged = critics.tag[critics.tag >= 0]
    top_tag = int(np.bincount(tagged).max()) if len(tagged) else 0
    evidence = Evidence(
        matter=_matter(heard, scene, settings, thresholds),
        voices=heard.critical,
        usual_voices=scene.usual_six / 6 * (window / HOUR),
        before=scene.voices(window, scene.at - _ms(window)).critical,
        rarity=scene.rarity,
        share=heard.share,
        share_low=low,
        usual_share=a / (a + b),
        surprise=share_surprise(heard.critical, heard.labelled, a, b),
        history_h=scene.history_h,
        new_authors=newcomers(critics, scene.at, scene.history_h, settings.min_history / HOUR),
        platforms=_platforms(heard, thresholds),
        hostile=_share(critics.toxic),
        usual_hostile=_usual_hostile(scene.observation, scene.at, window),
        calls=_share(critics.call),
        slogan=top_tag / len(critics) if top_tag >= thresholds.platform_voices else 0.0,
        removal_talk=_share(critics.about_removal),
        press=scene.press,
        usual_press=scene.usual_press,
        reach=_reach(critics.followers),
        removed=removed,
        repeat_critics=scene.repeat_critics,
        loudest=heard.loudest,
        window=window,
        any_critic=scene.any_critic,
    )
    return evidence, heard


def _matter(heard: Voices, scene: Scene, settings: RuleSettings, t: StormThresholds) -> Matter:
    """Read the critics' words where a storm is possible at all: it is what costs most."""
    a, b = scene.prior
    if heard.critical < t.voices or heard.share < a / (a + b) + t.held_above_usual:
        return UNREAD
    return find_matter(heard.posts.words.tolist(), scene.observation.earlier, settings.names)


def _platforms(window: Voices, t: StormThresholds) -> int:
    least = max(t.platform_voices, t.platform_share * window.critical)
    return int((np.bincount(window.posts.platform, minlength=1) >= least).sum())


def _press(day: PostColumns, press: Sequence[bool]) -> int:
    """Count the press's reports of the last day that are not friendly."""
    told = (day.role == THIRD_PARTY) & (day.sentiment != POSITIVE)
    told &= np.array(press, dtype=bool)[day.platform]
    return int(told.sum())


def _usual_press(observation: Observation, baselines: Baselines) -> float:
    """Return how many posts a day the press's sources usually bring."""
    posts = observation.posts
    press = np.array(observation.press, dtype=bool)[posts.platform]
    sources = np.unique(posts.source[press])
    day = baselines.expected_since(np.full(baselines.sources, 24.0), observation.now)
    return float(day[sources].sum())


def _reach(followers: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float | None:
    known = followers[~np.isnan(followers)]
    return float(known.max()) if len(known) else None


def _usual_hostile(observation: Observation, at: int, window: timedelta) -> float:
    """Return the hostile share of the critics of the last day before the window."""
    posts = observation.posts
    earlier = posts.created <= at - _ms(window)
    rows = earlier & (posts.sentiment == NEGATIVE) & (posts.role != COMPANY)
    return (float(posts.toxic[rows].sum()) + 0.5) / (float(rows.sum()) + 10.0)


def _repeat_critics(authors: Ints) -> int:
    """Count people who were critical at least twice; `authors` are those of critical posts."""
    _, counts = np.unique(authors[authors >= 0], return_counts=True)
    return int((counts >= 2).sum())


def _share(flags: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    return float(flags.mean()) if len(flags) else 0.0


def _ms(span: timedelta) -> int:
    return round(span.total_seconds() * 1000)

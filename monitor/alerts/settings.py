"""Thresholds of the rules, in one place, so that they can be shown, tuned and explained.

The Shitstorm-Skala of Graf and Schwede (Feinheit, 2012) has names for its levels and no numbers.
Every number here is ours, and is shown as ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

USUAL_WINDOW = timedelta(hours=3)
"""What a storm is counted in: sizes of alerts are critical voices in so many hours."""


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """What the rules need to know of the configuration, and their thresholds.

    `volume_rarity` is in deviations above the usual daily peak, `*_surprise` in -log10 of a
    probability, shares are 0..1. `names` are words that mean the company itself.
    """

    storm_level: int = 3
    quiet_period: timedelta = timedelta(hours=6)
    min_history: timedelta = timedelta(days=7)
    budget_per_week: float = 2.0
    good_rate: tuple[float, float] = (0.03, 0.08)
    silent_after: timedelta = timedelta(days=1)
    volume_rarity: float = 2.0
    volume_least: int = 10
    sentiment_surprise: float = 4.0
    sentiment_least: int = 8
    sentiment_authors: int = 5
    engagement_surprise: float = 3.0
    silence_surprise: float = 8.0
    removed_least: int = 3
    removed_within: timedelta = timedelta(days=7)
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StormThresholds:
    """When criticism becomes a storm. `held` thresholds apply while one is on (hysteresis).

    Of the `windows` the first is the usual one: it holds a storm that is on, and speaks where it
    sees as much as the others. The short one sees a fast rise early; the long one sees a slow
    rise of few voices, such as one overnight at a small company.

    `rarity` (deviations above the usual daily peak of criticism) and half the `surprise` (-log10
    of the chance of such a share) must reach `together`: either may be weak, not both. Whoever
    looks three times is fooled more often: a window beside the usual one must reach
    `together_beside`.

    Below `crowd_voices` new authors and platforms alone are no storm where the critics share no
    more words than usual (`matter`, a share of them, and so far above the usual share).

    A storm that is on is held by `held_times_usual`, at large volumes already by `held_deviations`
    (square roots of the usual number) above the usual.

    Below `few_voices` one further sign may be chance: it takes `few_families` of them. Where the
    two most active authors wrote more than `loudest` of the criticism, it is a quarrel.
    """

    windows: tuple[timedelta, ...] = (USUAL_WINDOW, timedelta(hours=1), timedelta(hours=6))
    voices: int = 7
    times_usual: float = 3.0
    rarity: float = 1.0
    surprise: float = 2.0
    together: float = 3.4
    together_beside: float = 3.8
    loudest: float = 0.5
    few_voices: int = 10
    few_families: int = 2
    share_above_usual: float = 0.15
    low_above_usual: float = 0.05
    least_share: float = 0.35
    held_voices: int = 4
    held_times_usual: float = 2.0
    held_deviations: float = 5.0
    held_above_usual: float = 0.10
    cold_voices: int = 15
    cold_history_h: float = 6.0
    cold_share: float = 0.40
    new_authors: float = 0.5
    matter: float = 0.30
    matter_above: float = 0.15
    crowd_voices: int = 25
    platform_share: float = 0.15
    platform_voices: int = 3
    hostile: float = 0.25
    calls: float = 0.10
    slogan: float = 0.20
    removal_talk: float = 0.05
    reach: float = 10_000.0
    majority: float = 0.5
    majority_voices: int = 15
    strong_voices: int = 20
    strong_times_usual: float = 5.0
    strong_families: int = 3
    campaign_voices: int = 30
    campaign_slogan: float = 0.20
    hurricane_hostile: float = 0.5
    hurricane_press: int = 2

"""Is a post's resonance unusual for its account, at its age? Gamma-Poisson shrinkage.

A rate of a small page is mostly chance; so each post is compared with what the page's earlier
posts make likely: interactions are Poisson around a rate that itself varies from post to post
(gamma). Posts are compared at equal age, since likes ripen for days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np
from scipy import special

from monitor.alerts.settings import RuleSettings
from monitor.alerts.tails import count_surprise
from monitor.types.alerts import Finding, Part
from monitor.types.observation import Floats, Resonance

RIPE_H = 72.0
"""Age in hours at which a post counts as ripe."""

YOUNGEST_H = 1.0
ONE_DAY = timedelta(days=1)
OLDEST_JUDGED = timedelta(days=4)
LEAST_POSTS = 12
RARE = 0.03
"""Share of the earlier posts that may have done as well (or as badly) for it to be news."""

MOST_POSTS = 90
SURE = 0.8
FINAL_H = 0.25
"""A look this soon that is the only one, and not nought, is an export's: the final numbers.

Only after a day, though: a live post has been looked at once, too, when it is new.
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """How engaged an account's followers usually are: a gamma distribution of the rate.

    `shape` / `rate` is the mean share of followers (0.05 is 5 %), `posts` how many it rests on.
    """

    shape: float
    rate: float
    posts: int

    @property
    def mean(self) -> float:
        """Interactions per follower."""
        return self.shape / self.rate


def fit_rate(interactions: Floats, followers: Floats) -> Rate:
    """Estimate the gamma of an account's rates by the method of moments.

    Both arrays hold one entry a post; followers are more than 0. The prior never weighs more
    than fifty posts, so that a new level is believed in time.
    """
    mean = float(max(interactions.sum(), 0.5) / followers.sum())
    spread = float(
        (followers * (interactions / followers - mean) ** 2).sum() / followers.sum()
        - mean * len(followers) / followers.sum()
    )
    rate = min(mean / max(spread, 1e-12), 50 * float(followers.mean()))
    return Rate(mean * rate, rate, len(followers))


def band(interactions: int, followers: int, usual: Rate, good: tuple[float, float]) -> Band:
    """Say whether the rate is good (`good` are shares, 0.03 to 0.08) where that is 80 % sure."""
    shape, rate = usual.shape + interactions, usual.rate + followers
    below_low = float(special.gammainc(shape, rate * good[0]))
    below_high = float(special.gammainc(shape, rate * good[1]))
    if below_high - below_low >= SURE:
        return "good"
    if below_low >= SURE:
        return "low"
    return "high" if 1 - below_high >= SURE else "too few data"


Band = Literal["low", "good", "high", "too few data"]


def at_age(post: Resonance, age_h: float) -> float | None:
    """Return interactions at an age: straight between two looks, None beyond what was seen."""
    looks = post.looks
    if not looks:
        return None
    if _is_final(post):
        return float(looks[-1].interactions)
    if age_h > looks[-1].age_h:
        # Looks thin out with age; a ripe post hardly moves any more.
        return float(looks[-1].interactions) if looks[-1].age_h >= 0.8 * age_h else None
    ages = np.array([0.0, *(look.age_h for look in looks)])
    seen = np.array([0.0, *(float(max(look.interactions, 0)) for look in looks)])
    return float(np.interp(age_h, ages, np.maximum.accumulate(seen)))


def _is_final(post: Resonance) -> bool:
    only = post.looks[0] if len(post.looks) == 1 else None
    return only is not None and only.age_h <= FINAL_H and only.interactions > 0


def unusual_posts(
    posts: Sequence[Resonance], now: datetime, settings: RuleSettings
) -> list[Finding]:
    """Find young posts of the company whose resonance its account's earlier posts do not explain.

    A low one is only said when it is a day old: some posts take off late.
    """
    by_source: dict[str, list[Resonance]] = {}
    for post in posts:
        just_seen = _is_final(post) and now - post.created < ONE_DAY
        if post.followers and post.followers > 0 and post.looks and not just_seen:
            by_source.setdefault(post.source, []).append(post)
    findings = []
    for source, mine in by_source.items():
        mine.sort(key=lambda post: post.created)
        findings += _unusual_of(source, mine[-MOST_POSTS:], now, settings)
    return findings


def _unusual_of(
    source: str, posts: list[Resonance], now: datetime, settings: RuleSettings
) -> list[Finding]:
    findings = []
    for n, post in enumerate(posts):
        look = post.looks[-1]
        age_h = RIPE_H if _is_final(post) else min(look.age_h, RIPE_H)
        if now - post.created > OLDEST_JUDGED or age_h < YOUNGEST_H or n < LEAST_POSTS:
            continue
        finding = judge(source, post, posts[:n], age_h, settings)
        if finding is not None:
            findings.append(finding)
    return findings


def judge(
    source: str,
    post: Resonance,
    earlier: Sequence[Resonance],
    age_h: float,
    settings: RuleSettings,
) -> Finding | None:
    """Compare one post with earlier ones of its account at the same age in hours."""
    pairs = [(at_age(other, age_h), other.followers) for other in earlier]
    known = [(y, f) for y, f in pairs if y is not None and f]
    interactions = at_age(post, age_h)
    if len(known) < LEAST_POSTS or interactions is None or not post.followers:
        return None
    usual = fit_rate(np.array([y for y, _ in known]), np.array([float(f) for _, f in known]))
    low, high = count_surprise(
        round(interactions), usual.shape, usual.rate / (usual.rate + post.followers)
    )
    rates = np.array([y / f for y, f in known])
    rate = interactions / post.followers
    better, worse = float((rates >= rate).mean()), float((rates <= rate).mean())
    rule: Literal["engagement_high", "engagement_low"]
    if high >= settings.engagement_surprise and better <= RARE:
        rule, surprise = "engagement_high", high
    elif low >= settings.engagement_surprise and worse <= RARE and age_h >= 24:
        rule, surprise = "engagement_low", low
    else:
        return None
    return Finding(
        rule=rule,
        source=source,
        subject=post.uid,
        score=surprise,
        size=round(interactions),
        parts=(
            Part("engagement_rate", round(100 * rate, 2), round(100 * usual.mean, 2), 1.0),
            Part("interactions", round(interactions), round(usual.mean * post.followers, 1), 0.5),
            Part("age_hours", round(age_h, 1), None, 0.0),
            Part("surprise", round(surprise, 1), settings.engagement_surprise, 1.0),
        ),
        posts=(post.uid,),
    )

"""Is this a shitstorm? Evidence of several families, and rules that turn it into a level 0 to 6.

The scale is the Shitstorm-Skala of Graf and Schwede (Feinheit, 2012), whose levels are words:
0 no criticism, 1 single critics, 2 repeated criticism, 3 lasting criticism with a growing echo,
4 protest groups, 5 a campaign with the critics in the majority, 6 unchecked and hostile. The
numbers are ours (`StormThresholds`).

Volume alone never makes a storm: criticism must be unusual in number *and* in share, come from
different people in their own words, and show at least one more sign.
"""

from __future__ import annotations

from datetime import timedelta
from math import sqrt

import numpy as np

from monitor.alerts.baselines import Baselines
from monitor.alerts.evidence import Evidence, gather, look_around
from monitor.alerts.matter import Matter
from monitor.alerts.settings import RuleSettings, StormThresholds
from monitor.alerts.voices import Voices
from monitor.types.alerts import Finding, Part
from monitor.types.observation import Observation

HOUR = timedelta(hours=1)
EXAMPLES = 5


def judge(
    observation: Observation,
    baselines: Baselines,
    settings: RuleSettings,
    thresholds: StormThresholds,
    *,
    removed: int = 0,
    held: bool = False,
) -> Finding:
    """Return the storm finding of this moment, with its level and every part that speaks for it.

    `removed` is how many critical posts were removed by moderators lately; `held` says that a
    storm alert is open, so that the lower thresholds apply.
    """
    scene = look_around(observation, baselines)
    looks = [
        gather(scene, settings, thresholds, window=window, removed=removed)
        for window in thresholds.windows
    ]
    # A storm that is on is held by the usual window only: an hour's chance cannot keep it up.
    levels = [
        level_of(evidence, settings, thresholds, held=held and window == thresholds.windows[0])
        for (evidence, _), window in zip(looks, thresholds.windows, strict=True)
    ]
    level = max(levels)
    # The usual window speaks unless only another one sees the rise yet.
    evidence, voices = looks[levels.index(level)]
    return Finding(
        rule="storm",
        level=level,
        score=evidence.rarity,
        # Always of one window, so that sizes of a storm can be compared; parts name their own.
        size=looks[0][0].voices,
        parts=parts_of(evidence, thresholds),
        posts=_examples(voices),
    )


def level_of(e: Evidence, settings: RuleSettings, t: StormThresholds, *, held: bool = False) -> int:
    """Return the level 0..6; the first rule that holds, from the top."""
    if is_wave(e, settings, t, held=held) and is_turned(e, t, held=held):
        # To speak of one matter proves nothing by itself: those who answer a troll do so too.
        signs = families(e, t) - {"matter"}
        enough = len(signs) >= (t.few_families if e.voices < t.few_voices else 1)
        grave = enough and is_more_than_a_crowd(e, signs, t)
        campaign = e.slogan >= t.campaign_slogan or e.calls >= t.campaign_slogan
        if (
            e.share_low > t.majority
            and e.platforms >= 2
            and campaign
            and e.voices >= t.campaign_voices
        ):
            hurricane = e.hostile >= t.hurricane_hostile and e.press >= t.hurricane_press
            return 6 if hurricane else 5
        strong = e.voices >= max(t.strong_voices, t.strong_times_usual * e.usual_voices)
        if grave and strong and len(signs) >= t.strong_families:
            return 4
        if grave and e.removed >= settings.removed_least:
            return 4
        if grave or held:
            return 3
        return 2
    if e.surprise >= t.surprise and e.voices >= t.held_voices:
        return 2
    if e.repeat_critics >= 3:
        return 2
    return int(e.any_critic)


def is_wave(e: Evidence, settings: RuleSettings, t: StormThresholds, *, held: bool) -> bool:
    """Whether unusually many different people are critical."""
    if e.loudest > t.loudest and e.voices < t.strong_voices:
        # One or two people and those who answer them: a quarrel, no storm.
        return False
    if held:
        # Where hundreds of voices are usual, twice as many is more than a storm that goes on.
        more = min(
            (t.held_times_usual - 1) * e.usual_voices, t.held_deviations * sqrt(e.usual_voices)
        )
        return e.voices >= max(t.held_voices, e.usual_voices + more)
    if e.history_h < 24:
        # Nothing is usual yet: only a clear rise within the hours that we have seen counts. The
        # long window has no earlier one beside it to rise above.
        return (
            e.history_h >= t.cold_history_h
            and e.window <= t.windows[0]
            and e.voices >= max(t.cold_voices, t.times_usual * (e.before + 1))
            and e.share_low >= t.cold_share
        )
    together = t.together if e.window == t.windows[0] else t.together_beside
    return (
        e.voices >= max(t.voices, t.times_usual * e.usual_voices)
        and e.rarity >= t.rarity
        and e.rarity + e.surprise / 2 >= together
    )


def is_turned(e: Evidence, t: StormThresholds, *, held: bool) -> bool:
    """Whether the mood has turned: the critics' share is beyond what chance and habit explain."""
    if held:
        return e.share >= e.usual_share + t.held_above_usual
    return (
        e.surprise >= t.surprise
        and e.share >= max(t.least_share, e.usual_share + t.share_above_usual)
        and e.share_low >= e.usual_share + t.low_above_usual
    )


def families(e: Evidence, t: StormThresholds) -> frozenset[str]:
    """Return the further signs that hold, by name."""
    signs = {
        "new_authors": e.new_authors is not None and e.new_authors >= t.new_authors,
        "platforms": e.platforms >= 2,
        "hostile_tone": e.hostile >= max(t.hostile, 2 * e.usual_hostile),
        "calls_to_act": e.calls >= t.calls and e.calls * e.voices >= t.platform_voices,
        "slogan": e.slogan >= t.slogan,
        "matter": speaks_of_one_matter(e.matter, t),
        "press": e.press >= 1 + 2 * e.usual_press,
        "reach": e.reach is not None and e.reach >= t.reach,
        "removal_talk": e.removal_talk >= t.removal_talk
        and e.removal_talk * e.voices >= t.platform_voices,
        "removed_criticism": e.removed > 0,
        "majority": e.share_low > t.majority and e.voices >= t.majority_voices,
    }
    return frozenset(name for name, holds in signs.items() if holds)


def speaks_of_one_matter(matter: Matter, t: StormThresholds) -> bool:
    """Whether enough of the critics share words, and more than as many usually do."""
    return is_above_usual(matter, t) and (matter.share or 0.0) >= t.matter


def is_above_usual(matter: Matter, t: StormThresholds) -> bool:
    """Whether the critics share more words than as many usually do, be they few."""
    return (matter.share or 0.0) >= (matter.usual or 0.0) + t.matter_above


def is_more_than_a_crowd(e: Evidence, signs: frozenset[str], t: StormThresholds) -> bool:
    """Whether something beside new people on several platforms speaks for a storm.

    Where most critics are strangers and write in several places on any day, these two signs come
    for free: at few voices they count only beside another one. Where the texts cannot tell what
    is usual they have to do.
    """
    unknown = e.matter.usual is None
    if e.voices >= t.crowd_voices or unknown or is_above_usual(e.matter, t):
        return True
    return bool(signs - {"new_authors", "platforms"})


WEIGHTS = {
    "volume": 1.0,
    "negative_share": 1.0,
    "new_authors": 0.7,
    "platforms": 0.6,
    "matter": 0.8,
    "press": 0.6,
    "calls_to_act": 0.5,
    "slogan": 0.5,
    "removal_talk": 0.5,
    "removed_criticism": 0.5,
    "hostile_tone": 0.4,
    "reach": 0.4,
}
"""How much a part carries the alert when it holds; a part that does not hold weighs 0."""


def parts_of(e: Evidence, t: StormThresholds) -> tuple[Part, ...]:
    """Return every part with its value beside the usual one; parts without data have None."""
    holding = families(e, t)
    counted = e.voices >= t.times_usual * e.usual_voices and e.voices >= t.voices
    share_turned = e.share_low >= e.usual_share + t.low_above_usual
    values: dict[str, tuple[float | None, float | None, bool]] = {
        "volume": (e.voices, round(e.usual_voices, 2), counted),
        "negative_share": (round(e.share, 3), round(e.usual_share, 3), share_turned),
        "new_authors": (
            None if e.new_authors is None else round(e.new_authors, 3),
            t.new_authors,
            "new_authors" in holding,
        ),
        "platforms": (e.platforms, 1, "platforms" in holding),
        "matter": (_rounded(e.matter.share), _rounded(e.matter.usual), "matter" in holding),
        "press": (e.press, round(e.usual_press, 2), "press" in holding),
        "calls_to_act": (round(e.calls, 3), t.calls, "calls_to_act" in holding),
        "slogan": (round(e.slogan, 3), t.slogan, "slogan" in holding),
        "removal_talk": (round(e.removal_talk, 3), t.removal_talk, "removal_talk" in holding),
        "removed_criticism": (e.removed, 0, "removed_criticism" in holding),
        "hostile_tone": (
            round(e.hostile, 3),
            round(e.usual_hostile, 3),
            "hostile_tone" in holding,
        ),
        "reach": (e.reach, t.reach, "reach" in holding),
    }
    return tuple(
        Part(
            name,
            value,
            baseline,
            WEIGHTS[name] if holds else 0.0,
            hours=e.window / HOUR if name == "volume" else None,
            words=e.matter.words if name == "matter" and holds else (),
        )
        for name, (value, baseline, holds) in values.items()
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _examples(voices: Voices) -> tuple[str, ...]:
    """Return the first posts and those of the farthest reach."""
    posts = voices.posts
    reach = np.nan_to_num(posts.followers, nan=0.0)
    order = [*range(min(2, len(posts))), *np.argsort(-reach, kind="stable").tolist()]
    return tuple(str(posts.uid[i]) for i in dict.fromkeys(order))[:EXAMPLES]

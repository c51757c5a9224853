"""The storm level: rules as tables. Volume alone never makes a storm."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.alerts.evidence import Evidence
from monitor.alerts.settings import RuleSettings, StormThresholds
from monitor.alerts.storm import families, level_of, parts_of

QUIET = Evidence(
    voices=1,
    usual_voices=2.0,
    before=1,
    rarity=0.0,
    share=0.2,
    share_low=0.1,
    usual_share=0.2,
    surprise=0.0,
    history_h=500.0,
    new_authors=0.2,
    platforms=0,
    hostile=0.0,
    usual_hostile=0.05,
    calls=0.0,
    slogan=0.0,
    removal_talk=0.0,
    press=0,
    usual_press=0.3,
    reach=None,
    removed=0,
    repeat_critics=0,
    any_critic=True,
    window=timedelta(hours=3),
)
WAVE = replace(QUIET, voices=18, rarity=2.5, share=0.6, share_low=0.45, surprise=6.0)
CAMPAIGN = replace(WAVE, voices=60, share=0.8, share_low=0.7, platforms=2, slogan=0.4)


@pytest.mark.parametrize(
    ("evidence", "level"),
    [
        (replace(QUIET, any_critic=False), 0),
        (QUIET, 1),
        (replace(QUIET, repeat_critics=3), 2),
        (replace(QUIET, voices=6, surprise=3.0), 2),
        (WAVE, 2),
        (replace(WAVE, new_authors=0.8), 3),
        (replace(WAVE, platforms=2), 3),
        (replace(WAVE, press=1), 2),
        (replace(WAVE, press=2), 3),
        (replace(WAVE, reach=50_000.0), 3),
        (replace(WAVE, hostile=0.4), 3),
        (replace(WAVE, removal_talk=0.3), 3),
        (replace(WAVE, share_low=0.55), 3),
        (replace(WAVE, new_authors=0.8, removed=3), 4),
        (replace(WAVE, voices=25, new_authors=0.8, platforms=2, press=2), 4),
        (CAMPAIGN, 5),
        (replace(CAMPAIGN, slogan=0.0, calls=0.3), 5),
        (replace(CAMPAIGN, hostile=0.6), 5),
        (replace(CAMPAIGN, hostile=0.6, press=2), 6),
    ],
)
def test_levels_follow_the_evidence(evidence: Evidence, level: int) -> None:
    assert level_of(evidence, RuleSettings(), StormThresholds()) == level


@pytest.mark.parametrize(
    "change",
    [
        {"voices": 6},
        {"usual_voices": 7.0},
        {"rarity": 0.5},
        {"surprise": 1.0},
        {"share": 0.3},
        {"usual_share": 0.55},
        {"loudest": 0.55},
    ],
)
def test_one_missing_leg_and_there_is_no_storm(change: dict[str, float]) -> None:
    evidence = replace(WAVE, new_authors=0.9, platforms=3, press=2, **change)  # type: ignore[arg-type]
    assert level_of(evidence, RuleSettings(), StormThresholds()) < 3


@pytest.mark.parametrize(
    ("voices", "more", "level"),
    [
        (8, {"new_authors": 0.9}, 2),
        (8, {"new_authors": 0.9, "platforms": 2}, 3),
        (10, {"new_authors": 0.9}, 3),
        (8, {"new_authors": 0.9, "removed": 3}, 4),
    ],
)
def test_few_voices_need_a_second_sign(voices: int, more: dict[str, float], level: int) -> None:
    few = replace(WAVE, voices=voices, **more)  # type: ignore[arg-type]
    assert level_of(few, RuleSettings(), StormThresholds()) == level


@pytest.mark.parametrize(("hours", "level"), [(3, 3), (1, 2), (6, 2)])
def test_a_window_beside_the_usual_one_must_be_surer(hours: int, level: int) -> None:
    slight = replace(WAVE, platforms=2, rarity=1.5, surprise=4.0, window=timedelta(hours=hours))
    assert level_of(slight, RuleSettings(), StormThresholds()) == level
    sure = replace(slight, rarity=2.0)
    assert level_of(sure, RuleSettings(), StormThresholds()) == 3


@pytest.mark.parametrize(("voices", "usual", "level"), [(25, 2.0, 4), (25, 5.5, 3), (60, 11.0, 4)])
def test_level_4_grows_with_what_is_usual(voices: int, usual: float, level: int) -> None:
    strong = replace(WAVE, voices=voices, usual_voices=usual, new_authors=0.8, platforms=2, press=2)
    assert level_of(strong, RuleSettings(), StormThresholds()) == level


def test_many_posts_with_the_usual_mood_are_no_storm() -> None:
    loud = replace(QUIET, voices=500, rarity=6.0, share=0.2, share_low=0.19, platforms=4, press=3)
    assert level_of(loud, RuleSettings(), StormThresholds()) < 3


@pytest.mark.parametrize(
    ("voices", "before", "history_h", "level"),
    [(40, 2, 10.0, 3), (40, 20, 10.0, 2), (12, 0, 10.0, 2), (40, 2, 3.0, 2)],
)
def test_without_history_only_a_clear_rise_counts(
    voices: int, before: int, history_h: float, level: int
) -> None:
    cold = replace(WAVE, voices=voices, before=before, history_h=history_h, rarity=0.0, platforms=2)
    assert level_of(cold, RuleSettings(), StormThresholds()) == level


def test_without_history_the_long_window_is_silent() -> None:
    """It has no earlier window beside it that it could rise above."""
    cold = replace(WAVE, voices=40, history_h=10.0, rarity=0.0, platforms=2)
    long = replace(cold, window=timedelta(hours=6))
    assert level_of(cold, RuleSettings(), StormThresholds()) == 3
    assert level_of(long, RuleSettings(), StormThresholds()) < 3


def test_a_storm_that_is_on_is_held_by_less() -> None:
    fading = replace(QUIET, voices=6, share=0.35, share_low=0.2)
    assert level_of(fading, RuleSettings(), StormThresholds()) < 3
    assert level_of(fading, RuleSettings(), StormThresholds(), held=True) == 3


def test_unknown_newcomers_are_unknown_and_no_sign() -> None:
    evidence = replace(WAVE, new_authors=None)
    assert "new_authors" not in families(evidence, StormThresholds())
    part = next(p for p in parts_of(evidence, StormThresholds()) if p.part == "new_authors")
    assert part.value is None
    assert part.weight == 0


@pytest.mark.parametrize(
    ("usual", "voices", "level"), [(4.0, 8, 3), (4.0, 7, 2), (129.0, 190, 3), (129.0, 170, 2)]
)
def test_where_hundreds_are_usual_a_smaller_multiple_holds_a_storm(
    usual: float, voices: int, level: int
) -> None:
    evidence = replace(WAVE, usual_voices=usual, voices=voices)
    assert level_of(evidence, RuleSettings(), StormThresholds(), held=True) == level

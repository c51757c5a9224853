"""Slow rises: many hours of somewhat more add up, one burst does not, and a gap says nothing."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.alerts.buildup import Buildup, evidence
from monitor.alerts.volume import VolumeSettings

QUIET = np.random.default_rng(3).poisson(10.0, 24 * 21).astype(float)


def rarity_after(*hours: float, calm: np.ndarray = QUIET) -> float:
    buildup = Buildup(1, VolumeSettings())
    for count in (*calm, *hours):
        buildup.learn(np.array([count]), np.array([10.0]), np.array([0.05]))
    return float(buildup.rarity[0])


def test_twice_the_usual_for_some_hours_is_rare_and_one_hour_of_it_is_not() -> None:
    assert rarity_after(20.0) < 2.0
    assert rarity_after(*[20.0] * 6) >= 2.0


def test_one_hour_says_no_more_than_its_cap() -> None:
    assert rarity_after(10_000.0) == rarity_after(60.0)


def test_quiet_hours_take_back_what_was_said() -> None:
    assert rarity_after(*[20.0] * 6, *[8.0] * 24) < 2.0


def test_unknown_hours_say_nothing() -> None:
    assert rarity_after(*[20.0] * 6, *[np.nan] * 10) == rarity_after(*[20.0] * 6)


def test_a_series_that_swells_every_day_is_used_to_it() -> None:
    swelling = np.tile([10.0] * 16 + [20.0] * 8, 21)
    assert rarity_after(*[20.0] * 6, calm=swelling) < 2.0


@pytest.mark.parametrize(("count", "sign"), [(5.0, -1), (10.0, -1), (20.0, 1), (0.0, -1)])
def test_an_hour_speaks_for_the_likelier_rate(count: float, sign: int) -> None:
    said = evidence(np.array([count]), np.array([10.0]), np.array([0.1]))
    assert np.sign(said[0]) == sign

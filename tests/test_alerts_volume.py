"""The volume detector: rare is what the series' own days make rare; unknown is never zero."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from monitor.alerts.backtest import Refractory, backtest, score_of, usual_step
from monitor.alerts.volume import (
    DailyPeaks,
    VolumeDetector,
    VolumeSettings,
    excess_of,
    return_period_days,
)

START = datetime(2026, 1, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURLY = VolumeSettings()


def series(days: int, mean: float = 5.0, seed: int = 1) -> list[tuple[datetime, float]]:
    draws = np.random.default_rng(seed).poisson(mean, days * 24)
    return [(START + n * HOUR, float(value)) for n, value in enumerate(draws)]


def alarms(rows: list[tuple[datetime, float]]) -> list[datetime]:
    return [row.timestamp for row in backtest(rows, HOURLY) if row.alarm]


def test_noise_raises_no_alarm() -> None:
    assert alarms(series(60)) == []


def test_a_burst_raises_an_alarm_at_once() -> None:
    rows = series(30)
    rows[500] = (rows[500][0], 80.0)
    assert alarms(rows) == [rows[500][0]]


def test_a_slow_rise_is_seen_by_the_long_window() -> None:
    rows = series(30)
    for n in range(500, 512):
        rows[n] = (rows[n][0], rows[n][1] + 14)
    found = alarms(rows)
    assert found
    assert rows[500][0] < found[0] <= rows[506][0]


def test_a_series_that_bursts_every_day_is_used_to_it() -> None:
    daily = [(at, 60.0 if at.hour == 9 else value) for at, value in series(40)]
    assert not [at for at in alarms(daily) if at > START + timedelta(days=10)]


def test_a_long_burst_is_one_alarm_unless_it_grows() -> None:
    rows = series(30)
    for n in range(500, 506):
        rows[n] = (rows[n][0], 200.0 - n / 10)
    first_day = [at for at in alarms(rows) if at < rows[520][0]]
    assert first_day[0] == rows[500][0]
    assert len(first_day) <= 6


@pytest.mark.parametrize("value", [math.nan, -1.0, -math.inf])
def test_what_is_no_count_is_unknown_and_teaches_nothing(value: float) -> None:
    clean = series(20)
    holed = [(at, value if 300 <= n < 310 else v) for n, (at, v) in enumerate(clean)]
    scored = list(backtest(holed, HOURLY))
    assert all(row.score == 0 for row in scored[300:310])
    assert all(math.isfinite(row.score) for row in scored)


def test_missing_rows_are_unknown_steps_and_no_dip() -> None:
    rows = series(30)
    outage = rows[:400] + rows[424:]
    assert alarms(outage) == []


def test_a_score_uses_only_rows_up_to_it() -> None:
    rows = series(25)
    rows[400] = (rows[400][0], 90.0)
    whole = list(backtest(rows, HOURLY))
    cut = list(backtest(rows[:450], HOURLY))
    assert whole[:450] == cut


@given(
    st.lists(
        st.one_of(st.floats(allow_nan=True, allow_infinity=True, width=32), st.integers(-5, 10**9)),
        max_size=80,
    )
)
@hypothesis_settings(max_examples=40, deadline=None)
def test_any_series_gives_scores_between_0_and_1(values: list[float]) -> None:
    rows = [(START + n * HOUR, float(v)) for n, v in enumerate(values)]
    scored = list(backtest([(at, v if math.isfinite(v) else math.nan) for at, v in rows], HOURLY))
    assert len(scored) == len(rows)
    assert all(0 <= row.score <= 1 for row in scored)
    assert all(row.alarm == (row.score >= 0.5) for row in scored)


def test_two_series_do_not_disturb_each_other() -> None:
    one, other = series(15, 5, 1), series(15, 400, 2)
    both = VolumeDetector(2)
    alone = VolumeDetector(1)
    for (at, a), (_, b) in zip(one, other, strict=True):
        together = both.read(np.array([a, b]), at)
        single = alone.read(np.array([a]), at)
        assert together.rarity[0] == pytest.approx(single.rarity[0])


def test_a_peek_on_the_hour_sees_what_a_read_sees() -> None:
    detector = VolumeDetector(1)
    rows = series(20)
    for at, value in rows:
        detector.read(np.array([value]), at)
    last_six = np.array([sum(v for _, v in rows[-6:])])
    now = rows[-1][0] + HOUR
    peeked = detector.peek(np.array([rows[-1][1]]), last_six, now, 0.0)
    expected = [detector.expect(at)[0] for at, _ in rows[-6:]]
    assert peeked.window_expected[0] == pytest.approx(sum(expected), rel=0.05)


def test_a_new_series_is_not_rare_before_its_first_whole_day() -> None:
    scored = list(backtest([(START + n * HOUR, float(n**3)) for n in range(23)], HOURLY))
    assert all(row.score == 0 for row in scored)


def test_a_day_that_was_mostly_unknown_is_no_day() -> None:
    peaks = DailyPeaks(1, HOURLY)
    for _ in range(24):
        peaks.learn(np.array([50.0]), np.array([False]))
    assert peaks.rarity(np.array([50.0]))[0] == 0


def test_the_score_is_one_half_at_the_threshold() -> None:
    assert score_of(2.0, 2.0) == 0.5
    assert score_of(0.0, 2.0) == 0.0


def test_an_alarm_rests_unless_outdone() -> None:
    rest = Refractory(timedelta(hours=24))
    times = [START + n * HOUR for n in range(4)]
    assert [rest.lets_through(at, s) for at, s in zip(times, (3, 2, 3, 4), strict=True)] == [
        True,
        False,
        False,
        True,
    ]
    assert rest.lets_through(START + timedelta(hours=30), 1)


@pytest.mark.parametrize(("rarity", "days"), [(0.0, 2.0), (2.0, 43.96), (3.0, 740.8)])
def test_a_rarity_is_said_in_days(rarity: float, days: float) -> None:
    assert return_period_days(rarity) == pytest.approx(days, rel=1e-3)


def test_an_unknown_count_has_no_excess() -> None:
    assert excess_of(np.array([math.nan, 8.0]), np.array([3.0, 3.0])).tolist() == [0.0, 2.5]


def test_the_usual_step_is_the_median_distance() -> None:
    times = [START, START + HOUR, START + 2 * HOUR, START + 5 * HOUR]
    assert usual_step(times) == HOUR
    assert usual_step([START]) == timedelta(minutes=5)

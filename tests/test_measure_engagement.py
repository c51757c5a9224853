"""Rates, shares, bands: worked examples, limits, and what is said where something is missing."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from monitor.measure.answers import echo_balance, parse_hours, quantile, wait_s
from monitor.measure.engagement import engagement_rate, poisson_interval
from monitor.measure.matrix import build_matrix
from monitor.measure.periods import comparable, last_complete_day, last_days, period_of, previous
from monitor.measure.shares import apart, share, wilson
from monitor.measure.verdicts import precision_by_rule
from monitor.types.alerts import Verdict
from monitor.types.digest import CellTally

BERLIN = "Europe/Berlin"


def test_the_worked_example_of_the_design_is_5_percent_and_good() -> None:
    rate = engagement_rate(250, 5000)
    assert (rate.value, rate.numerator, rate.denominator, rate.band) == (5.0, 250, 5000, "good")


@pytest.mark.parametrize(
    ("interactions", "followers", "missing"),
    [(250, None, "followers"), (250, 0, "followers"), (None, 5000, "counts"), (-1, 10, "counts")],
)
def test_a_missing_part_makes_the_rate_unknown_and_names_it(
    interactions: int | None, followers: int | None, missing: str
) -> None:
    rate = engagement_rate(interactions, followers)
    assert (rate.value, rate.low, rate.high, rate.band) == (None, None, None, None)
    assert rate.missing == missing


@pytest.mark.parametrize(
    ("interactions", "followers", "band"),
    [(0, 5000, "low"), (100, 5000, "low"), (250, 5000, "good"), (600, 5000, "high"),
     (2, 40, "unclear"), (200, 4000, "good"), (1, 1, "high")],
)  # fmt: skip
def test_a_band_is_said_only_where_it_is_sure(interactions: int, followers: int, band: str) -> None:
    assert engagement_rate(interactions, followers).band == band


def test_the_good_band_is_the_config_s() -> None:
    assert engagement_rate(250, 5000, (1.0, 2.0)).band == "high"


@given(st.integers(0, 100_000))
def test_the_poisson_interval_is_garwood_s(events: int) -> None:
    low, high = poisson_interval(events)
    assert low <= events <= high
    assert high == pytest.approx(chi2.ppf(0.975, 2 * (events + 1)) / 2, rel=1e-9)
    assert low == (0 if events == 0 else pytest.approx(chi2.ppf(0.025, 2 * events) / 2, rel=1e-9))


@given(st.integers(1, 10_000), st.data())
def test_wilson_holds_the_share_and_stays_within_0_and_1(trials: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, trials))
    low, high = wilson(successes, trials)
    assert 0 <= low <= successes / trials <= high <= 1


def test_wilson_gives_the_textbook_values() -> None:
    assert wilson(10, 20) == pytest.approx((0.2993, 0.7007), abs=1e-4)
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)


def test_shares_differ_only_where_their_intervals_do_not_touch() -> None:
    assert apart(share(60, 100), share(20, 100))
    assert not apart(share(3, 5), share(1, 5))
    assert not apart(share(0, 0), share(5, 5))


def test_quantiles_are_waits_that_somebody_had() -> None:
    waits = [60.0, 120.0, 180.0, 6000.0]
    assert quantile(waits, 0.5) == 150.0
    assert quantile(waits, 0.9) == 6000.0
    assert quantile([], 0.5) is None


def test_the_echo_is_3_for_the_satisfied_and_10_for_the_others() -> None:
    assert echo_balance(10, 3) == 0
    assert echo_balance(2, 1) == -4


def test_a_weekend_does_not_count_as_waiting_in_business_hours() -> None:
    friday_evening = datetime(2026, 3, 6, 20, 0, tzinfo=UTC)
    monday_morning = datetime(2026, 3, 9, 8, 10, tzinfo=UTC)  # 9:10 in Berlin
    hours = parse_hours("09:00-17:00", BERLIN)
    assert wait_s(friday_evening, monday_morning, hours) == 600
    assert wait_s(friday_evening, monday_morning, None) == 60 * 3600 + 600


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 3, 2), 24)]
)
def test_a_day_is_as_long_as_its_clocks_say(day: date, hours: int) -> None:
    period = period_of("day", day, BERLIN)
    assert (period.end - period.start).total_seconds() == hours * 3600
    assert (period.first_day, period.last_day, period.days) == (day, day, 1)


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    week = period_of("week", date(2026, 3, 4), BERLIN)
    assert (week.first_day, week.last_day) == (date(2026, 3, 2), date(2026, 3, 8))
    month = period_of("month", date(2026, 2, 11), BERLIN)
    assert (month.first_day, month.last_day) == (date(2026, 2, 1), date(2026, 2, 28))
    assert previous(month).first_day == date(2026, 1, 1)


def test_the_period_before_ends_where_this_one_begins() -> None:
    for period in (
        period_of("day", date(2026, 3, 30), BERLIN),
        period_of("week", date(2026, 3, 30), BERLIN),
        period_of("month", date(2026, 3, 30), BERLIN),
        last_days(30, date(2026, 3, 30), BERLIN),
    ):
        assert previous(period).end == period.start
        assert previous(period).days == period.days or period.kind == "month"


def test_the_newest_day_that_is_over_is_yesterday_where_the_company_is() -> None:
    just_after_midnight_in_berlin = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    assert last_complete_day("day", just_after_midnight_in_berlin, BERLIN) == date(2026, 3, 2)
    assert last_complete_day("day", just_after_midnight_in_berlin, "UTC") == date(2026, 3, 1)


def test_the_usual_day_is_the_same_weekday_first() -> None:
    (by, weekdays), (second, days) = comparable(period_of("day", date(2026, 3, 30), BERLIN))
    assert (by, second) == ("weekday", "days")
    assert {p.first_day.weekday() for p in weekdays} == {0}
    assert len(days) == 7


def test_the_matrix_has_nine_cells_whatever_was_written() -> None:
    cells = build_matrix(
        [CellTally("customer", "supply", {"negative": 2, "positive": 1})],
        [CellTally("company", "demand", {"neutral": 4})],
    )
    assert len(cells) == 9
    by_name = {(c.initiator, c.kind): c for c in cells}
    assert by_name["customer", "supply"].posts == 3
    assert by_name["customer", "supply"].sentiment["neutral"] == 0
    assert by_name["company", "demand"].previous == 4


def test_the_last_verdict_on_an_alert_counts() -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    verdicts = [
        Verdict(alert="a", verdict="noise", at=at),
        Verdict(alert="a", verdict="useful", at=at),
        Verdict(alert="b", verdict="ack", at=at),
    ]
    (storm,) = precision_by_rule({"a": "storm", "b": "storm"}, verdicts)
    assert (storm.alerts, storm.useful, storm.noise, storm.value) == (2, 1, 0, 1.0)

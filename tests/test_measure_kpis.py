"""KPIs counted by hand: worked examples, missing parts, numbers and rows that cannot be."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.measure.figures_wanted import METRICS
from monitor.measure.journey import build_journey, map_sources
from monitor.measure.kpi_rows import (
    find_faults,
    find_shape,
    parse_answer,
    parse_day,
    parse_figures,
    parse_web,
)
from monitor.measure.kpis import FORMULAS, build_sheet, year_before
from monitor.measure.matrix_days import cell_shares, find_shifts, spans_of
from monitor.measure.numbers import find_style, parse_number
from monitor.measure.periods import last_days, period_of
from monitor.measure.surveys import net_promoter_interval
from monitor.types.digest import Cell, SourceTally, Tally
from monitor.types.kpis import Goal, KpiFacts, Seen, Stock, Touchpoint, Voices

TODAY = date(2026, 3, 31)
COMPUTE = {formula.name: formula.compute for formula in FORMULAS}


def sums(**metrics: float) -> KpiFacts:
    return KpiFacts(sums={metric: {"web": value} for metric, value in metrics.items()})


def page(name: str = "page", **fields: object) -> SourceTally:
    return SourceTally(source=name, **fields)  # type: ignore[arg-type]


def customers(start: float | None, end: float | None, **flows: float) -> KpiFacts:
    return KpiFacts(
        stocks={"customers": {"shop": Stock(start, end)}},
        sums={metric: {"shop": value} for metric, value in flows.items()},
    )


# --- worked examples --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kpi", "facts", "value", "numerator", "denominator"),
    [
        ("engagement_rate", KpiFacts(sources=(page(likes=200, comments=50, followers=5000),)),
         5.0, 250, 5000),
        ("engagement_rate", KpiFacts(sources=(page(likes=250, followers=5000),)), 5.0, 250, 5000),
        ("engagement_rate_with_shares",
         KpiFacts(sources=(page(likes=200, comments=50, followers=5000),),
                  seen={"page": Seen(shares=100)}), 7.0, 350, 5000),
        # the forum tells no shares, so it is left out whole
        ("engagement_rate_with_shares",
         KpiFacts(sources=(page(likes=200, comments=50, followers=5000),
                           page("forum", likes=900, followers=1000)),
                  seen={"page": Seen(shares=100), "forum": Seen()}), 7.0, 350, 5000),
        ("engagement_rate_by_reach",
         KpiFacts(sources=(page(),), seen={"page": Seen(views=4000, viewed=60)}), 1.5, 60, 4000),
        ("click_through_rate", sums(clicks=17, impressions=1000), 1.7, 17, 1000),
        ("bounce_rate", sums(bounces=600, visits=1000), 60.0, 600, 1000),
        ("abandonment_rate", sums(baskets_abandoned=70, baskets=100), 70.0, 70, 100),
        ("conversion_rate", sums(conversions=25, visits=1000), 2.5, 25, 1000),
        ("conversion_rate", sums(conversions=0, visits=1000), 0.0, 0, 1000),
        ("customer_retention_rate", customers(1000, 1100, customers_new=200), 90.0, 900, 1000),
        ("customer_churn_rate", customers(1000, 1100, customers_lost=84), 8.0, 84, 1050),
        ("customer_churn_rate", customers(1000, 1001, customers_lost=0), 0.0, 0, 1000.5),
        ("net_promoter_score",
         KpiFacts(scores={"nps": {10: 30, 9: 20, 8: 10, 7: 10, 6: 20, 0: 10}}), 20.0, 20, 100),
        ("net_promoter_score", KpiFacts(scores={"nps": {0: 3}}), -100.0, -3, 3),
        ("net_promoter_score", KpiFacts(scores={"nps": {9: 3}}), 100.0, 3, 3),
        ("net_promoter_score", KpiFacts(scores={"nps": {7: 1, 8: 1}}), 0.0, 0, 2),
        ("upselling_ratio",
         KpiFacts(stocks={"customers": {"shop": Stock(end=400)},
                          "customers_multiple": {"shop": Stock(end=100)}}), 0.25, 100, 400),
        ("time_on_site", sums(visit_seconds=9000, visits=100), 90.0, 9000, 100),
    ],
)  # fmt: skip
def test_a_worked_example_comes_out_to_the_last_digit(
    kpi: str, facts: KpiFacts, value: float, numerator: float, denominator: float
) -> None:
    found = COMPUTE[kpi](facts)
    assert (found.value, found.numerator, found.denominator) == (value, numerator, denominator)
    assert not found.needs
    assert found.fault is None


@pytest.mark.parametrize(
    ("answers", "value"),
    [((1, 1, 1), 100.0), ((6, 6, 6), 0.0), ((1, 6, 1), 200 / 3), ((2, 3, 4), 60.0)],
)
def test_the_loyalty_index_maps_1_to_100_and_6_to_0(
    answers: tuple[int, int, int], value: float
) -> None:
    questions = ("recommend", "buy_again", "buy_other")
    scores = {question: {score: 1} for question, score in zip(questions, answers, strict=True)}
    assert COMPUTE["customer_loyalty_index"](KpiFacts(scores=scores)).value == value


def test_the_three_questions_of_loyalty_weigh_alike_however_many_answered() -> None:
    scores = {"recommend": {1: 99}, "buy_again": {6: 1}, "buy_other": {6: 1}}
    assert isclose(COMPUTE["customer_loyalty_index"](KpiFacts(scores=scores)).value or 0, 100 / 3)


def test_the_echo_weighs_three_told_against_ten() -> None:
    tally = Tally(satisfied=7, dissatisfied=2, sentiment={"positive": 9})
    assert COMPUTE["echo_balance"](KpiFacts(tally=tally)).value == 1


def test_answers_are_a_share_of_what_was_asked_and_times_their_median() -> None:
    facts = KpiFacts(tally=Tally(posts=9, asked=8, answered=6), waits_s=(60, 120, 240, 6000))
    assert COMPUTE["answer_rate"](facts).value == 0.75
    assert COMPUTE["time_to_first_answer"](facts).value == 180
    assert COMPUTE["time_to_first_answer_p90"](facts).value == 6000


# --- unknown ----------------------------------------------------------------------------------


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda formula: formula.name)
def test_without_anything_each_kpi_is_unknown_and_says_what_it_needs(formula: object) -> None:
    found = formula.compute(KpiFacts())  # type: ignore[attr-defined]
    assert found.value is None
    assert found.needs or found.fault


@pytest.mark.parametrize(
    ("kpi", "facts", "needs"),
    [
        ("click_through_rate", sums(clicks=17), ("impressions",)),
        ("click_through_rate", sums(impressions=17), ("clicks",)),
        ("engagement_rate", KpiFacts(sources=(page(likes=5),)), ("followers",)),
        ("engagement_rate", KpiFacts(sources=(page(followers=5),)), ("likes or comments",)),
        ("engagement_rate", KpiFacts(sources=(page("a", likes=5), page("b", followers=9))),
         ("followers",)),
        ("customer_retention_rate", customers(None, 10, customers_new=1), ("customers_start",)),
        ("customer_retention_rate", customers(10, None, customers_new=1), ("customers_end",)),
        ("customer_retention_rate", customers(10, 10), ("customers_new",)),
        ("customer_churn_rate", customers(10, 10), ("customers_lost",)),
        ("customer_loyalty_index", KpiFacts(scores={"recommend": {1: 1}, "buy_again": {}}),
         ("buy_again", "buy_other")),
        ("net_promoter_score", KpiFacts(scores={"nps": {}}), ("nps",)),
    ],
)  # fmt: skip
def test_a_missing_part_makes_the_kpi_unknown(
    kpi: str, facts: KpiFacts, needs: tuple[str, ...]
) -> None:
    found = COMPUTE[kpi](facts)
    assert found.value is None
    assert found.needs == needs


@pytest.mark.parametrize(
    ("kpi", "facts", "fault"),
    [
        ("engagement_rate", KpiFacts(sources=(page(likes=5, followers=0),)), "zero"),
        ("bounce_rate", sums(bounces=0, visits=0), "zero"),
        ("bounce_rate", sums(bounces=11, visits=10), "too_many"),
        ("customer_retention_rate", customers(10, 30, customers_new=5), "too_many"),
        ("customer_retention_rate", customers(0, 5, customers_new=5), "zero"),
    ],
)
def test_what_cannot_be_divided_has_no_value_but_a_reason(
    kpi: str, facts: KpiFacts, fault: str
) -> None:
    found = COMPUTE[kpi](facts)
    assert (found.value, found.fault) == (None, fault)


def test_rivals_never_mix_with_the_companys_own_figures() -> None:
    ours, theirs = (
        page("ours", likes=50, followers=1000),
        page("theirs", own=False, likes=900, followers=1000),
    )
    sheet = build_sheet(PERIODS, (KpiFacts(sources=(ours, theirs)), KpiFacts(), KpiFacts()))
    rate = sheet.kpis[0]
    assert rate.now.value == 5.0
    assert [(name, own, found.value) for name, own, found in rate.by_source] == [
        ("ours", True, 5.0),
        ("theirs", False, 90.0),
    ]


def test_parts_of_other_sources_do_not_count_where_one_source_gives_both() -> None:
    facts = KpiFacts(
        sums={"clicks": {"a": 10, "b": 90}, "impressions": {"a": 1000}},
    )
    assert COMPUTE["click_through_rate"](facts).value == 1.0


def test_conversions_of_the_shop_are_set_beside_visits_of_the_website() -> None:
    facts = KpiFacts(sums={"conversions": {"shop": 25}, "visits": {"website": 1000}})
    assert COMPUTE["conversion_rate"](facts).value == 2.5


PERIODS = (
    last_days(30, TODAY, "UTC"),
    last_days(30, date(2026, 3, 1), "UTC"),
    last_days(30, date(2025, 4, 1), "UTC"),
)


@given(st.integers(0, 400), st.integers(0, 400), st.integers(0, 400))
def test_the_interval_of_the_promoter_score_holds_its_value(p: int, passive: int, d: int) -> None:
    answers = p + passive + d
    if not answers:
        return
    low, high = net_promoter_interval(p, d, answers)
    assert -1 <= low <= (p - d) / answers + 1e-12
    assert (p - d) / answers - 1e-12 <= high <= 1


@given(st.integers(0, 10_000), st.integers(1, 10_000))
def test_a_share_lies_within_its_interval(part: int, rest: int) -> None:
    found = COMPUTE["bounce_rate"](sums(bounces=part, visits=part + rest))
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= found.value <= found.high <= 100


@pytest.mark.parametrize(
    ("kind", "day", "first", "last"),
    [
        ("day", date(2026, 3, 2), date(2025, 3, 3), date(2025, 3, 3)),
        ("week", date(2026, 3, 2), date(2025, 3, 3), date(2025, 3, 9)),
        ("month", date(2028, 2, 29), date(2027, 2, 1), date(2027, 2, 28)),
    ],
)
def test_a_year_ago_has_the_same_weekdays_or_is_the_same_month(
    kind: str, day: date, first: date, last: date
) -> None:
    found = year_before(period_of(kind, day, "Europe/Berlin"))  # type: ignore[arg-type]
    assert (found.first_day, found.last_day) == (first, last)


# --- numbers and rows -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "style", "counts", "value"),
    [
        ("1.234,5", None, False, 1234.5),
        ("1,234.5", None, False, 1234.5),
        ("1.234.567", None, False, 1234567),
        ("1,234,567", None, False, 1234567),
        ("1.234", None, True, 1234),
        ("1,234", None, True, 1234),
        ("1.234", "de", False, 1234),
        ("1.234", "en", False, 1.234),
        ("1,234", "de", False, 1.234),
        ("12.5", None, False, 12.5),
        ("12,5", "en", False, 12.5),
        ("1 234", None, True, 1234),
        ("1\u202f234", None, True, 1234),
        ("1’234", None, True, 1234),
        ("-7", None, True, -7),
        ("\u22127", None, True, -7),
        ("0", None, True, 0),
    ],
)
def test_german_and_english_numbers_are_read(
    text: str, style: None, counts: bool, value: float
) -> None:
    assert parse_number(text, style, counts=counts) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1.234", "two ways"),
        ("1.234,5.6", "German or English"),
        ("12.34.5", "German or English"),
        ("3,50 €", "amount of money"),
        ("USD 5", "amount of money"),
        ("45 %", "percentage"),
        ("viele", "no number"),
        ("nan", "no number"),
        ("1e5", "no number"),
        ("", "empty"),
    ],
)
def test_what_is_no_clear_number_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_number(text)


@pytest.mark.parametrize(
    ("cells", "style"),
    [
        ([("1.234,5", False), ("1.234", False)], "de"),
        ([("0.5", False)], "en"),
        ([("12.5", True)], None),
        ([("0.5", False), ("0,5", False)], None),
        ([("7", True)], None),
    ],
)
def test_a_files_notation_is_told_by_its_clear_numbers(
    cells: list[tuple[str, bool]], style: str | None
) -> None:
    assert find_style(cells) == style


@given(st.integers(0, 10**12))
def test_a_count_is_read_alike_in_both_notations(count: int) -> None:
    english = f"{count:,}"
    german = english.replace(",", ".")
    assert parse_number(english, counts=True) == parse_number(german, counts=True) == count


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"date": "2026-03-01", "metric": "likes", "value": "1"}, "not known"),
        ({"date": "2026-03-01", "metric": "", "value": "1"}, "metric is empty"),
        ({"date": "2026-03-01", "metric": "visits", "value": ""}, "empty"),
        ({"date": "2026-03-01", "metric": "visits", "value": None}, "empty"),
        ({"date": "2026-03-01", "metric": "visits", "value": "-4"}, "never negative"),
        ({"date": "2026-03-01", "metric": "visits", "value": "4.5"}, "no fraction"),
        ({"date": "2026-03-01", "metric": "visits", "value": float("nan")}, "no number"),
        ({"date": "2026-03-01", "metric": "visits", "value": 10**18}, "nothing of that size"),
        ({"date": "2026-02-30", "metric": "visits", "value": "4"}, "2026-02-30"),
        ({"date": "2026-05-30", "metric": "visits", "value": "4"}, "future"),
        ({"date": "2026-03", "metric": "visits", "value": "4"}, "span"),
        ({"date": "2026-03-01 - 2026-03-07", "metric": "visits", "value": "4"}, "span"),
        ({"date": "gestern", "metric": "visits", "value": "4"}, "no day"),
        ({"metric": "visits", "value": "4"}, "no day"),
    ],
)
def test_a_figure_that_cannot_be_is_refused_with_the_reason(
    row: dict[str, object], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_figures(row, "web", None, TODAY)


@pytest.mark.parametrize(
    ("question", "score", "reason"),
    [
        ("nps", "11", "wrong scale"),
        ("nps", "-1", "wrong scale"),
        ("nps", "8.5", "wrong scale"),
        ("recommend", "0", "wrong scale"),
        ("recommend", "9", "named nps"),
        ("buy_again", "7", "wrong scale"),
        ("mood", "3", "not known"),
        ("nps", "", "empty"),
    ],
)
def test_an_answer_off_its_scale_is_refused(question: str, score: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_answer({"date": "2026-03-01", "question": question, "score": score}, "s", None, TODAY)


@pytest.mark.parametrize(
    "text", ["2026-03-01", "20260301", "01.03.2026", "1.3.2026", "2026-03-01T00:00:00Z",
             datetime(2026, 3, 1, tzinfo=UTC), date(2026, 3, 1)]
)  # fmt: skip
def test_days_are_read_as_matomo_google_and_excel_write_them(text: object) -> None:
    assert parse_day(text, TODAY) == date(2026, 3, 1)


@pytest.mark.parametrize(
    ("row", "figures"),
    [
        (
            {"date": "2026-03-01", "nb_visits": "100", "nb_actions": "300", "bounce_count": "40",
             "sum_visit_length": "9000", "bounce_rate": "40%", "nb_conversions": "3"},
            {"visits": 100, "bounces": 40, "visit_seconds": 9000, "conversions": 3},
        ),
        (
            {"Date": "20260301", "Sessions": "200", "Engaged sessions": "150", "Views": "900",
             "Average session duration": "90.5", "Key events": "7"},
            {"visits": 200, "bounces": 50, "page_views": 900, "visit_seconds": 18100,
             "conversions": 7},
        ),
        (
            {"Datum": "01.03.2026", "Sitzungen": "1.200", "Durchschnittliche Sitzungsdauer":
             "00:01:30"},
            {"visits": 1200, "visit_seconds": 108000},
        ),
    ],
)  # fmt: skip
def test_exports_of_web_statistics_are_recognised(
    row: dict[str, str], figures: dict[str, float]
) -> None:
    assert find_shape(row) == "web"
    assert {f.metric: f.value for f in parse_web(row, "web", None, TODAY)} == figures


def test_more_engaged_sessions_than_sessions_are_refused() -> None:
    with pytest.raises(ValueError, match="more than all"):
        parse_web({"Date": "20260301", "Sessions": 1, "Engaged sessions": 2}, "w", None, TODAY)


@pytest.mark.parametrize("columns", [("date", "value"), ("name", "text"), (), ("date",)])
def test_a_table_of_something_else_has_no_shape(columns: tuple[str, ...]) -> None:
    assert find_shape(columns) is None


@pytest.mark.parametrize(
    ("known", "new", "guilty"),
    [
        ({}, {"visits": 10, "bounces": 11}, {"bounces"}),
        ({"visits": 10}, {"bounces": 11}, {"bounces"}),
        ({"bounces": 11}, {"visits": 10}, {"visits"}),
        ({}, {"visits": 10, "bounces": 10}, set()),
        ({}, {"visits": 10, "visits_new": 4, "visits_returning": 7}, {"visits_returning"}),
        ({}, {"visits": 10, "visits_new": 3, "visits_returning": 7}, set()),
        ({"visits": 5, "bounces": 9}, {"clicks": 1}, set()),
    ],
)
def test_totals_that_do_not_add_up_refuse_the_new_part(
    known: dict[str, float], new: dict[str, float], guilty: set[str]
) -> None:
    day = date(2026, 3, 1)
    every = {(day, "web", metric): value for metric, value in (known | new).items()}
    faults = find_faults(every, [(day, "web", metric) for metric in new])
    assert {metric for _day, _source, metric in faults} == guilty


def test_every_metric_that_a_formula_asks_for_can_be_imported() -> None:
    from_posts = {"likes or comments", "followers", "shares", "views", "labelled posts", "posts",
                  "answered questions"}  # fmt: skip
    questions = {"nps", "recommend", "buy_again", "buy_other"}
    asked = {need for compute in COMPUTE.values() for need in compute(KpiFacts()).needs}
    assert asked <= {*METRICS, *from_posts, *questions}


# --- matrix over time -------------------------------------------------------------------------


def test_a_period_is_cut_into_days_and_weeks_across_the_change_of_clocks() -> None:
    period = last_days(10, date(2026, 4, 1), "Europe/Berlin")
    days, weeks = spans_of(period, "day"), spans_of(period, "week")
    assert len(days) == 10
    assert [week.first_day for week in weeks] == [date(2026, 3, 23), date(2026, 3, 30)]
    for spans in (days, weeks):
        assert (spans[0].start, spans[-1].end) == (period.start, period.end)
        assert all(one.end == two.start for one, two in pairwise(spans))


def test_shares_of_the_nine_cells_make_one() -> None:
    shares = cell_shares({("customer", "supply"): 3, ("company", "demand"): 1})
    assert len(shares) == 9
    assert sum(share.value or 0 for share in shares.values()) == 1


@pytest.mark.parametrize(
    ("posts", "moved"),
    [(((600, 900), (400, 100)), True), (((61, 60), (39, 40)), False), (((3, 0), (0, 3)), False)],
)
def test_only_shifts_beyond_chance_are_told(
    posts: tuple[tuple[int, int], ...], moved: bool
) -> None:
    cells = [
        Cell(initiator="customer", kind=kind, posts=now, previous=before, sentiment={})
        for kind, (now, before) in zip(("supply", "demand"), posts, strict=True)
    ]
    assert bool(find_shifts(cells)) is moved


# --- the journey ------------------------------------------------------------------------------

PERIOD = PERIODS[0]


def stop(name: str, phase: str = "action", goal: Goal | None = None) -> Touchpoint:
    return Touchpoint(name=name, phase=phase, sources=("x",), goal=goal)


def test_weak_spots_are_ranked_by_volume_times_dissatisfaction() -> None:
    stops = (stop("small"), stop("big"), stop("quiet"))
    voices = (
        Voices(posts=20, satisfied=0, dissatisfied=20),
        Voices(posts=200, satisfied=70, dissatisfied=30),
        Voices(posts=9, satisfied=0, dissatisfied=9),
    )
    journey = build_journey(PERIOD, stops, voices, TODAY)
    assert [station.touchpoint.name for station in journey.weak] == ["big", "small"]
    assert journey.weak[0].weakness == 60
    assert [station.few for station in journey.stations] == [False, False, True]


@pytest.mark.parametrize(
    ("satisfied", "by", "state"),
    [(8, date(2026, 12, 31), "reached"), (7, date(2026, 12, 31), "open"),
     (7, date(2026, 3, 30), "missed"), (7, TODAY, "open")],
)  # fmt: skip
def test_a_goal_is_tracked_to_its_last_day(satisfied: int, by: date, state: str) -> None:
    voices = (Voices(posts=10, satisfied=satisfied, dissatisfied=10 - satisfied),)
    journey = build_journey(PERIOD, (stop("shop", goal=Goal(0.8, by)),), voices, TODAY)
    assert journey.stations[0].goal == state


def test_phases_stand_in_their_order_and_own_words_in_that_of_the_config() -> None:
    four = build_journey(
        PERIOD, (stop("b", "retention"), stop("a", "activation")), (Voices(), Voices()), TODAY
    )
    own = build_journey(
        PERIOD, (stop("b", "Nachher"), stop("a", "Vorher")), (Voices(), Voices()), TODAY
    )
    assert four.phases == ("activation", "retention")
    assert own.phases == ("Nachher", "Vorher")


def test_without_a_map_each_source_is_a_touchpoint() -> None:
    assert [t.sources for t in map_sources(["a", "b"])] == [("a",), ("b",)]

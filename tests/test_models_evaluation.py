"""Figures of a classifier, against values worked out by hand."""

from __future__ import annotations

import pytest

from models.evaluation import ALL, calibration_error, confuse, evaluate, f1_scores
from models.types import Labels


def labels(sentiment: str, idea: bool = False, p: float = 0.8) -> Labels:
    return Labels(
        sentiment=sentiment,
        initiator="customer",
        kind="supply",
        idea=idea,
        toxic=False,
        lang="de",
        model="m 1",
        probabilities={"sentiment": {sentiment: p}, "idea": 0.9 if idea else 0.1},
    )


def test_figures_of_a_small_table_are_right() -> None:
    gold = [{"sentiment": word} for word in ("negative", "negative", "positive", "neutral")]
    told = [labels(word) for word in ("negative", "positive", "positive", "neutral")]
    figures = evaluate(gold, told, ["de", "de", "en", "en"])
    whole = figures[0]
    assert (whole.label, whole.lang, whole.n) == ("sentiment", ALL, 4)
    assert whole.accuracy == 0.75
    # negative: 2*1/(2+1) = 2/3; positive: 2*1/(1+2) = 2/3; neutral: 1
    assert whole.macro_f1 == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert whole.confusion["negative"] == {"negative": 1, "neutral": 0, "positive": 1}
    assert whole.calibration_error == pytest.approx(0.05)  # 0.8 said, 0.75 right
    assert [(f.label, f.lang) for f in figures[1:]] == [("sentiment", "de"), ("sentiment", "en")]


def test_flags_are_judged_by_the_f1_of_yes() -> None:
    gold = [{"idea": True}, {"idea": True}, {"idea": False}]
    told = [labels("neutral", True), labels("neutral"), labels("neutral")]
    (whole, *_) = evaluate(gold, told, [None] * 3)
    assert whole.f1_yes == pytest.approx(2 / 3)
    assert whole.main == whole.f1_yes


def test_missing_and_null_gold_is_left_out() -> None:
    gold = [{"sentiment": None}, {}, {"sentiment": "neutral"}]
    (whole, *_) = evaluate(gold, [labels("neutral")] * 3, ["de"] * 3)
    assert whole.n == 1


def test_a_value_never_given_has_an_f1_of_zero() -> None:
    assert f1_scores(confuse(["yes", "no"], ["no", "no"])) == {
        "yes": 0.0,
        "no": pytest.approx(2 / 3),
    }


def test_perfect_confidence_in_wrong_answers_is_an_error_of_one() -> None:
    assert calibration_error([1.0, 1.0], [False, False]) == 1.0
    assert calibration_error([0.5, 0.5], [True, False]) == 0.0

"""Figures of a classifier against gold labels: per label and language. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.heads import CHOICES, FLAGS
from models.types import Labels

ALL = "all"
"""The language name of the figures over all languages."""

BINS = 10
"""Equal-width bins of the calibration error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How well one label does in one language (`all`: in all together).

    Rates are 0..1. `macro_f1` is the mean F1 over the values that occur in gold; `f1_yes` is the
    F1 of yes for `idea` and `toxic`, None for the others. `confusion[gold][given]` counts posts.
    `calibration_error` is the expected calibration error over ten bins of the winner's
    probability (Guo et al. 2017, ICML), None where no probabilities were given.
    """

    label: str
    lang: str
    n: int
    accuracy: float
    macro_f1: float
    f1_yes: float | None
    confusion: Mapping[str, Mapping[str, int]]
    calibration_error: float | None

    @property
    def main(self) -> float:
        """Return the figure that a bar is set on: F1 of yes where there is one, else macro-F1."""
        return self.macro_f1 if self.f1_yes is None else self.f1_yes


def evaluate(
    gold: Sequence[Mapping[str, Any]], given: Sequence[Labels], langs: Sequence[str | None]
) -> list[Figures]:
    """Compare label by label; a gold label that is missing or null is left out of its count.

    `gold` holds the values of the codebook (`idea` and `toxic` as booleans), `langs` the true
    language of each post (None: the one the classifier told). Labels without any gold give no
    figures. Ordered by label, `all` first, then by language.
    """
    found: list[Figures] = []
    told = [lang or labels.lang for lang, labels in zip(langs, given, strict=True)]
    for label in (*CHOICES, *FLAGS):
        known = [i for i, row in enumerate(gold) if row.get(label) is not None]
        for lang in (ALL, *sorted({told[i] for i in known})):
            rows = [i for i in known if lang in (ALL, told[i])]
            if rows:
                found.append(
                    _figures(label, lang, [gold[i] for i in rows], [given[i] for i in rows])
                )
    return found


def _figures(
    label: str, lang: str, gold: Sequence[Mapping[str, Any]], given: Sequence[Labels]
) -> Figures:
    truth = [_word(row[label]) for row in gold]
    told = [_word(getattr(labels, label)) for labels in given]
    confusion = confuse(truth, told)
    scores = f1_scores(confusion)
    hits = [a == b for a, b in zip(truth, told, strict=True)]
    surest = [_confidence(label, labels) for labels in given]
    return Figures(
        label=label,
        lang=lang,
        n=len(truth),
        accuracy=sum(hits) / len(hits),
        macro_f1=sum(scores[value] for value in confusion) / len(confusion),
        f1_yes=scores.get("yes", 0.0) if label in FLAGS else None,
        confusion=confusion,
        calibration_error=None
        if any(p is None for p in surest)
        else calibration_error([p for p in surest if p is not None], hits),
    )


def confuse(truth: Sequence[str], told: Sequence[str]) -> dict[str, dict[str, int]]:
    """Count pairs: `confuse(...)[gold][given]`; rows are the values that occur in gold."""
    counts = Counter(zip(truth, told, strict=True))
    values = sorted(set(truth) | set(told))
    return {a: {b: counts[a, b] for b in values} for a in sorted(set(truth))}


def f1_scores(confusion: Mapping[str, Mapping[str, int]]) -> dict[str, float]:
    """Return the F1 of each gold value: 2 hits / (gold + given), 0 where nothing was hit."""
    scores = {}
    for value, row in confusion.items():
        hits = row.get(value, 0)
        told = sum(other.get(value, 0) for other in confusion.values())
        scores[value] = 2 * hits / (sum(row.values()) + told) if hits else 0.0
    return scores


def calibration_error(probabilities: Sequence[float], hits: Sequence[bool]) -> float:
    """Return the expected calibration error, 0..1: |confidence - accuracy| weighted by bin size."""
    bins: list[list[int]] = [[] for _ in range(BINS)]
    for i, p in enumerate(probabilities):
        bins[min(int(p * BINS), BINS - 1)].append(i)
    gaps = (abs(sum(probabilities[i] for i in rows) - sum(hits[i] for i in rows)) for rows in bins)
    return sum(gaps) / max(len(probabilities), 1)


def _confidence(label: str, labels: Labels) -> float | None:
    given = labels.probabilities.get(label)
    if given is None:
        return None
    if isinstance(given, Mapping):
        return given.get(getattr(labels, label))
    return given if getattr(labels, label) else 1 - given


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)

"""The words that carried a label: what each adds to the score of the linear tier.

The linear tier stands in for the encoder too (a linear surrogate): its score is a plain sum over
n-grams, so every word's share in it is exact and costs no second pass.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from models.heads import CHOICES, COLUMNS
from models.linear import Scores
from models.types import Evidence

SHOWN = 3
"""Words shown per label."""

LEAST = 0.02
"""A word that moves the score less than this says nothing."""

Places = npt.NDArray[np.int64]


def find_words(scores: Scores, winners: Mapping[str, Places]) -> list[dict[str, Evidence]]:
    """Return per text and head the words that weighed most, for (positive) or against the label.

    `winners` holds per head the logit column of each text's label. For a choice a word's weight
    is its share in that logit less its mean share in all logits of the head; for a flag its
    share in the one logit, so that positive speaks for yes.
    """
    sizes = np.diff(scores.first)
    owners = np.repeat(np.arange(len(sizes)), sizes)
    rows = np.arange(len(owners))
    found: list[dict[str, Evidence]] = [{} for _ in sizes]
    for head, columns in winners.items():
        weights = scores.shares[rows, columns[owners]]
        if head in CHOICES:
            weights = weights - scores.shares[:, COLUMNS[head]].mean(axis=1)
        # one sort for all texts: by text, then by weight (all below 0.5 of the next text's key)
        strength = np.abs(weights)
        key = owners - 0.49 * strength / max(float(strength.max(initial=0.0)), 1e-9)
        order = np.argsort(key, kind="stable")
        top = order[(rows - scores.first[owners] < SHOWN) & (strength[order] >= LEAST)]
        picked: list[list[tuple[str, float]]] = [[] for _ in sizes]
        for owner, row, weight in zip(
            owners[top].tolist(), top.tolist(), weights[top].tolist(), strict=True
        ):
            picked[owner].append((scores.words[row], weight))
        for one, words in zip(found, picked, strict=True):
            one[head] = Evidence(words=tuple(words))
    return found

"""Trains the linear tier: one logistic regression per head over hashed n-grams and facts."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression

from models.framing import Framed, frame
from models.hashing import COLUMNS, hash_texts, hash_token
from models.heads import CHOICES, HEADS, LOGITS
from models.heads import COLUMNS as PLACES
from models.linear import FACT_WEIGHT, Floats, LinearModel, weigh
from models.training.corpus import Row, load_rows
from models.training.recipe import origin

STRENGTH = {"sentiment": 4.0, "initiator": 4.0, "kind": 4.0, "idea": 6.0, "toxic": 4.0}
"""Inverse of the regularisation (sklearn's C) per head."""

BALANCE = 0.6
"""0: classes weigh as often as they come; 1: all alike. Between, since uses differ in priors."""

WEIGHTS = {"threads": 2.0, "written": 1.0, "labelled": 1.0, "codebook": 3.0, "public": 1.0}
"""How much a row counts, by its origin. Those read again are mostly tweets beyond any offer: at
the codebook's own weight they cost the linear tier up to five points of initiator and kind."""


def weight_of(row: Row) -> float:
    """Return how much a row counts: the codebook's own posts more than foreign guidelines."""
    return WEIGHTS["threads" if row.source == "threads" else origin(row)]


def count_rarity(framed: Sequence[Framed]) -> Floats:
    """Return the idf of every column: ln((1 + n) / (1 + texts that have it)) + 1."""
    seen = np.zeros(COLUMNS, np.int64)
    for start in range(0, len(framed), 1024):
        grams = hash_texts([one.text for one in framed[start : start + 1024]])
        owner = np.repeat(np.arange(len(grams.first) - 1), np.diff(grams.text_starts))
        pairs = np.unique(owner * COLUMNS + grams.columns)
        seen += np.bincount(pairs % COLUMNS, minlength=COLUMNS)
    return (np.log((1 + len(framed)) / (1 + seen)) + 1).astype(np.float32)


def to_matrix(framed: Sequence[Framed], rarity: Floats) -> csr_array:
    """Return the rows that `LinearModel` scores, facts included."""
    grams = hash_texts([one.text for one in framed])
    facts = [[hash_token(fact) for fact in one.facts] for one in framed]
    texts = csr_array(
        (weigh(grams, rarity), grams.columns, grams.text_starts), shape=(len(framed), COLUMNS)
    )
    values = np.full(sum(map(len, facts)), FACT_WEIGHT)
    starts = np.concatenate([[0], np.cumsum([len(found) for found in facts])])
    columns = np.array([column for found in facts for column in found], np.int64)
    return texts + csr_array((values, columns, starts), shape=texts.shape)


def balance(gold: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return row weights multiplied by (mean class weight / own class weight) ** BALANCE."""
    totals = np.bincount(gold, weights=weights)
    factors = (totals[totals > 0].mean() / np.maximum(totals, 1e-9)) ** BALANCE
    balanced: np.ndarray = weights * factors[gold]
    return balanced


def train_linear(rows: Sequence[Row], seed: int = 7) -> LinearModel:
    """Fit all heads on rows; a head's unlabelled rows are left out of its fit."""
    framed = [frame(row.utterance) for row in rows]
    rarity = count_rarity(framed)
    matrix = to_matrix(framed, rarity)
    gold = np.array([row.gold for row in rows])
    weights = np.array([weight_of(row) for row in rows])
    coefficients = np.zeros((COLUMNS, LOGITS), np.float32)
    bias = np.zeros(LOGITS, np.float32)
    for place, head in enumerate(HEADS):
        known = np.flatnonzero(gold[:, place] >= 0)
        target = gold[known, place]
        if len(np.unique(target)) < (len(CHOICES[head]) if head in CHOICES else 2):
            continue  # a sample without every class cannot fit this head
        fitted = LogisticRegression(C=STRENGTH[head], max_iter=200, tol=1e-3, random_state=seed)
        fitted.fit(matrix[known], target, sample_weight=balance(target, weights[known]))
        coefficients[:, PLACES[head]] = fitted.coef_.T
        bias[PLACES[head]] = fitted.intercept_
    return LinearModel(coefficients, bias, rarity)


def main() -> None:
    """Train on the train splits and write the weights; `ship` calibrates them with the encoder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("STURMGLAS_DATA"))
    parser.add_argument("--out", type=Path, default=Path("models/weights/linear.npz"))
    wanted = parser.parse_args()
    if wanted.data is None:
        parser.error("no data: give --data DIR or set STURMGLAS_DATA")
    rows = load_rows(Path(wanted.data))
    kept = [row for row in rows if row.split == "train"]
    print(f"training on {len(kept)} of {len(rows)} rows")
    model = train_linear(kept)
    model.save(wanted.out)
    print(
        f"written: {wanted.out}, {wanted.out.stat().st_size / 1e6:.1f} MB; now models.training.ship"
    )


if __name__ == "__main__":
    main()

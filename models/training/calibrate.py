"""Fits, on held-out rows, what turns logits into probabilities: one small fit per head and tier."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

from models.calibration import HeadCalibration, sigmoid, softmax
from models.heads import CHOICES, COLUMNS, FLAGS, HEADS
from models.training.corpus import Row

TENSION = 0.002
"""Pull of the fit towards 1 (weights) and 0 (biases): dev sets are small."""

CODEBOOK_SHARE = 0.5
"""Share of all weight that rows labelled by the codebook get; the rest goes to public sets."""


def fit_head(
    head: str, linear: np.ndarray, encoder: np.ndarray | None, gold: np.ndarray, weights: np.ndarray
) -> HeadCalibration:
    """Minimise the weighted log loss of one head over two weights and a bias per value."""
    values = len(CHOICES[head]) if head in CHOICES else 1

    def unpack(x: np.ndarray) -> np.ndarray:
        logits = x[0] * linear + x[2:]
        both: np.ndarray = logits if encoder is None else logits + x[1] * encoder
        return both

    def loss(x: np.ndarray) -> float:
        logits = unpack(x)
        if head in FLAGS:
            p = np.clip(sigmoid(logits)[:, 0], 1e-6, 1 - 1e-6)
            rows = -np.where(gold == 1, np.log(p), np.log(1 - p))
        else:
            rows = -np.log(np.clip(softmax(logits)[np.arange(len(gold)), gold], 1e-6, 1))
        start = np.concatenate([[0.5, 0.5 if encoder is not None else 0.0], np.zeros(values)])
        return float((weights * rows).sum() / weights.sum() + TENSION * ((x - start) ** 2).sum())

    found = minimize(loss, np.concatenate([[0.5, 0.5], np.zeros(values)]), method="L-BFGS-B").x
    return HeadCalibration(
        encoder=float(found[1]) if encoder is not None else 0.0,
        linear=float(found[0]),
        bias=tuple(float(b) for b in found[2:]),
    )


def choose_threshold(p: np.ndarray, gold: np.ndarray, sources: Sequence[str]) -> float:
    """Return the probability of yes that gives the best mean of F1 over the sources.

    Sources with fewer than eight yeses say too little and are left out.
    """
    names = np.array(sources)
    kept = [n for n in sorted(set(sources)) if gold[names == n].sum() >= 8]
    best = (0.0, 0.5)
    for threshold in np.arange(0.1, 0.61, 0.02):
        scores = []
        for name in kept:
            told, true = p[names == name] >= threshold, gold[names == name] == 1
            hits = (told & true).sum()
            scores.append(2 * hits / max(told.sum() + true.sum(), 1))
        best = max(best, (float(np.mean(scores)) if scores else 0.0, float(threshold)))
    return round(best[1], 2)


def weigh_rows(rows: Sequence[Row]) -> np.ndarray:
    """Weigh rows so that the codebook's get their share and every public source the same."""
    codebook = np.array([sum(v >= 0 for v in row.gold) > 1 for row in rows])
    counts: dict[str, int] = defaultdict(int)
    for row, own in zip(rows, codebook, strict=True):
        if not own:
            counts[row.source] += 1
    weights = np.array(
        [1 / counts[r.source] if not o else 1.0 for r, o in zip(rows, codebook, strict=True)]
    )
    if codebook.any() and not codebook.all():
        weights[~codebook] *= (
            codebook.sum() / weights[~codebook].sum() * (1 - CODEBOOK_SHARE) / CODEBOOK_SHARE
        )
    return weights


def fit(
    rows: Sequence[Row], linear: np.ndarray, encoder: np.ndarray | None
) -> dict[str, HeadCalibration]:
    """Fit all heads of one tier on held-out rows and their logits."""
    gold = np.array([row.gold for row in rows])
    found = {}
    for place, head in enumerate(HEADS):
        known = np.flatnonzero(gold[:, place] >= 0)
        kept = [rows[int(i)] for i in known]
        own = encoder[known][:, COLUMNS[head]] if encoder is not None else None
        target = gold[known, place]
        fitted = fit_head(head, linear[known][:, COLUMNS[head]], own, target, weigh_rows(kept))
        if head in FLAGS:
            logits = fitted.linear * linear[known][:, COLUMNS[head]] + np.array(fitted.bias)
            p = sigmoid(logits if own is None else logits + fitted.encoder * own)[:, 0]
            names = ["codebook" if sum(v >= 0 for v in r.gold) > 1 else r.source for r in kept]
            fitted = HeadCalibration(
                encoder=fitted.encoder,
                linear=fitted.linear,
                bias=fitted.bias,
                yes_from=choose_threshold(p, target, names),
            )
        found[head] = fitted
    return found


def write_tier(path: Path, tier: str, fitted: dict[str, HeadCalibration]) -> None:
    """Put one tier into the calibration file, leaving the others as they are."""
    stored: dict[str, Any] = {"tiers": {}}
    if path.exists():
        stored = json.loads(path.read_text(encoding="utf-8"))
    stored["tiers"][tier] = {
        head: {
            "encoder": round(one.encoder, 5),
            "linear": round(one.linear, 5),
            "bias": [round(b, 5) for b in one.bias],
            "yes_from": one.yes_from,
        }
        for head, one in fitted.items()
    }
    path.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")

"""Fits, on held-out rows, what turns logits into probabilities: one small fit per head and tier."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

from models.calibration import Calibration, HeadCalibration, apply
from models.framing import frame
from models.heads import CHOICES, COLUMNS, FLAGS, HEADS
from models.training.corpus import Row

TENSION = 0.002
"""Pull of the fit towards 1 (weights) and 0 (biases): dev sets are small."""

CODEBOOK_SHARE = 0.5
"""Share of all weight that rows labelled by the codebook get; the rest goes to public sets."""

PULLS = {"sentiment": (0.25, 1.0), "initiator": (0.25, 0.25), "kind": (0.5, 0.5)}
"""How far rare values are weighed up, in placed and in bare texts: 0 as often as they come, 1 all
alike. Chosen by five-fold cross-validation; the public sets of bare tweets differ most in how
much is neutral, so there all values count alike. Flags have a threshold instead."""

SMOOTH = 2
"""Thresholds on either side over which a curve of F1 is averaged."""

STRAYS = {"sentiment": 0.02, "initiator": 0.02, "kind": 0.005, "idea": 0.0005, "toxic": 0.001}
"""Share of posts for which a tier may settle a label otherwise than the full one would. The rarer
what counts, the fewer: F1 of 3 ideas in a hundred posts falls by a point with one lost."""


def fit_head(
    head: str, linear: np.ndarray, encoder: np.ndarray | None, gold: np.ndarray, weights: np.ndarray
) -> HeadCalibration:
    """Minimise the weighted log loss of one head over two weights and a bias per value."""
    values = len(CHOICES[head]) if head in CHOICES else 1

    linear = linear.astype(np.float64)
    encoder = None if encoder is None else encoder.astype(np.float64)

    def unpack(x: np.ndarray) -> np.ndarray:
        logits = x[0] * linear + x[2:]
        both: np.ndarray = logits if encoder is None else logits + x[1] * encoder
        return both

    def loss(x: np.ndarray) -> float:
        logits = unpack(x)
        # in 64 bits: the steps of the numeric gradient are lost in 32
        if head in FLAGS:
            rows = np.logaddexp(0, np.where(gold == 1, -logits[:, 0], logits[:, 0]))
        else:
            rows = -log_softmax(logits, axis=1)[np.arange(len(gold)), gold]
        start = np.concatenate([[0.5, 0.5 if encoder is not None else 0.0], np.zeros(values)])
        return float((weights * rows).sum() / weights.sum() + TENSION * ((x - start) ** 2).sum())

    found = minimize(loss, np.concatenate([[0.5, 0.5], np.zeros(values)]), method="L-BFGS-B").x
    return HeadCalibration(
        encoder=float(found[1]) if encoder is not None else 0.0,
        linear=float(found[0]),
        bias=tuple(float(b) for b in found[2:]),
    )


def choose_threshold(
    p: np.ndarray, gold: np.ndarray, sources: Sequence[str], both: bool = False
) -> float:
    """Return the probability of yes that gives the best mean of F1 over the sources.

    `both` counts the F1 of no as well: what public sets of toxic posts are judged by. Sources with
    fewer than eight yeses say too little and are left out.
    """
    names = np.array(sources)
    kept = [n for n in sorted(set(sources)) if gold[names == n].sum() >= 8]
    if not kept:
        return 0.5
    grid = np.arange(0.1, 0.71, 0.02)
    curve = np.zeros(len(grid))
    for at, threshold in enumerate(grid):
        for name in kept:
            told, true = p[names == name] >= threshold, gold[names == name] == 1
            curve[at] += _f1(told, true) + (_f1(~told, ~true) if both else 0.0)
    # the yeses are few and the curve is jagged: its neighbours tell a peak from a lucky row
    padded = np.pad(curve, SMOOTH, mode="edge")
    smooth = np.convolve(padded, np.ones(2 * SMOOTH + 1) / (2 * SMOOTH + 1), mode="valid")
    return round(float(grid[int(smooth.argmax())]), 2)


def _f1(told: np.ndarray, true: np.ndarray) -> float:
    return float(2 * (told & true).sum() / max(told.sum() + true.sum(), 1))


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


def fit(rows: Sequence[Row], linear: np.ndarray, encoder: np.ndarray | None) -> Calibration:
    """Fit all heads of one tier on held-out rows and their logits, placed and bare ones apart.

    Where bare rows carry no label of a head (the public sets know two heads), the fit of the
    placed ones serves them too.
    """
    placed = np.array([bool(frame(row.utterance).context) for row in rows])
    pulls = {head: PULLS.get(head, (0.0, 0.0)) for head in HEADS}
    within = {h: _fit_part(h, rows, placed, linear, encoder, pulls[h][0]) for h in HEADS}
    alone = {h: _fit_part(h, rows, ~placed, linear, encoder, pulls[h][1]) for h in HEADS}
    for head in HEADS:
        within[head], alone[head] = within[head] or alone[head], alone[head] or within[head]
    if any(fitted is None for fitted in within.values()):
        raise ValueError("held-out rows carry no label of some head: nothing to calibrate by")
    return Calibration(
        {head: fitted for head, fitted in within.items() if fitted},
        {head: fitted for head, fitted in alone.items() if fitted},
    )


def _fit_part(
    head: str,
    rows: Sequence[Row],
    part: np.ndarray,
    linear: np.ndarray,
    encoder: np.ndarray | None,
    pull: float,
) -> HeadCalibration | None:
    """Fit one head on some of the rows; None where none of them carries its label."""
    gold = np.array([row.gold[HEADS.index(head)] for row in rows])
    known = np.flatnonzero(part & (gold >= 0))
    if len(known) == 0:
        return None
    kept = [rows[int(i)] for i in known]
    target = gold[known]
    own = encoder[known] if encoder is not None else None
    weights = weigh_rows(kept) * (1.0 if head in FLAGS else _pull(target, pull))
    columns = COLUMNS[head]
    own_head = own[:, columns] if own is not None else None
    fitted = fit_head(head, linear[known][:, columns], own_head, target, weights)
    if head not in FLAGS:
        return fitted
    p = apply(fitted, head, linear[known], own)[:, 0]
    names = [row.source if row.split != "dev" or _is_bare(row) else "codebook" for row in kept]
    both = all(_is_bare(row) for row in kept)
    return replace(fitted, yes_from=choose_threshold(p, target, names, both))


def settle(
    tier: Calibration,
    told: Mapping[str, np.ndarray],
    full: Calibration,
    truth: Mapping[str, np.ndarray],
    rows: Sequence[Row],
) -> Calibration:
    """Return a tier with bars from which it agrees with the full one, but for its `STRAYS`.

    `told` and `truth` are the probabilities of the tier and of the full one on the rows; no gold
    is needed, since a tier is only asked to say what the full one would.
    """
    weights = weigh_rows(rows)
    weights = weights / weights.sum()
    applied = [full.of(frame(row.utterance)) for row in rows]
    bars: dict[str, tuple[float, ...]] = {}
    for head in HEADS:
        if head in FLAGS:
            yes = truth[head][:, 0] >= np.array([one[head].yes_from for one in applied])
            p = told[head][:, 0]
            high = _bar(p, ~yes, weights, STRAYS[head])
            bars[head] = (1 - _bar(1 - p, yes, weights, STRAYS[head]), high)
        else:
            strays = told[head].argmax(axis=1) != truth[head].argmax(axis=1)
            bars[head] = (_bar(told[head].max(axis=1), strays, weights, STRAYS[head]),)

    def barred(fitted: Mapping[str, HeadCalibration]) -> dict[str, HeadCalibration]:
        return {head: replace(one, settled=bars[head]) for head, one in fitted.items()}

    return Calibration(barred(tier.placed), barred(tier.bare))


def _bar(sure: np.ndarray, strays: np.ndarray, weights: np.ndarray, most: float) -> float:
    """Return the least certainty above which strays weigh no more than `most`."""
    order = np.argsort(-sure, kind="stable")
    strayed = np.cumsum((weights * strays)[order])
    allowed = int(np.searchsorted(strayed, most, side="right"))
    if allowed == len(sure):
        return 0.0
    return float(sure[order[allowed]]) + 1e-6


def _is_bare(row: Row) -> bool:
    return sum(value >= 0 for value in row.gold) <= 1


def _pull(gold: np.ndarray, share: float) -> np.ndarray:
    """Weigh rare values up a little: macro-F1 asks for them, log loss alone forgets them."""
    counts = np.maximum(np.bincount(gold), 1)
    pulled: np.ndarray = ((counts.mean() / counts) ** share)[gold]
    return pulled


def write_tier(path: Path, tier: str, fitted: Calibration) -> None:
    """Put one tier into the calibration file, leaving the others as they are."""
    stored: dict[str, Any] = {"tiers": {}}
    if path.exists():
        stored = json.loads(path.read_text(encoding="utf-8"))
    stored["tiers"][tier] = {"placed": _plain(fitted.placed), "bare": _plain(fitted.bare)}
    path.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


def _plain(fitted: Mapping[str, HeadCalibration]) -> dict[str, Any]:
    return {
        head: {
            "encoder": round(one.encoder, 5),
            "linear": round(one.linear, 5),
            "bias": [round(b, 5) for b in one.bias],
            "yes_from": one.yes_from,
            "settled": [round(bar, 5) for bar in one.settled],
        }
        for head, one in fitted.items()
    }

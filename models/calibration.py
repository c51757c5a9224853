"""From logits to probabilities that mean what they say, and from these to decisions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.framing import Framed
from models.heads import COLUMNS, FLAGS, HEADS

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadCalibration:
    """How one head's logits of one tier become probabilities, fitted on held-out rows.

    `encoder` and `linear` weigh the two models' logits (platt scaling of both at once; their
    size is the inverse temperature), `bias` is added per value. `yes_from` is the probability
    from which a flag is set: below 0.5 where a missed yes costs more F1 than a wrong one.
    `settled` are the winner's probability from which a slower tier need not be asked (flags: the
    probability up to which no, and the one from which yes is settled).
    """

    encoder: float
    linear: float
    bias: tuple[float, ...]
    yes_from: float = 0.5
    settled: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Calibration:
    """One tier's calibration, per head: of texts in a known place, and of bare ones.

    The codebook's posts (placed: role, platform or thread known) and the public sets (bare texts)
    differ in how often a value comes, and in where neutral ends; one fit serves neither.
    """

    placed: Mapping[str, HeadCalibration]
    bare: Mapping[str, HeadCalibration]

    def of(self, one: Framed) -> Mapping[str, HeadCalibration]:
        """Return what applies to an utterance."""
        return self.placed if one.context else self.bare


def load_calibration(path: Path, tier: str) -> Calibration:
    """Read one tier's calibration (`full`, `fast`)."""
    stored = json.loads(path.read_text(encoding="utf-8"))["tiers"][tier]
    return Calibration(_read(stored["placed"]), _read(stored["bare"]))


def _read(stored: Mapping[str, Any]) -> dict[str, HeadCalibration]:
    return {
        head: HeadCalibration(
            encoder=stored[head]["encoder"],
            linear=stored[head]["linear"],
            bias=tuple(stored[head]["bias"]),
            yes_from=stored[head]["yes_from"],
            settled=tuple(stored[head].get("settled", ())),
        )
        for head in HEADS
    }


def to_probabilities(
    calibration: Calibration, framed: Sequence[Framed], linear: Floats, encoder: Floats | None
) -> dict[str, Floats]:
    """Return per head the probabilities, one row a post: all values, or yes alone for flags."""
    placed = np.array([bool(one.context) for one in framed])[:, None]
    within = {head: apply(calibration.placed[head], head, linear, encoder) for head in HEADS}
    alone = {head: apply(calibration.bare[head], head, linear, encoder) for head in HEADS}
    return {head: np.where(placed, within[head], alone[head]) for head in HEADS}


def apply(fitted: HeadCalibration, head: str, linear: Floats, encoder: Floats | None) -> Floats:
    """Return one head's probabilities from whole rows of logits."""
    logits = fitted.linear * linear[:, COLUMNS[head]] + np.array(fitted.bias, np.float32)
    if encoder is not None:
        logits = logits + fitted.encoder * encoder[:, COLUMNS[head]]
    return sigmoid(logits) if head in FLAGS else softmax(logits)


def is_settled(
    calibration: Calibration,
    probabilities: Mapping[str, Floats],
    ruled: npt.NDArray[np.bool_],
) -> npt.NDArray[np.bool_]:
    """Say of which posts a tier is sure enough in every label that no slower one is asked.

    Where a thread rule has decided the initiator (`ruled`), the words need not.
    """
    found = np.ones(len(ruled), np.bool_)
    for head, bars in ((head, calibration.placed[head].settled) for head in HEADS):
        rows = probabilities[head]
        if head in FLAGS:
            low, high = bars
            sure = (rows[:, 0] <= low) | (rows[:, 0] >= high)
        else:
            sure = rows.max(axis=1) >= bars[0]
        found &= sure | ruled if head == "initiator" else sure
    return found


def softmax(logits: Floats) -> Floats:
    """Return rows that sum to 1; huge logits do no harm."""
    grown = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = (grown / grown.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares


def sigmoid(logits: Floats) -> Floats:
    """Return the probability of yes; huge logits do no harm."""
    shares: Floats = (1 / (1 + np.exp(-np.clip(logits, -30, 30)))).astype(np.float32)
    return shares

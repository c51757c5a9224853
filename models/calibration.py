"""From logits to probabilities that mean what they say, and from these to decisions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.heads import CHOICES, COLUMNS, FLAGS, HEADS

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadCalibration:
    """How one head's logits of one tier become probabilities, fitted on held-out rows.

    `encoder` and `linear` weigh the two models' logits (platt scaling of both at once; their
    size is the inverse temperature), `bias` is added per value. `yes_from` is the probability
    from which a flag is set: below 0.5 where a missed yes costs more F1 than a wrong one.
    """

    encoder: float
    linear: float
    bias: tuple[float, ...]
    yes_from: float = 0.5


Calibration = Mapping[str, HeadCalibration]
"""Per head of `heads.HEADS`."""


def load_calibration(path: Path, tier: str) -> Calibration:
    """Read one tier's calibration (`full`, `fast`)."""
    stored = json.loads(path.read_text(encoding="utf-8"))["tiers"][tier]
    return {
        head: HeadCalibration(
            encoder=stored[head]["encoder"],
            linear=stored[head]["linear"],
            bias=tuple(stored[head]["bias"]),
            yes_from=stored[head].get("yes_from", 0.5),
        )
        for head in HEADS
    }


def to_probabilities(
    calibration: Calibration, linear: Floats, encoder: Floats | None
) -> dict[str, Floats]:
    """Return per head the probabilities, one row a post: all values, or yes alone for flags."""
    found = {}
    for head in HEADS:
        fitted = calibration[head]
        logits = fitted.linear * linear[:, COLUMNS[head]] + np.array(fitted.bias, np.float32)
        if encoder is not None:
            logits = logits + fitted.encoder * encoder[:, COLUMNS[head]]
        found[head] = sigmoid(logits) if head in FLAGS else softmax(logits)
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


def neutral_calibration() -> Calibration:
    """Return the calibration that changes nothing: the linear tier's own logits."""
    return {
        head: HeadCalibration(
            encoder=0.0, linear=1.0, bias=(0.0,) * (len(CHOICES[head]) if head in CHOICES else 1)
        )
        for head in HEADS
    }

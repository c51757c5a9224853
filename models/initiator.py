"""The initiator: the thread rule first, the words in what it leaves open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.rules import Ruling
from models.types import INITIATORS

Floats = npt.NDArray[np.float32]

RULE_TRUST = 0.96
"""How often a deciding rule agrees with careful readers (codebook rows: 104 of 107)."""

FOLLOW_UP_TURNS = 0.1
"""How often an own follow-up helps others or opens a new matter and so becomes `customer`."""


@dataclass(frozen=True, slots=True)
class Decided:
    """Probabilities in the order of `INITIATORS`, and the rule behind the winner (or None)."""

    probabilities: Floats
    rule: str | None


def decide_initiator(words: Floats, ruling: Ruling | None, first: Floats | None) -> Decided:
    """Join what the words say with what the thread rules.

    `words` are the model's probabilities, `first` those of the author's first post in the thread,
    given where the ruling is a follow-up.
    """
    if ruling is None:
        return Decided(words, None)
    if first is not None:
        customer = np.array([value == "customer" for value in INITIATORS], np.float32)
        kept = (1 - FOLLOW_UP_TURNS) * first + FOLLOW_UP_TURNS * customer
        return Decided(kept.astype(np.float32), ruling.rule)
    allowed = np.array([value in ruling.values for value in INITIATORS], np.float32)
    if ruling.decided:
        return Decided((RULE_TRUST * allowed + (1 - RULE_TRUST) * words), ruling.rule)
    shares = words * allowed
    shares = shares / max(float(shares.sum()), 1e-9)
    agrees = INITIATORS[int(shares.argmax())] == ruling.values[0]
    return Decided(shares, ruling.rule if agrees else None)

"""The labels as heads of a model: which values each has, in which order."""

from __future__ import annotations

from models.types import INITIATORS, KINDS, SENTIMENTS

CHOICES: dict[str, tuple[str, ...]] = {
    "sentiment": SENTIMENTS,
    "initiator": INITIATORS,
    "kind": KINDS,
}
"""Heads that choose one of several values."""

FLAGS: tuple[str, ...] = ("idea", "toxic")
"""Heads that say yes or no: one number each."""

HEADS: tuple[str, ...] = (*CHOICES, *FLAGS)

WIDTHS: dict[str, int] = {**{head: len(CHOICES[head]) for head in CHOICES}, "idea": 1, "toxic": 1}
"""Numbers (logits) that a model gives per head."""


def columns() -> dict[str, slice]:
    """Return where each head stands in a row of logits."""
    found: dict[str, slice] = {}
    start = 0
    for head in HEADS:
        found[head] = slice(start, start + WIDTHS[head])
        start += WIDTHS[head]
    return found


COLUMNS: dict[str, slice] = columns()
LOGITS: int = sum(WIDTHS.values())

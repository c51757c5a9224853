"""The contract of a classifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from models.types import Labels, Utterance


class Classifier(Protocol):
    """Labels texts in their thread. Knows nothing of stores, platforms or schedules."""

    @property
    def name(self) -> str:
        """Name and version, as it is written beside every label (`builtin 1.0`)."""
        ...

    def classify(self, utterances: Sequence[Utterance]) -> list[Labels]:
        """Return as many labels as utterances, in their order.

        The same utterance gets the same labels whatever stands beside it. Empty, long or foreign
        text is labelled too (and said to be unsure), never refused.
        """
        ...


class ModelError(Exception):
    """A model cannot be loaded or run; the message names the file and the remedy."""

"""Builds the classifier that a configuration asks for."""

from __future__ import annotations

from collections.abc import Mapping

from models.base import Classifier
from models.builtin import load
from models.transformers_backend import Override, TransformersOverride


def load_classifier(
    speed: str = "full",
    unsure_below: float = 0.5,
    transformers: Mapping[str, str | Override] | None = None,
) -> Classifier:
    """Return the built-in classifier, with single labels taken over by `transformers` models.

    `transformers` maps a label (`sentiment`, ...) to a local directory or hub id, or to an
    `Override` that says more. Raises ModelError where weights are missing, damaged or cannot be
    fetched, and where a model's labels are not understood.
    """
    classifier = load(speed, unsure_below)
    for label, wanted in (transformers or {}).items():
        override = Override(model=wanted) if isinstance(wanted, str) else wanted
        classifier = TransformersOverride(classifier, label, override, unsure_below)
    return classifier

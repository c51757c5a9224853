"""Builds the classifier that a configuration asks for."""

from __future__ import annotations

from collections.abc import Mapping

from models.base import Classifier
from models.builtin import load


def load_classifier(
    speed: str = "full",
    unsure_below: float = 0.5,
    transformers: Mapping[str, str] | None = None,
) -> Classifier:
    """Return the built-in classifier, single labels taken over by `transformers` models.

    `transformers` maps a label (`sentiment`, ...) to a local directory or hub id. Raises
    ModelError where weights are missing, damaged or cannot be fetched.
    """
    classifier = load(speed, unsure_below)
    for label, model in (transformers or {}).items():
        from models.transformers_backend import TransformersOverride

        classifier = TransformersOverride(classifier, label, model, unsure_below=unsure_below)
    return classifier

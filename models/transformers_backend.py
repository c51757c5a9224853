"""Any text-classification or zero-shot NLI model of `transformers` may take over a label.

Needs the extra `sturmglas[transformers]`. A model is a local directory or a hub id; nothing is
fetched unless a configuration names a hub id that is not in the local cache.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from models.base import Classifier, ModelError
from models.heads import CHOICES, FLAGS
from models.text import clean
from models.types import Evidence, Labels, Utterance

BATCH = 16
MOST_PIECES = 256

_NAMES: dict[str, dict[str, str]] = {
    # what published models call our values; a name is compared lowered, signs as blanks
    "sentiment": {
        "negative": r"neg(?:ative|ativ)?|[12] stars?|very negative|bad|sadness|anger",
        "neutral": r"neu(?:tral)?|3 stars?|mixed",
        "positive": r"pos(?:itive|itiv)?|[45] stars?|very positive|good|joy",
    },
    "initiator": {"company": "company", "customer": "customer", "third_party": "third party"},
    "kind": {
        "supply": "supply|angebot",
        "demand": "demand|nachfrage",
        "activity": "activity|.*t[aä]t",
    },
    "idea": {
        "yes": r"yes|ideas?|suggestions?|vorschlag|true",
        "no": r"no|other|non .*|not .*|false",
    },
    "toxic": {
        "no": r"no|non .*|not .*|neutral|other|none|clean|false|acceptable|normal|nicht .*",
        "yes": r"yes|toxic(?:ity)?|off(?:ensive|ense)?|hate(?:ful)?(?: speech)?|"
        r"insult|abusive|true",
    },
}

_HYPOTHESES: dict[str, dict[str, str]] = {
    # put to a model of natural language inference; English ones serve multilingual models well
    "sentiment": {
        "negative": "The writer is dissatisfied.",
        "neutral": "The writer is neutral.",
        "positive": "The writer is satisfied.",
    },
    "initiator": {
        "company": "The writer responds to something the company started.",
        "customer": "The writer speaks on their own initiative.",
        "third_party": "The writer reacts to another person or a news report.",
    },
    "kind": {
        "supply": "The text is about a product or a service.",
        "demand": "The text is about buying, price or availability.",
        "activity": "The text is about something other than products.",
    },
    "idea": {"yes": "The text makes a suggestion.", "no": "The text makes no suggestion."},
    "toxic": {"yes": "The text insults someone.", "no": "The text insults nobody."},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Which model takes a label over.

    `mapping` says which of our values each of its labels means (`{"LABEL_0": "negative"}`; flags
    have `yes` and `no`); left empty, the usual names are understood. `device` is `cpu`, `cuda`,
    `mps` or None for the best at hand.
    """

    model: str
    mapping: Mapping[str, str] = field(default_factory=dict)
    device: str | None = None
    batch: int = BATCH


class TransformersOverride:
    """Lets another classifier label everything, then puts its own verdict in for one label."""

    def __init__(
        self, inner: Classifier, label: str, override: Override, unsure_below: float = 0.5
    ) -> None:
        if label not in _NAMES:
            raise ModelError(
                f"[models.{label}]: no label that a model can take over; it must be one of "
                f"{', '.join(_NAMES)}"
            )
        self._inner = inner
        self._label = label
        self._unsure_below = unsure_below
        self._model = _TransformersModel(label, override)
        self._name = f"{inner.name} + {label}: {override.model}"

    @property
    def name(self) -> str:
        """Name of the inner classifier and of the model that took the label over."""
        return self._name

    def classify(self, utterances: Sequence[Utterance]) -> list[Labels]:
        """Return as many labels as utterances, in their order."""
        inner = self._inner.classify(utterances)
        shares = self._model.score([one.text for one in utterances])
        return [self._put(labels, share) for labels, share in zip(inner, shares, strict=True)]

    def _put(self, labels: Labels, shares: Mapping[str, float]) -> Labels:
        winner = max(shares, key=lambda value: shares[value])
        unsure = [name for name in labels.unsure if name != self._label]
        if shares[winner] < self._unsure_below:
            unsure.append(self._label)
        flag = self._label in FLAGS
        given: dict[str, Any] = {self._label: winner == "yes" if flag else winner}
        return replace(
            labels,
            **given,
            model=self._name,
            unsure=tuple(unsure),
            probabilities={
                **labels.probabilities,
                self._label: shares["yes"] if flag else dict(shares),
            },
            evidence={**labels.evidence, self._label: Evidence(rule=None)},
        )


class _TransformersModel:
    """One loaded model; gives a distribution over our values per text."""

    def __init__(self, label: str, override: Override) -> None:
        self._label = label
        self._batch = override.batch
        self._values = CHOICES.get(label, ("yes", "no"))
        self._tokenizer, self._model, self._device = _load(label, override)
        names = {int(n): str(name) for n, name in self._model.config.id2label.items()}
        self._entailment = next(
            (n for n, name in names.items() if name.lower().startswith("entail")), None
        )
        self._meanings = (
            {} if self._entailment is not None else _map_names(label, names, override.mapping)
        )

    def score(self, texts: Sequence[str]) -> list[dict[str, float]]:
        """Return per text the share of each value, summing to 1."""
        cleaned = [clean(text) or "." for text in texts]
        found: list[dict[str, float]] = []
        for start in range(0, len(cleaned), self._batch):
            part = cleaned[start : start + self._batch]
            found += self._infer(part) if self._entailment is not None else self._classify(part)
        return found

    def _classify(self, texts: Sequence[str]) -> list[dict[str, float]]:
        rows = []
        for probabilities in self._run(list(texts)).softmax(dim=-1).tolist():
            shares = dict.fromkeys(self._values, 0.0)
            for number, value in self._meanings.items():
                shares[value] += probabilities[number]
            total = sum(shares.values()) or 1.0
            rows.append({value: share / total for value, share in shares.items()})
        return rows

    def _infer(self, texts: Sequence[str]) -> list[dict[str, float]]:
        """Score each hypothesis by its entailment, as zero-shot classification does.

        Source: Yin et al. (2019), EMNLP, "Benchmarking Zero-shot Text Classification".
        """
        hypotheses = [_HYPOTHESES[self._label][value] for value in self._values]
        pairs = [text for text in texts for _ in hypotheses]
        logits = self._run(pairs, hypotheses * len(texts))[:, self._entailment]
        shares = logits.view(len(texts), len(hypotheses)).softmax(dim=-1).tolist()
        return [dict(zip(self._values, row, strict=True)) for row in shares]

    def _run(self, texts: list[str], pairs: list[str] | None = None) -> Any:
        import torch

        given = self._tokenizer(
            texts, pairs, padding=True, truncation=True, max_length=MOST_PIECES, return_tensors="pt"
        )
        with torch.inference_mode():
            return self._model(**given.to(self._device)).logits.float().cpu()


def _load(label: str, override: Override) -> tuple[Any, Any, str]:
    where = f"[models.{label}] transformers = {override.model!r}"
    try:
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer
    except ImportError as error:
        raise ModelError(
            f"{where}: needs torch and transformers; pip install 'sturmglas[transformers]'"
        ) from error
    try:
        tokenizer = AutoTokenizer.from_pretrained(override.model)
        model = AutoModelForSequenceClassification.from_pretrained(override.model)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{where}: neither a readable model directory nor to be had from the hub (offline?); "
            f"fetch it where there is a network (`hf download`) and name the directory. "
            f"transformers says: {str(error).splitlines()[0]}"
        ) from error
    device = override.device or _best_device(torch)
    try:
        model = model.to(device).eval()
    except (RuntimeError, AssertionError) as error:
        raise ModelError(f"{where}: device {device!r} is not there; cpu always is") from error
    return tokenizer, model, device


def _best_device(torch: Any) -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _map_names(label: str, names: Mapping[int, str], mapping: Mapping[str, str]) -> dict[int, str]:
    """Return which of our values each output means; ModelError where that cannot be told."""
    found = {number: mapping.get(name) or _guess(label, name) for number, name in names.items()}
    values = {*CHOICES.get(label, ("yes", "no"))}
    unclear = [names[number] for number, value in found.items() if value not in values]
    if unclear:
        raise ModelError(
            f"[models.{label}]: the model's labels {', '.join(unclear)} are not understood; "
            f"map each to one of {', '.join(sorted(values))}"
        )
    return {number: value for number, value in found.items() if value is not None}


def _guess(label: str, name: str) -> str | None:
    plain = re.sub(r"[^a-z0-9äöü]+", " ", name.lower()).strip()
    return next(
        (value for value, pattern in _NAMES[label].items() if re.fullmatch(pattern, plain)), None
    )

"""The built-in classifier: works offline from the shipped weights, the thread rules first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from models.base import Classifier, ModelError
from models.calibration import Calibration, is_settled, load_calibration, to_probabilities
from models.encoder import FILES, LOWER, Enough, Flags, OnnxEncoder, Places, Scores
from models.evidence import find_words
from models.framing import Framed, frame
from models.heads import CHOICES, COLUMNS, FLAGS
from models.initiator import decide_initiator
from models.language import SERVED, LanguageIdentifier
from models.linear import LinearModel
from models.relevance import judge_relevance, judge_spam
from models.rules import Ruling, find_first_own, rule_initiator
from models.shipped import WEIGHTS, check_weights, read_manifest
from models.text import has_letters
from models.types import Evidence, Labels, Utterance

Speed = Literal["full", "cascade", "fast"]
SPEEDS: tuple[Speed, ...] = ("full", "cascade", "fast")
Floats = npt.NDArray[np.float32]


class Encoder(Protocol):
    """A slower, better model that gives logits for the same framed utterances."""

    def score(self, framed: Sequence[Framed], enough: Enough | None = None) -> Scores:
        """Return early and last logits; posts for which the early ones are enough stop there."""
        ...


class BuiltinClassifier:
    """Labels utterances with the shipped models; the same one gets the same labels anywhere."""

    def __init__(
        self,
        *,
        name: str,
        linear: LinearModel,
        fast: Calibration,
        encoder: Encoder | None = None,
        full: Calibration | None = None,
        half: Calibration | None = None,
        unsure_below: float = 0.5,
    ) -> None:
        self._name = name
        self._linear = linear
        self._fast = fast
        self._encoder = encoder
        self._full = full if full is not None else fast
        self._half = half
        self._unsure_below = unsure_below
        self._languages = LanguageIdentifier()

    @property
    def name(self) -> str:
        """Name, version and speed, as written beside every label."""
        return self._name

    def classify(self, utterances: Sequence[Utterance]) -> list[Labels]:
        """Return as many labels as utterances, in their order; refuses no text."""
        if not utterances:
            return []
        anchors = {i: first for i, one in enumerate(utterances) if (first := find_first_own(one))}
        every = [*utterances, *anchors.values()]
        framed = [frame(one) for one in every]
        linear = self._linear.score(framed)
        rulings = [rule_initiator(one) for one in every]
        probabilities = self._probabilities(framed, linear.logits, rulings)
        place = dict(zip(anchors, range(len(utterances), len(every)), strict=True))
        initiators = [
            decide_initiator(
                probabilities["initiator"][i],
                rulings[i],
                self._first_impulse(place.get(i), probabilities, rulings),
            )
            for i in range(len(utterances))
        ]
        probabilities = {head: p[: len(utterances)] for head, p in probabilities.items()}
        probabilities["initiator"] = np.stack([decided.probabilities for decided in initiators])
        langs = self._languages.identify(
            [one.text for one in framed[: len(utterances)]], [one.lang for one in utterances]
        )
        words = find_words(linear.head(len(utterances)), winners(probabilities))
        return [
            self._label(
                utterances[i],
                framed[i],
                {head: p[i] for head, p in probabilities.items()},
                langs[i],
                {
                    **words[i],
                    "initiator": Evidence(initiators[i].rule, words[i]["initiator"].words),
                },
            )
            for i in range(len(utterances))
        ]

    def _probabilities(
        self, framed: Sequence[Framed], linear: Floats, rulings: Sequence[Ruling | None]
    ) -> dict[str, Floats]:
        """Return what the tiers say; with `half` given, each post climbs as far as it must."""
        fast = to_probabilities(self._fast, framed, linear, None)
        if self._encoder is None:
            return fast
        if self._half is None:
            scores = self._encoder.score(framed)
            return to_probabilities(self._full, framed, linear, scores.late)
        half = self._half
        ruled = np.array([ruling is not None and ruling.decided for ruling in rulings])
        asked = np.flatnonzero(~is_settled(self._fast, fast, ruled)).astype(np.int64)
        if len(asked) == 0:
            return fast
        part = [framed[i] for i in asked.tolist()]

        def half_way(posts: Places, early: Floats) -> dict[str, Floats]:
            return to_probabilities(
                half, [part[i] for i in posts.tolist()], linear[asked[posts]], early
            )

        def enough(posts: Places, early: Floats) -> Flags:
            return is_settled(half, half_way(posts, early), ruled[asked[posts]])

        scores = self._encoder.score(part, enough)
        early = half_way(np.arange(len(part)), scores.early)
        late = to_probabilities(self._full, part, linear[asked], scores.late)
        for head, rows in fast.items():
            rows[asked] = np.where(scores.finished[:, None], late[head], early[head])
        return fast

    @staticmethod
    def _first_impulse(
        place: int | None, probabilities: Mapping[str, Floats], rulings: Sequence[Ruling | None]
    ) -> Floats | None:
        """Return what is thought of the author's first post in the thread, if there is one."""
        if place is None:
            return None
        first = decide_initiator(probabilities["initiator"][place], rulings[place], None)
        return first.probabilities

    def _label(
        self,
        utterance: Utterance,
        framed: Framed,
        probabilities: Mapping[str, Floats],
        lang: str,
        evidence: Mapping[str, Evidence],
    ) -> Labels:
        spam = judge_spam(framed.text, utterance.context)
        relevance = judge_relevance(utterance.text, utterance.context)
        tier = self._fast if self._encoder is None else self._full
        calibration = tier.of(framed)
        shares: dict[str, Mapping[str, float] | float] = {
            head: dict(zip(CHOICES[head], map(float, probabilities[head]), strict=True))
            for head in CHOICES
        }
        shares |= {flag: float(probabilities[flag][0]) for flag in FLAGS}
        chosen = {head: CHOICES[head][int(probabilities[head].argmax())] for head in CHOICES}
        flags = {flag: bool(probabilities[flag][0] >= calibration[flag].yes_from) for flag in FLAGS}
        return Labels(
            sentiment=chosen["sentiment"],
            initiator=chosen["initiator"],
            kind=chosen["kind"],
            idea=flags["idea"],
            toxic=flags["toxic"],
            lang=lang,
            model=self._name,
            spam=spam.yes,
            relevant=relevance.yes,
            probabilities={**shares, "spam": spam.probability, "relevant": relevance.probability},
            unsure=self._unsure(framed.text, probabilities, flags, lang),
            evidence={**evidence, "spam": spam.evidence, "relevant": relevance.evidence},
        )

    def _unsure(
        self, text: str, probabilities: Mapping[str, Floats], flags: Mapping[str, bool], lang: str
    ) -> tuple[str, ...]:
        """Name the labels below the threshold; all that words decide where words say nothing."""
        sure = {head: float(probabilities[head].max()) for head in CHOICES}
        for flag, yes in flags.items():
            p = float(probabilities[flag][0])
            sure[flag] = p if yes else 1 - p
        speechless = not has_letters(text)
        foreign = lang not in SERVED and lang != "und"
        return tuple(
            head
            for head, p in sure.items()
            if p < self._unsure_below or (speechless and head != "initiator") or foreign
        )


def winners(probabilities: Mapping[str, Floats]) -> dict[str, npt.NDArray[np.int64]]:
    """Return per head and row the logit column whose words are the evidence."""
    found = {head: COLUMNS[head].start + probabilities[head].argmax(axis=1) for head in CHOICES}
    for flag in FLAGS:
        found[flag] = np.full(len(probabilities[flag]), COLUMNS[flag].start)
    return found


def load(speed: str = "full", unsure_below: float = 0.5, folder: Path = WEIGHTS) -> Classifier:
    """Load the shipped classifier; raises ModelError naming file and remedy, or the wrong speed.

    `full` asks the whole encoder about every post, `fast` never; `cascade` asks it where the
    linear tier is in doubt, and goes up its second half where the first still is.
    """
    if speed not in SPEEDS:
        raise ModelError(f"[models] speed = {speed!r}: must be one of {', '.join(SPEEDS)}")
    manifest = read_manifest(folder)
    files = check_weights(folder, "linear.npz", "calibration.json")
    calibration = files["calibration.json"]
    encoder = None
    if speed != "fast" and LOWER in manifest["files"]:
        encoder = OnnxEncoder.load(check_weights(folder, *FILES))
    model = manifest["model"]
    return BuiltinClassifier(
        name=f"{model['name']}-{speed} {model['version']}",
        linear=LinearModel.load(files["linear.npz"]),
        fast=load_calibration(calibration, "fast"),
        encoder=encoder,
        full=load_calibration(calibration, "full") if encoder else None,
        half=load_calibration(calibration, "half") if encoder and speed == "cascade" else None,
        unsure_below=unsure_below,
    )

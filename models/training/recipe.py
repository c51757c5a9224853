"""The recipe of the encoder: what is trained on, how often, and how much it weighs."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.heads import HEADS
from models.training.corpus import Row
from models.types import ThreadContext

SEED = 7
Quotas = Mapping[tuple[str, str], Mapping[int, int]]
_ROMANCE = ("spanish", "french", "italian", "portuguese")


@dataclass(frozen=True, slots=True)
class Stage:
    """One stretch of the training: its rows, how often they come, and how fast it learns.

    `quotas` is the most rows taken per label, source and class; a source that is not named is
    taken whole. `repeats` says by source or origin how often a row comes in one epoch, once where
    it names neither. `rate` is the top layer's, after warming up; it falls evenly to the share
    `last_rate`.
    """

    name: str
    quotas: Quotas
    repeats: Mapping[str, int]
    rate: float
    last_rate: float
    epochs: float
    share: int = 1
    """How much its weights count in the average over the stages that is shipped."""

    def repeats_of(self, row: Row) -> int:
        """Return how often a row comes in one epoch."""
        return self.repeats.get(row.source, self.repeats.get(origin(row), 1))


def _same(sources: Sequence[str], count: int) -> dict[tuple[str, str], dict[int, int]]:
    return {("sentiment", f"umsab/{one}"): dict.fromkeys(range(3), count) for one in sources}


STAGES = (
    Stage(
        "base",
        {
            ("sentiment", "semeval"): {0: 7000, 1: 6500, 2: 6500},
            ("sentiment", "german-hotel-absa"): {0: 600, 1: 400, 2: 900},
            **_same(_ROMANCE, 400),
            ("toxic", "tweeteval/offensive"): {0: 3200, 1: 3200},
            ("toxic", "germeval2018"): {0: 2200, 1: 1700},
            ("toxic", "germeval2019t2"): {0: 1500, 1: 1300},
            ("toxic", "germeval2021"): {0: 1700, 1: 1100},
        },
        {"codebook": 3, "written": 2},
        rate=1.2e-4,
        last_rate=0.0,
        epochs=1.35,
    ),
    Stage(
        "broad",
        {
            ("sentiment", "semeval"): {0: 5500, 1: 6000, 2: 5000},
            ("sentiment", "german-hotel-absa"): {0: 600, 1: 400, 2: 900},
            ("toxic", "tweeteval/offensive"): {0: 6500, 1: 3902},
        },
        {"codebook": 2, "written": 2, "sb10k": 2, "umsab/german": 2},
        rate=1.0e-4,
        last_rate=0.3,
        epochs=1.5,
    ),
    Stage(
        "sharp",
        {
            ("sentiment", "semeval"): {0: 3000, 1: 3000, 2: 3000},
            ("sentiment", "german-hotel-absa"): {0: 519, 1: 338, 2: 700},
            **_same(_ROMANCE, 300),
            ("toxic", "tweeteval/offensive"): {0: 4000, 1: 3902},
            ("toxic", "germeval2018"): {0: 2200, 1: 1509},
            ("toxic", "germeval2019t2"): {0: 1400, 1: 1150},
        },
        {"labelled": 3, "codebook": 3, "written": 2, "umsab/german": 2},
        rate=6.0e-5,
        last_rate=0.0,
        epochs=1.75,
        share=2,
    ),
)
"""The stages in their order; each starts from the averaged weights of the one before."""

HEAD_WEIGHTS = {"sentiment": 1.0, "initiator": 1.0, "kind": 1.5, "idea": 1.5, "toxic": 0.8}
CLASS_BALANCE = 0.5
PLACED_SHARE = 0.25
"""Share of the bare tweets that are said to be tweets, so that the place alone proves nothing."""

UNPLACED_SHARE = 0.15
"""Share of the codebook's rows whose place is forgotten: the product meets unknown places."""


def origin(row: Row) -> str:
    """Return `labelled`, `written`, `codebook` or `public`."""
    for name in ("labelled", "written"):
        if row.source.startswith(f"{name}/"):
            return name
    return "codebook" if sum(value >= 0 for value in row.gold) > 1 else "public"


def choose_rows(rows: Sequence[Row], stage: Stage) -> list[Row]:
    """Return the training rows: quotas applied, some bare tweets given their place."""
    chance = random.Random(f"{SEED} {stage.name}")
    shuffled = [row for row in rows if row.split == "train"]
    chance.shuffle(shuffled)
    taken: dict[tuple[str, str, int], int] = defaultdict(int)
    kept = []
    for row in shuffled:
        if origin(row) == "public":
            place = next(i for i, value in enumerate(row.gold) if value >= 0)
            name = "semeval" if row.source.startswith("semeval") else row.source
            quota = stage.quotas.get((HEADS[place], name), {}).get(row.gold[place])
            key = (HEADS[place], name, row.gold[place])
            taken[key] += 1
            if quota is not None and taken[key] > quota:
                continue
            kept.append(_placed(row) if chance.random() < PLACED_SHARE else row)
        else:
            kept.append(_unplaced(row) if chance.random() < UNPLACED_SHARE else row)
    return kept


def weigh_classes(rows: Sequence[Row], stage: Stage) -> dict[str, np.ndarray]:
    """Return per head a weight per class: (mean count / own count) ** CLASS_BALANCE, mean 1."""
    found = {}
    for place, head in enumerate(HEADS):
        repeats = np.array([stage.repeats_of(row) for row in rows])
        gold = np.array([row.gold[place] for row in rows])
        counts = np.bincount(gold[gold >= 0], weights=repeats[gold >= 0])
        weights = (counts.mean() / np.maximum(counts, 1)) ** CLASS_BALANCE
        found[head] = weights / (weights * counts).sum() * counts.sum()
    return found


def _placed(row: Row) -> Row:
    place = "facebook" if row.source == "germeval2021" else "twitter"
    if row.source == "german-hotel-absa":
        place = "review site"
    context = replace(row.utterance.context, platform=place)
    return replace(row, utterance=replace(row.utterance, context=context))


def _unplaced(row: Row) -> Row:
    """Return a row whose platform is forgotten; without a thread its role is too."""
    context = replace(row.utterance.context, platform=None)
    if not context.thread and context.author_role == "customer":
        context = ThreadContext()
    return replace(row, utterance=replace(row.utterance, context=context))

"""The recipe of the encoder: what is trained on, how often, and how much it weighs."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from models.heads import HEADS
from models.training.corpus import Row
from models.types import ThreadContext

QUOTAS: dict[tuple[str, str], dict[int, int]] = {
    ("sentiment", "semeval"): {0: 7000, 1: 6500, 2: 6500},
    ("sentiment", "german-hotel-absa"): {0: 600, 1: 400, 2: 900},
    ("sentiment", "umsab/spanish"): {0: 400, 1: 400, 2: 400},
    ("sentiment", "umsab/french"): {0: 400, 1: 400, 2: 400},
    ("sentiment", "umsab/italian"): {0: 400, 1: 400, 2: 400},
    ("sentiment", "umsab/portuguese"): {0: 400, 1: 400, 2: 400},
    ("toxic", "tweeteval/offensive"): {0: 3200, 1: 3200},
    ("toxic", "germeval2018"): {0: 2200, 1: 1700},
    ("toxic", "germeval2019t2"): {0: 1500, 1: 1300},
    ("toxic", "germeval2021"): {0: 1700, 1: 1100},
}
"""Most rows taken per source and class; a source that is not named is taken whole."""

REPEATS = {"codebook": 3, "written": 2, "public": 1}
"""How often a row comes in one epoch."""

HEAD_WEIGHTS = {"sentiment": 1.0, "initiator": 1.0, "kind": 1.5, "idea": 1.5, "toxic": 0.8}
CLASS_BALANCE = 0.5
PLACED_SHARE = 0.25
"""Share of the bare tweets that are said to be tweets, so that the place alone proves nothing."""

UNPLACED_SHARE = 0.15
"""Share of the codebook's rows whose place is forgotten: the product meets unknown places."""


def origin(row: Row) -> str:
    """Return `codebook`, `written` or `public`."""
    if row.source.startswith("written/"):
        return "written"
    return "codebook" if sum(value >= 0 for value in row.gold) > 1 else "public"


def choose_rows(rows: Sequence[Row], seed: int) -> list[Row]:
    """Return the training rows: quotas applied, some bare tweets given their place."""
    chance = random.Random(seed)
    shuffled = [row for row in rows if row.split == "train"]
    chance.shuffle(shuffled)
    taken: dict[tuple[str, str, int], int] = defaultdict(int)
    kept = []
    for row in shuffled:
        if origin(row) == "public":
            place = next(i for i, value in enumerate(row.gold) if value >= 0)
            name = "semeval" if row.source.startswith("semeval") else row.source
            quota = QUOTAS.get((HEADS[place], name), {}).get(row.gold[place])
            key = (HEADS[place], name, row.gold[place])
            taken[key] += 1
            if quota is not None and taken[key] > quota:
                continue
            kept.append(_placed(row) if chance.random() < PLACED_SHARE else row)
        else:
            kept.append(_unplaced(row) if chance.random() < UNPLACED_SHARE else row)
    return kept


def weigh_classes(rows: Sequence[Row]) -> dict[str, np.ndarray]:
    """Return per head a weight per class: (mean count / own count) ** CLASS_BALANCE, mean 1."""
    found = {}
    for place, head in enumerate(HEADS):
        repeats = np.array([REPEATS[origin(row)] for row in rows])
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

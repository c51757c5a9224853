"""Finds ideas that say the same. It only proposes; a person joins them.

Equal texts first (exact), then MinHash with LSH finds candidates among any number of ideas, then
rapidfuzz confirms on the words themselves, whatever their order. What says the same in other words
or in another language is found by vectors, if the caller has some: two ideas that are nearest to
each other, and near enough.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from datasketch import MinHash, MinHashLSH
from numpy.typing import NDArray
from rapidfuzz import fuzz

from monitor.types.campaigns import Idea

PERMUTATIONS = 64
LSH_THRESHOLD = 0.45  # candidates may be many: the words decide afterwards
SAME_WORDS = 88.0  # of 100; below, pairs of our own samples differed in what they ask for
SHINGLE = 4

_NO_WORD = re.compile(r"[^\w]+")


SAME_MEANING = 0.40  # cosine; see benchmarks/duplicates.py for what that costs and brings
MOST_COMPARED = 20_000  # newest ideas that are compared by meaning: the work grows by the square
ROW_BLOCK = 1_000

By = Literal["text", "words", "meaning"]
Embed = Callable[[Sequence[str]], NDArray[np.float32]]
"""Gives a vector for each text, of length 1 or 0; their products say how like they are."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two ideas that look alike: the later `idea`, the earlier `into`, how alike (0..1).

    `by` says what is alike: the whole text, the words, or (least sure) the meaning.
    """

    idea: str
    into: str
    likeness: float
    exact: bool
    by: By = "words"


def find_duplicates(ideas: Sequence[Idea], embed: Embed | None = None) -> list[Duplicate]:
    """Return likely duplicates, each idea proposed once, for the earliest that it resembles."""
    ordered = sorted(
        (idea for idea in ideas if idea.joined_into is None),
        key=lambda idea: (idea.created_at is None, idea.created_at, idea.idea),
    )
    found = _alike_by_words(ordered)
    if embed is not None:
        proposed = {one.idea for one in found}
        left = [idea for idea in ordered if idea.idea not in proposed][-MOST_COMPARED:]
        found += _alike_by_meaning(left, embed([f"{one.title}. {one.text}" for one in left]))
    return found


def _alike_by_meaning(ordered: Sequence[Idea], vectors: NDArray[np.float32]) -> list[Duplicate]:
    nearest = np.zeros(len(ordered), dtype=np.int64)
    likeness = np.zeros(len(ordered), dtype=np.float32)
    for start in range(0, len(ordered), ROW_BLOCK):
        near = vectors[start : start + ROW_BLOCK] @ vectors.T
        near[np.arange(len(near)), start + np.arange(len(near))] = -1  # nobody is like himself
        nearest[start : start + len(near)] = near.argmax(axis=1)
        likeness[start : start + len(near)] = near.max(axis=1)
    return [
        Duplicate(
            ordered[place].idea,
            ordered[other].idea,
            round(float(likeness[place]), 3),
            exact=False,
            by="meaning",
        )
        for place, other in enumerate(nearest.tolist())
        if other < place and nearest[other] == place and likeness[place] >= SAME_MEANING
    ]


def _alike_by_words(ordered: Sequence[Idea]) -> list[Duplicate]:
    lsh = MinHashLSH(threshold=LSH_THRESHOLD, num_perm=PERMUTATIONS)
    first_of: dict[str, str] = {}
    texts: dict[str, str] = {}
    rank: dict[str, int] = {}
    found = []
    for place, idea in enumerate(ordered):
        text = normalised(f"{idea.title} {idea.text}")
        if not text:
            continue
        if text in first_of:
            found.append(Duplicate(idea.idea, first_of[text], 1.0, exact=True, by="text"))
            continue
        sketch = _sketch(text)
        like = _best(text, list(lsh.query(sketch)), texts, rank)
        if like is not None:
            found.append(Duplicate(idea.idea, like[0], round(like[1] / 100, 3), exact=False))
        first_of[text], texts[idea.idea], rank[idea.idea] = idea.idea, text, place
        lsh.insert(idea.idea, sketch)
    return found


def normalised(text: str) -> str:
    """Return the words alone: folded case, no signs, no accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return _NO_WORD.sub(" ", plain).strip()


def _sketch(text: str) -> MinHash:
    shingles = {text[at : at + SHINGLE] for at in range(max(len(text) - SHINGLE + 1, 1))}
    sketch = MinHash(num_perm=PERMUTATIONS)
    sketch.update_batch([shingle.encode() for shingle in shingles])
    return sketch


def _best(
    text: str, names: Sequence[str], texts: dict[str, str], rank: dict[str, int]
) -> tuple[str, float] | None:
    likeness = ((name, fuzz.token_sort_ratio(text, texts[name])) for name in names)
    alike = [(name, score) for name, score in likeness if score >= SAME_WORDS]
    return min(alike, key=lambda pair: rank[pair[0]]) if alike else None

"""Finds ideas that say the same. It only proposes; a person joins them.

Equal texts first (exact), then MinHash with LSH finds candidates among any number of ideas, then
rapidfuzz confirms on the words themselves, whatever their order.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from datasketch import MinHash, MinHashLSH
from rapidfuzz import fuzz

from monitor.types.campaigns import Idea

PERMUTATIONS = 64
LSH_THRESHOLD = 0.45  # candidates may be many: the words decide afterwards
SAME_WORDS = 88.0  # of 100; below, pairs of our own samples differed in what they ask for
SHINGLE = 4

_NO_WORD = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two ideas that look alike: the later `idea`, the earlier `into`, how alike (0..1)."""

    idea: str
    into: str
    likeness: float
    exact: bool


def find_duplicates(ideas: Sequence[Idea]) -> list[Duplicate]:
    """Return likely duplicates, each idea proposed once, for the earliest that it resembles."""
    ordered = sorted(
        (idea for idea in ideas if idea.joined_into is None),
        key=lambda idea: (idea.created_at is None, idea.created_at, idea.idea),
    )
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
            found.append(Duplicate(idea.idea, first_of[text], 1.0, exact=True))
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

"""The linear tier: hashed n-grams times weights; small, instant, ballast of the full tier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.framing import Framed
from models.hashing import COLUMNS, Grams, hash_texts, hash_token
from models.heads import LOGITS

FACT_WEIGHT = np.float32(0.35)
"""Weight of a fact (`role=customer`) beside a text of length 1."""

BATCH = 512
Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scores:
    """Logits of some texts (columns as in `heads.COLUMNS`) and what each word adds to them."""

    logits: Floats
    words: tuple[str, ...]
    shares: Floats
    first: Places
    """The words of text `i` are `words[first[i]:first[i + 1]]`, so are their rows of `shares`."""

    def head(self, n: int) -> Scores:
        """Return the scores of the first `n` texts."""
        end = int(self.first[n])
        return Scores(self.logits[:n], self.words[:end], self.shares[:end], self.first[: n + 1])


def weigh(grams: Grams, rarity: Floats) -> Floats:
    """Return each n-gram's value: its rarity (idf), scaled so that every text has length 1."""
    values = rarity[grams.columns]
    starts = grams.text_starts
    sizes = np.diff(starts)
    # reduceat gives an empty text its neighbour's sum; nothing is scaled by it
    squares = np.add.reduceat(np.append(values * values, np.float32(0)), starts[:-1])
    lengths: Floats = np.sqrt(np.maximum(squares, np.float32(1e-9)), dtype=np.float32)
    weighed: Floats = (values / np.repeat(lengths, sizes)).astype(np.float32)
    return weighed


class LinearModel:
    """Scores framed utterances with one sparse product; holds about 12 MB once loaded."""

    def __init__(self, weights: Floats, bias: Floats, rarity: Floats) -> None:
        self._weights = weights
        self._bias = bias
        self._rarity = rarity

    @classmethod
    def load(cls, path: Path) -> LinearModel:
        """Read the weights that `save` wrote."""
        with np.load(path) as stored:
            weights = stored["weights"].astype(np.float32) * stored["scales"]
            return cls(weights, stored["bias"], stored["rarity"].astype(np.float32))

    def save(self, path: Path) -> None:
        """Write the weights in 8 bits with one scale per logit, and the rarities in 16."""
        scales = (np.abs(self._weights).max(axis=0) / 127 + 1e-12).astype(np.float32)
        np.savez_compressed(
            path,
            weights=np.round(self._weights / scales).astype(np.int8),
            scales=scales,
            bias=self._bias.astype(np.float32),
            rarity=self._rarity.astype(np.float16),
        )

    def score(self, framed: Sequence[Framed]) -> Scores:
        """Return logits, one row an utterance, and the share of each word in them."""
        parts = [
            self._score_part(framed[start : start + BATCH])
            for start in range(0, max(len(framed), 1), BATCH)
        ]
        offsets = np.cumsum([0, *(len(part.words) for part in parts)])
        return Scores(
            logits=np.concatenate([part.logits for part in parts]),
            words=tuple(word for part in parts for word in part.words),
            shares=np.concatenate([part.shares for part in parts]),
            first=np.concatenate(
                [[0], *(part.first[1:] + at for part, at in zip(parts, offsets, strict=False))]
            ).astype(np.int64),
        )

    def _score_part(self, framed: Sequence[Framed]) -> Scores:
        from scipy.sparse import csr_array

        grams = hash_texts([one.text for one in framed])
        values = weigh(grams, self._rarity)
        shape = (len(grams.words), COLUMNS)
        shares = csr_array((values, grams.columns, grams.starts), shape=shape) @ self._weights
        logits = np.zeros((len(framed), LOGITS), np.float32)
        # bincount adds in order, word after word: a text's sum is the same in any batch
        for column in range(LOGITS):
            logits[:, column] = np.bincount(grams.owners, shares[:, column], len(framed))
        for i, one in enumerate(framed):
            for fact in one.facts:
                logits[i] += FACT_WEIGHT * self._weights[hash_token(fact)]
        return Scores(logits + self._bias, grams.words, shares, grams.first)

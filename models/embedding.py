"""Texts as vectors: what says the same points the same way, in whatever language it is written.

Made from the states half-way up the shipped encoder, which was trained on many languages at once.
Nothing is fetched; the graph is opened at the first call. Which pairs are likely to say the same
is measured by `benchmarks/duplicates.py`: good enough to propose, not to decide.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.base import ModelError
from models.encoder import LOWER, MASKED, TOKENIZER, WORDS
from models.framing import Framed
from models.shipped import WEIGHTS, check_weights
from models.text import clean
from models.tokens import Tokens
from models.words import WordTable

FEWEST = 30
"""Texts from which on their common direction can be told from what they say."""

COMMON = 2
"""Directions that all texts share, whatever they say (Mu and Viswanath 2018): taken out."""

BATCH = 32
Floats = npt.NDArray[np.float32]


class Embedder:
    """Embeds texts with the encoder in `folder`; loads it once, when first asked."""

    def __init__(self, folder: Path = WEIGHTS) -> None:
        self._folder = folder

    @cached_property
    def _parts(self) -> tuple[Any, Tokens, WordTable]:
        import onnxruntime

        files = check_weights(self._folder, LOWER, TOKENIZER, WORDS)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        try:
            graph = onnxruntime.InferenceSession(
                str(files[LOWER]), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime raises its own unnamed kinds of RuntimeError
            raise ModelError(f"{files[LOWER]}: onnxruntime cannot open it: {error}") from error
        return graph, Tokens.load(files[TOKENIZER]), WordTable.load(files[WORDS])

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return a row of length 1 for each text; rows of one call can be compared by product.

        What all texts of the call share is taken out, so rows of two calls do not compare. Of
        fewer than `FEWEST` texts nothing can be told, and all rows are 0. An empty text is 0 too.
        Raises ModelError where the weights are missing or damaged.
        """
        if len(texts) < FEWEST:
            return np.zeros((len(texts), 1), np.float32)
        _, tokens, words = self._parts
        rows = tokens.encode([Framed(text=clean(text), facts=(), context="") for text in texts])
        # A piece that stands in every text says nothing of any of them.
        holders = Counter(piece for row in rows for piece in set(row))
        vectors = np.zeros((len(rows), words.width), np.float32)
        for places in _batches(rows):
            states = self._states([rows[place] for place in places])
            for place, state in zip(places, states, strict=True):
                inside = rows[place][1:-1]
                weights = np.array([np.log(len(rows) / holders[piece]) for piece in inside])
                if weights.sum() > 0:
                    vectors[place] = weights @ state[1 : len(inside) + 1] / weights.sum()
        return _apart(vectors)

    def _states(self, rows: Sequence[Sequence[int]]) -> Floats:
        graph, _, words = self._parts
        length = max(map(len, rows))
        vectors = np.zeros((len(rows), length, words.width), np.float32)
        mask = np.full((len(rows), length), MASKED, np.float32)
        for place, row in enumerate(rows):
            vectors[place, : len(row)] = words.look_up(row)
            mask[place, : len(row)] = 0
        states: Floats = graph.run(["states"], {"words": vectors, "mask": mask})[0]
        return states


def _batches(rows: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return the places of rows of one length together, so that nothing is padded."""
    by_length: dict[int, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        by_length[len(row)].append(place)
    return [
        places[at : at + BATCH]
        for places in by_length.values()
        for at in range(0, len(places), BATCH)
    ]


def _apart(vectors: Floats) -> Floats:
    """Take out what all rows share, and bring each to length 1."""
    said = np.abs(vectors).sum(axis=1) > 0
    held = vectors[said]
    if len(held) < FEWEST:
        return np.zeros_like(vectors)
    held = held - held.mean(axis=0)
    _, common = np.linalg.eigh(held.T @ held)  # ascending: the strongest stand last
    common = common[:, -COMMON:]
    held = held - held @ common @ common.T
    out = np.zeros_like(vectors)
    out[said] = held / np.maximum(np.linalg.norm(held, axis=1, keepdims=True), 1e-9)
    return out

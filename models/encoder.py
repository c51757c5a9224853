"""The encoder at work: onnxruntime over rows of like length, the same numbers in any batch."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.base import ModelError
from models.framing import Framed
from models.heads import LOGITS
from models.tokens import Tokens
from models.words import WordTable

LOWER, UPPER, TOKENIZER, WORDS = "lower.onnx", "upper.onnx", "tokenizer.json", "words.npz"
FILES = (LOWER, UPPER, TOKENIZER, WORDS)

BATCH = 16
"""Rows read at once: more of them fall out of the fast caches."""

STEP = 8
"""Rows are padded to the next multiple of this, by their own length alone."""

MASKED = np.float32(-1e4)
Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]
Enough = Callable[[Places, Floats], Flags]
"""Given the places of posts and their early logits, says for which of them these are enough."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Logits of the early heads, half-way up, and of the last ones, one row a post.

    `finished` says which posts went all the way; the last logits of the others are 0.
    """

    early: Floats
    late: Floats
    finished: Flags


@dataclass(frozen=True, slots=True)
class _Batch:
    """Distinct rows of pieces of one padded length, and which posts each row stands for."""

    length: int
    rows: list[tuple[int, ...]]
    owners: list[list[int]]


class OnnxEncoder:
    """Scores framed utterances with the shipped network; holds about 100 MB once loaded."""

    def __init__(
        self, lower: Any, upper: Any, tokens: Tokens, words: WordTable, workers: int
    ) -> None:
        self._lower = lower
        self._upper = upper
        self._tokens = tokens
        self._words = words
        self._workers = workers

    @classmethod
    def load(cls, files: dict[str, Path], workers: int = 0) -> OnnxEncoder:
        """Open the four files, by their names; `workers` 0 takes every core it may use.

        Raises ModelError where onnxruntime cannot open a graph.
        """
        return cls(
            _open(files[LOWER]),
            _open(files[UPPER]),
            Tokens.load(files[TOKENIZER]),
            WordTable.load(files[WORDS]),
            workers or count_cores(),
        )

    def score(self, framed: Sequence[Framed], enough: Enough | None = None) -> Scores:
        """Return logits, columns as in `heads.COLUMNS`; posts that are `enough` stop half-way.

        Equal rows are read once. A row's padding follows from its own length and each product
        quantises piece by piece, so what stands beside it changes nothing. Batches run side by
        side, each on one core.
        """
        scores = Scores(
            np.zeros((len(framed), LOGITS), np.float32),
            np.zeros((len(framed), LOGITS), np.float32),
            np.zeros(len(framed), np.bool_),
        )
        batches = list(_batches(self._tokens.encode(framed)))
        if min(self._workers, len(batches)) <= 1:
            for batch in batches:
                self._run(batch, enough, scores)
        else:
            with ThreadPoolExecutor(self._workers) as pool:
                # longest first: the last to end are short ones
                list(pool.map(lambda batch: self._run(batch, enough, scores), batches[::-1]))
        return scores

    def _run(self, batch: _Batch, enough: Enough | None, scores: Scores) -> None:
        vectors = np.zeros((len(batch.rows), batch.length, self._words.width), np.float32)
        mask = np.full((len(batch.rows), batch.length), MASKED, np.float32)
        for i, row in enumerate(batch.rows):
            vectors[i, : len(row)] = self._words.look_up(row)
            mask[i, : len(row)] = 0
        early, states = self._lower.run(None, {"words": vectors, "mask": mask})
        posts = np.array([post for owners in batch.owners for post in owners], np.int64)
        row_of = np.repeat(np.arange(len(batch.rows)), [len(owners) for owners in batch.owners])
        scores.early[posts] = early[row_of]
        go_on = np.ones(len(posts), np.bool_) if enough is None else ~enough(posts, early[row_of])
        rows = np.unique(row_of[go_on])
        if len(rows) == 0:
            return
        (late,) = self._upper.run(None, {"states": states[rows], "mask": mask[rows]})
        scores.late[posts[go_on]] = late[np.searchsorted(rows, row_of[go_on])]
        scores.finished[posts[go_on]] = True


def _batches(rows: Sequence[Sequence[int]]) -> list[_Batch]:
    """Return distinct rows in batches of one padded length, shortest first."""
    owners: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for post, row in enumerate(rows):
        owners[tuple(row)].append(post)
    buckets: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    for row in owners:
        buckets[-(-len(row) // STEP) * STEP].append(row)
    return [
        _Batch(length, part, [owners[row] for row in part])
        for length, bucket in sorted(buckets.items())
        for part in (bucket[at : at + BATCH] for at in range(0, len(bucket), BATCH))
    ]


def _open(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # a batch is too small to share: cores take batches each
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(
            str(path),
            options,
            providers=["CPUExecutionProvider"],
            # joined with the sum before it, the norm takes six times as long on a CPU
            disabled_optimizers=["SkipLayerNormFusion"],
        )
    except Exception as error:  # onnxruntime raises its own unnamed kinds of RuntimeError
        raise ModelError(f"{path}: onnxruntime cannot open it: {error}") from error


def count_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

"""The encoder at work: onnxruntime over rows of like length, the same numbers in any batch."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.base import ModelError
from models.framing import Framed
from models.heads import LOGITS
from models.tokens import Tokens
from models.words import WordTable

BATCH = 32
STEP = 8
"""Rows are padded to the next multiple of this, by their own length alone."""

MASKED = np.float32(-1e4)
Floats = npt.NDArray[np.float32]


class OnnxEncoder:
    """Scores framed utterances with the shipped network; holds about 120 MB once loaded."""

    def __init__(self, session: Any, tokens: Tokens, words: WordTable) -> None:
        self._session = session
        self._tokens = tokens
        self._words = words

    @classmethod
    def load(cls, network: Path, tokenizer: Path, words: Path, threads: int = 0) -> OnnxEncoder:
        """Open the three files; `threads` 0 takes every core this process may use."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or count_cores()
        # waiting threads that spin steal the cores of whatever else runs on the machine
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            session = onnxruntime.InferenceSession(
                str(network), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime raises its own unnamed kinds of RuntimeError
            raise ModelError(f"{network}: onnxruntime cannot open it: {error}") from error
        return cls(session, Tokens.load(tokenizer), WordTable.load(words))

    def score(self, framed: Sequence[Framed]) -> Floats:
        """Return logits, one row an utterance, columns as in `heads.COLUMNS`.

        Equal rows are read once. A row's padding follows from its own length and each product
        quantises row by row, so what stands beside it changes nothing.
        """
        rows = [tuple(row) for row in self._tokens.encode(framed)]
        buckets: dict[int, list[tuple[int, ...]]] = defaultdict(list)
        for row in dict.fromkeys(rows):
            buckets[-(-len(row) // STEP) * STEP].append(row)
        known: dict[tuple[int, ...], Floats] = {}
        for length, bucket in buckets.items():
            for start in range(0, len(bucket), BATCH):
                part = bucket[start : start + BATCH]
                known.update(zip(part, self._run(part, length), strict=True))
        found = np.array([known[row] for row in rows], np.float32)
        return found.reshape(len(rows), LOGITS)

    def _run(self, rows: Sequence[tuple[int, ...]], length: int) -> Floats:
        vectors = np.zeros((len(rows), length, self._words.width), np.float32)
        mask = np.full((len(rows), length), MASKED, np.float32)
        for i, row in enumerate(rows):
            vectors[i, : len(row)] = self._words.look_up(row)
            mask[i, : len(row)] = 0
        (logits,) = self._session.run(None, {"words": vectors, "mask": mask})
        found: Floats = logits
        return found


def count_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

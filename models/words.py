"""The word table of the encoder: 4-bit rows, unpacked as they are looked up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


class WordTable:
    """Gives the vector of each piece; holds 16 bytes and a 16-bit scale for 32 weights."""

    def __init__(self, codes: npt.NDArray[np.uint8], scales: npt.NDArray[np.float16]) -> None:
        self._codes = codes  # [pieces, blocks, 16]: byte j holds weight j low, weight j + 16 high
        self._scales = scales  # [pieces, blocks]

    @classmethod
    def load(cls, path: Path) -> WordTable:
        """Read the table that training wrote."""
        with np.load(path) as stored:
            return cls(stored["codes"], stored["scales"])

    @property
    def rows(self) -> int:
        """Return the pieces that have a vector."""
        return len(self._codes)

    @property
    def width(self) -> int:
        """Return the numbers in one vector."""
        return int(self._codes.shape[1] * self._codes.shape[2] * 2)

    def look_up(self, pieces: Sequence[int] | npt.NDArray[np.int64]) -> Floats:
        """Return one row of float32 a piece."""
        codes = self._codes[np.asarray(pieces, np.int64)]
        weights = np.concatenate([codes & 15, codes >> 4], axis=-1).astype(np.float32) - 8
        scaled = weights * self._scales[np.asarray(pieces, np.int64)][..., None].astype(np.float32)
        vectors: Floats = scaled.reshape(len(codes), -1)
        return vectors

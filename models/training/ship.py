"""Ships the trained encoder: two ONNX graphs, calibration of all tiers, manifest.

python -m models.training.ship --data DIR [--checkpoint training/trained.pt]
"""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from models.calibration import Calibration, to_probabilities
from models.encoder import FILES, LOWER, UPPER, OnnxEncoder, Scores
from models.framing import frame
from models.linear import LinearModel
from models.shipped import VERSION, WEIGHTS, write_manifest
from models.training.calibrate import fit, settle, write_tier
from models.training.corpus import Row, load_rows
from models.training.export import export
from models.training.run import thaw


def ship(data: Path, work: Path, checkpoint: Path, out: Path = WEIGHTS) -> None:
    """Write the graphs, `tokenizer.json`, `words.npz`, the calibration and the manifest."""
    state = thaw(checkpoint).state_dict()
    plain = {name: value.numpy() for name, value in state.items()}
    export(plain, out / LOWER, out / UPPER)
    for name in ("tokenizer.json", "words.npz"):
        shutil.copyfile(work / "vocabulary" / name, out / name)
    encoder = OnnxEncoder.load({name: out / name for name in FILES})
    linear = LinearModel.load(out / "linear.npz")
    dev = [row for row in load_rows(data) if row.split != "train"]
    framed = [frame(row.utterance) for row in dev]
    tiers = fit_tiers(dev, linear.score(framed).logits, encoder.score(framed))
    for name, tier in tiers.items():
        write_tier(out / "calibration.json", name, tier)
    write_manifest(out, VERSION)
    sizes = {path.name: path.stat().st_size / 1e6 for path in sorted(out.iterdir())}
    print({name: round(size, 1) for name, size in sizes.items()}, f"{sum(sizes.values()):.1f} MB")


def fit_tiers(rows: Sequence[Row], linear: np.ndarray, scores: Scores) -> dict[str, Calibration]:
    """Fit the three tiers on held-out rows, with the bars by which the cascade climbs."""
    framed = [frame(row.utterance) for row in rows]
    full = fit(rows, linear, scores.late)
    truth = to_probabilities(full, framed, linear, scores.late)
    tiers = {"full": full}
    for name, encoded in (("fast", None), ("half", scores.early)):
        tier = fit(rows, linear, encoded)
        told = to_probabilities(tier, framed, linear, encoded)
        tiers[name] = settle(tier, told, full, truth, rows)
    return tiers


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("STURMGLAS_DATA"))
    parser.add_argument("--work", type=Path, default=Path("training"))
    parser.add_argument("--checkpoint", type=Path)
    wanted = parser.parse_args()
    if wanted.data is None:
        parser.error("no data: give --data DIR or set STURMGLAS_DATA")
    torch.set_num_threads(1)
    ship(Path(wanted.data), wanted.work, wanted.checkpoint or wanted.work / "trained.pt")


if __name__ == "__main__":
    main()

"""Ships the trained encoder: ONNX with 8-bit weights, calibration of the full tier, manifest.

python -m models.training.ship --data DIR [--checkpoint training/trained.pt]
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

import torch

from models.encoder import OnnxEncoder
from models.framing import frame
from models.linear import LinearModel
from models.shipped import VERSION, WEIGHTS, write_manifest
from models.training.calibrate import fit, write_tier
from models.training.corpus import load_rows
from models.training.export import export


def ship(data: Path, work: Path, checkpoint: Path, out: Path = WEIGHTS) -> None:
    """Write `encoder.onnx`, `tokenizer.json`, `words.npz`, the calibration and the manifest."""
    state = torch.load(checkpoint)
    state = state.get("network", state)  # a checkpoint of a run carries its optimizer too
    export({name: value.numpy() for name, value in state.items()}, out / "encoder.onnx")
    for name in ("tokenizer.json", "words.npz"):
        shutil.copyfile(work / "vocabulary" / name, out / name)
    encoder = OnnxEncoder.load(out / "encoder.onnx", out / "tokenizer.json", out / "words.npz")
    linear = LinearModel.load(out / "linear.npz")
    dev = [row for row in load_rows(data) if row.split != "train"]
    framed = [frame(row.utterance) for row in dev]
    encoded = encoder.score(framed)
    weighed = linear.score(framed).logits
    write_tier(out / "calibration.json", "fast", fit(dev, weighed, None))
    write_tier(out / "calibration.json", "full", fit(dev, weighed, encoded))
    write_manifest(out, VERSION)
    sizes = {path.name: path.stat().st_size / 1e6 for path in sorted(out.iterdir())}
    print({name: round(size, 1) for name, size in sizes.items()}, f"{sum(sizes.values()):.1f} MB")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("STURMGLAS_DATA"))
    parser.add_argument("--work", type=Path, default=Path("training"))
    parser.add_argument("--checkpoint", type=Path)
    wanted = parser.parse_args()
    if wanted.data is None:
        parser.error("no data: give --data DIR or set STURMGLAS_DATA")
    ship(Path(wanted.data), wanted.work, wanted.checkpoint or wanted.work / "trained.pt")


if __name__ == "__main__":
    main()

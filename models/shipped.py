"""The shipped weights: where they lie, and the checksums that guard them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from models.base import ModelError

WEIGHTS = Path(__file__).parent / "weights"
MANIFEST = "manifest.json"
VERSION = "1.1"
"""Version of the weights that the training scripts write; stands beside every label."""

REMEDY = "reinstall sturmglas (pip install --force-reinstall sturmglas), or restore it with git"


def check_weights(folder: Path = WEIGHTS, *names: str) -> dict[str, Path]:
    """Return the named files once their SHA-256 agrees with the manifest beside them.

    Raises ModelError that names the file and the remedy where one is missing or damaged.
    """
    sums = read_manifest(folder)["files"]
    return {name: _check(folder / name, sums.get(name)) for name in names}


def read_manifest(folder: Path = WEIGHTS) -> dict[str, dict[str, str]]:
    """Return the manifest: `files` (name to SHA-256) and `model` (name, version)."""
    path = folder / MANIFEST
    try:
        manifest: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); {REMEDY}") from error
    except ValueError as error:
        raise ModelError(f"{path}: damaged, no JSON; {REMEDY}") from error
    return manifest


def write_manifest(folder: Path, version: str) -> None:
    """Write the checksums of every weight file in a folder (the training scripts' last step)."""
    files = sorted(p for p in folder.iterdir() if p.suffix in {".npz", ".onnx", ".json"})
    sums = {path.name: _digest(path) for path in files if path.name != MANIFEST}
    manifest = {"model": {"name": "builtin", "version": version}, "files": sums}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def _check(path: Path, expected: str | None) -> Path:
    try:
        found = _digest(path)
    except OSError as error:
        raise ModelError(f"{path}: weights missing ({error.strerror}); {REMEDY}") from error
    if found != expected:
        raise ModelError(f"{path}: weights damaged (checksum differs); {REMEDY}")
    return path


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

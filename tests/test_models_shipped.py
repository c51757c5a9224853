"""The checksums that guard the shipped weights."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from models.base import ModelError
from models.builtin import load
from models.shipped import MANIFEST, WEIGHTS, check_weights, read_manifest, write_manifest


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(WEIGHTS, tmp_path / "weights"))


def test_the_shipped_weights_agree_with_their_manifest() -> None:
    names = [*read_manifest()["files"]]
    assert set(check_weights(WEIGHTS, *names)) == set(names)


@pytest.mark.parametrize("name", ["linear.npz", "calibration.json"])
def test_a_damaged_file_is_named_with_the_remedy(copied: Path, name: str) -> None:
    with (copied / name).open("r+b") as file:
        file.seek(40)
        file.write(b"\x00\x01\x02")
    with pytest.raises(ModelError, match=f"{name}: weights damaged.*reinstall"):
        load("fast", folder=copied)


@pytest.mark.parametrize("name", ["linear.npz", MANIFEST])
def test_a_missing_file_is_named_with_the_remedy(copied: Path, name: str) -> None:
    (copied / name).unlink()
    with pytest.raises(ModelError, match=f"{name}.*reinstall"):
        load("fast", folder=copied)


def test_a_garbled_manifest_is_named_with_the_remedy(copied: Path) -> None:
    (copied / MANIFEST).write_text("{")
    with pytest.raises(ModelError, match=r"damaged.*reinstall"):
        load("fast", folder=copied)


def test_a_written_manifest_covers_every_weight_file(tmp_path: Path) -> None:
    (tmp_path / "linear.npz").write_bytes(b"abc")
    write_manifest(tmp_path, "2.0")
    assert list(read_manifest(tmp_path)["files"]) == ["linear.npz"]
    assert check_weights(tmp_path, "linear.npz")


def test_an_unknown_speed_says_what_is_allowed() -> None:
    with pytest.raises(ModelError, match="must be one of full, cascade, fast"):
        load("warp")

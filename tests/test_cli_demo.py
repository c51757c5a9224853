"""The demo is the whole real pass, and what it leaves can be played with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

STEPS = ["write", "import", "label", "watch", "campaign", "digest"]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, float]]]:
    folder = tmp_path_factory.mktemp("demo") / "tauwerder"
    done = sturmglas("demo", "--keep", str(folder), "--json")
    return folder, [json.loads(line) for line in done.stdout.splitlines()]


def sturmglas(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "monitor", *arguments]
    root = Path(__file__).parent.parent
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_every_step_of_the_pass_is_told_with_its_time(
    kept: tuple[Path, list[dict[str, float]]],
) -> None:
    _, steps = kept
    assert [step["step"] for step in steps] == STEPS
    assert all(step["took_s"] >= 0 for step in steps)


def test_the_last_day_says_act_and_an_earlier_one_is_quiet(
    kept: tuple[Path, list[dict[str, float]]],
) -> None:
    folder, _ = kept
    weather = [
        json.loads(sturmglas("digest", "--date", day, "--format", "json", folder=folder).stdout)
        for day in ("2026-03-04", "2026-03-22")
    ]
    assert weather[0]["weather"] == "quiet"
    assert weather[1]["weather"] == "act"


def test_the_campaign_can_be_published_and_verified_by_a_stranger(
    kept: tuple[Path, list[dict[str, float]]],
) -> None:
    folder, _ = kept
    sturmglas("campaign", "publish", "tauidee", "public", folder=folder)
    done = subprocess.run(
        [sys.executable, "-I", "verify.py"],
        cwd=folder / "public",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout


def test_the_same_store_gives_the_same_digest_byte_for_byte(
    kept: tuple[Path, list[dict[str, float]]],
) -> None:
    folder, _ = kept
    for form in ("text", "markdown", "json"):
        arguments = ("digest", "--date", "2026-03-21", "--format", form)
        first, second = (sturmglas(*arguments, folder=folder).stdout for _ in range(2))
        assert first == second != ""

"""Each command in docs/privacy.md and docs/operations.md is run, in the order of the page."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from monitor.config import parse_settings

ROOT = Path(__file__).parent.parent
PAGES = ("privacy.md", "operations.md")


def commands(page: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    quoted = re.findall(r"`(sturmglas [^`]+)`", text)
    blocks = re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line]
    return [*quoted, *lines]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [
        {"platform": "facebook", "source": "page", "native_id": str(n), "author_id": f"u{n}",
         "text": "Der Deckel ist undicht!", "created_at": "2026-03-02T08:15:00Z"}
        for n in (1, 2)
    ]  # fmt: skip
    (tmp_path / "posts.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert run(["import", "posts.jsonl"], tmp_path).returncode == 0
    return tmp_path


def run(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "monitor", *arguments],
        cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def run_service(arguments: list[str], folder: Path) -> int:
    """Start the service, ask it to stop once it runs, and return how it left."""
    with subprocess.Popen(
        [sys.executable, "-m", "monitor", *arguments], cwd=folder, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        for line in process.stderr:
            if b"running" in line:
                break
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)
        return process.returncode


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_the_page_works(page: str, folder: Path) -> None:
    named = commands(page)
    assert len(named) > 5
    for command in named:
        arguments = shlex.split(command)[1:]
        if arguments == ["run"]:
            assert run_service(arguments, folder) == 130
            continue
        done = run(arguments, folder)
        assert done.returncode == 0, f"{command}: {done.stderr}"


def test_the_settings_on_the_page_are_valid() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    logs, watched = (
        parse_settings(tomllib.loads(block), "docs").service
        for block in re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL)
    )
    assert logs.log_file == Path("sturmglas.log")
    assert watched.metrics_port == 9464


@pytest.mark.parametrize("name", ["sturmglas.service", "Containerfile"])
def test_what_is_deployed_runs_commands_that_exist(name: str) -> None:
    text = (ROOT / "deploy" / name).read_text(encoding="utf-8")
    assert "run" in text
    assert not re.search(r"(secret|token|password)\s*=\s*\w{8,}", text, flags=re.IGNORECASE)

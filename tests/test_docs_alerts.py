"""Each command in docs/alerts.md is run, and each threshold on the page is the one in force."""

from __future__ import annotations

import csv
import json
import re
import shlex
import tomllib
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest
from communities import START, Community

from monitor.alerts.settings import StormThresholds
from monitor.alerts.wording import LEVEL_NAMES
from monitor.cli.main import main
from monitor.config import parse_settings
from monitor.types.alerts import RULES

PAGE = (Path(__file__).parent.parent / "docs" / "alerts.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"`(sturmglas [^`]+)`", PAGE)
NOON = START + timedelta(days=9, hours=10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which the page's storm was told, its posts as a file, a series."""
    folder = tmp_path_factory.mktemp("page")
    community = Community(5).live(10).burst(NOON, 4, 60, (0.8, 0.15, 0.05), ramp_h=2)
    lines = [json.dumps(row) for _, row in community.numbered()]
    (folder / "week.jsonl").write_text("\n".join(lines), encoding="utf-8")
    with (folder / "tweets.csv").open("w", newline="") as file:
        rows = [((START + n * timedelta(hours=1)).isoformat(), n % 24) for n in range(200)]
        csv.writer(file).writerows([("timestamp", "value"), *rows])
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert exit_code("import", "week.jsonl") == 0
        assert exit_code("tick", "--now", (NOON + timedelta(hours=3)).isoformat()) == 0
    return folder


def exit_code(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as leave:
        main(arguments)
    return leave.value.code or 0


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_page_works(
    command: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    now = (NOON + timedelta(hours=4)).isoformat()
    assert exit_code(*shlex.split(command)[1:], "--now", now) == 0


def test_every_threshold_on_the_page_is_the_one_in_force() -> None:
    told = {
        name: float(value) for name, value in re.findall(r"\| `(\w+)`: .* \| ([\d.]+) \|", PAGE)
    }
    thresholds = StormThresholds()
    in_force = {f.name: getattr(thresholds, f.name) for f in fields(thresholds)}
    windows = in_force.pop("windows")
    assert told == in_force
    assert [f"{window // timedelta(hours=1)} hour" in PAGE for window in windows] == [True] * 3


def test_every_rule_and_every_level_is_on_the_page() -> None:
    assert all(f"`{rule}`" in PAGE for rule in RULES)
    assert all(f"| {level} | {name} |" in PAGE for level, name in enumerate(LEVEL_NAMES["en"]))


def test_the_settings_on_the_page_are_valid() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
    playbook, defaults = (parse_settings(tomllib.loads(block), "docs") for block in blocks)
    assert playbook.alerts.playbook["de"]["4"]
    assert defaults.alerts == parse_settings({}, "docs").alerts

"""docs/messages.md: its settings are valid, its commands run, its secrets are those we read."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from monitor.config import NotifySettings, Secrets, parse_settings
from tests.test_docs_commands import ROOT, commands, folder, run

TEXT = (ROOT / "docs" / "messages.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", TEXT, flags=re.DOTALL)
CASES = [block for block in BLOCKS if "[[notify]]" in block]
here = folder


def test_the_page_shows_every_kind_and_every_way_of_buttons() -> None:
    entries = [e for block in CASES for e in parse_settings(tomllib.loads(block), "docs").notify]
    assert {entry.kind for entry in entries} == {"slack", "smtp", "apprise"}
    assert {entry.buttons for entry in entries} == {None, "socket", "endpoint"}
    named = "\n".join(BLOCKS)
    told = NotifySettings.model_fields.keys() - {"base_url", "port"}
    assert {field for field in told if not re.search(rf"^{field} = ", named, re.MULTILINE)} == set()


@pytest.mark.parametrize("block", CASES)
def test_the_commands_of_the_page_run_with_each_of_its_settings(block: str, here: Path) -> None:
    (here / "config.toml").write_text(block, encoding="utf-8")
    named = [command for command in commands("messages.md") if command != "sturmglas run"]
    assert len(named) > 4
    for command in named:
        done = run(shlex.split(command)[1:], here)
        assert done.returncode == 0, f"{command}: {done.stderr}"


def test_the_secrets_on_the_page_are_those_that_are_read() -> None:
    named = set(re.findall(r"STURMGLAS_NOTIFY__\w+__\w+", TEXT))
    words = {("team", "secret"), ("ops", "secret"), ("ops", "app_token"), ("ops", "signing_secret")}
    assert named == {Secrets.variable("notify", *word) for word in words}

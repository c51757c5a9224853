"""What the README promises exists, and its tables are those of the code."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import typer.main

from docs.make_tables import README, filled
from monitor.cli.main import app
from monitor.config import parse_settings

ROOT = Path(__file__).parent.parent
TEXT = README.read_text(encoding="utf-8")


def command_names() -> set[str]:
    found: set[str] = set()

    def walk(command: object, prefix: str) -> None:
        for name, child in getattr(command, "commands", {}).items():
            found.add(f"{prefix}{name}")
            walk(child, f"{prefix}{name} ")

    walk(typer.main.get_command(app), "")
    return found


def test_the_tables_are_made_from_the_code() -> None:
    assert filled(TEXT) == TEXT, "run `make docs`"


@pytest.mark.parametrize("name", sorted(command_names()))
def test_every_command_says_its_effect_and_gives_an_example(name: str) -> None:
    command = typer.main.get_command(app)
    for part in name.split():
        command = command.commands[part]  # type: ignore[attr-defined]
    if getattr(command, "commands", None) and not command.invoke_without_command:  # type: ignore[attr-defined]
        return  # a mere group: its commands speak for themselves
    help_text = command.help or ""
    assert help_text.strip(), name
    assert f"Example: sturmglas {name}" in help_text


@pytest.mark.parametrize("example", sorted(set(re.findall(r"sturmglas ([a-z-]+)", TEXT))))
def test_every_command_that_the_readme_names_exists(example: str) -> None:
    assert example in {name.split()[0] for name in command_names()}


def test_the_minimal_config_of_the_readme_is_valid() -> None:
    block = re.search(r"these lines are enough\):\n\n((?:    .*\n)+)", TEXT)
    assert block is not None
    text = re.sub(r"^    ", "", block[1], flags=re.MULTILINE)
    settings = parse_settings(tomllib.loads(text), "README")
    assert settings.sources[0].platform == "mastodon"


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#]+)\)", TEXT))
def test_every_file_that_the_readme_links_to_is_there(target: str) -> None:
    if not target.startswith("https://"):
        assert (ROOT / target).exists()


def test_every_make_target_that_the_readme_names_exists() -> None:
    targets = re.search(r"`make` targets: `([a-z -]+)`", TEXT)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert targets is not None
    for target in targets[1].split():
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target

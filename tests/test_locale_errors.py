"""Errors carry their facts beside the message, and are told in German with the same facts."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from monitor.locale.language import load_language

ROOT = Path(__file__).parent.parent / "monitor"
FILES = sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*.py"))
ERRORS = ("UsageError", "ConfigError", "StoreError", "NotFound", "NotifyError", "MonitorError")
OPTION = re.compile(r"--[\w-]+")
PLACE = re.compile(r"\{\w+[^}]*\}")


def raised(file: str) -> list[ast.expr]:
    """Return what each of our errors is given first."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return [
        node.args[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) in ERRORS and node.args
    ]


@pytest.mark.parametrize("file", FILES)
def test_an_error_gives_its_facts_beside_the_message(file: str) -> None:
    assert all(isinstance(message, ast.Constant) for message in raised(file))


@pytest.mark.parametrize(
    "message",
    sorted(
        {
            str(message.value)
            for file in FILES
            for message in raised(file)
            if isinstance(message, ast.Constant)
            and re.search("[a-z]", OPTION.sub("", PLACE.sub("", str(message.value))))
        }
    ),
)
def test_an_error_is_told_in_german_with_the_same_facts(message: str) -> None:
    held = load_language("de").say_as_is(message)
    assert held != message
    assert set(PLACE.findall(held)) == set(PLACE.findall(message))

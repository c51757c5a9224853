"""Both languages say everything: no message of the code lacks its German."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import pytest

from monitor.locale.language import load_language

ROOT = Path(__file__).parent.parent / "monitor"


def messages(method: str) -> list[tuple[str, str]]:
    """Return (file, message) of every literal that is handed to `.say` or `.tell`."""
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            name = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
            first = node.args[0]
            if name == method and isinstance(first, ast.Constant) and isinstance(first.value, str):
                found.append((path.name, first.value))
    return found


@pytest.mark.parametrize(("file", "message"), messages("tell"))
def test_what_the_command_line_tells_is_told_in_german_too(file: str, message: str) -> None:
    held = load_language("de")._catalogue
    assert held.gettext(message) != message, file


@pytest.mark.parametrize("message", [text for _, text in messages("tell")])
def test_a_translation_fills_in_the_same_facts(message: str) -> None:
    def facts(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert facts(load_language("de")._catalogue.gettext(message)) == facts(message)

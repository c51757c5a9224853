"""Writes the tables of the README that are made from the code: commands, connectors, settings.

python docs/make_tables.py          writes them
python docs/make_tables.py --check  exits with 1 if they are out of date
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import typer.main
from pydantic_core import PydanticUndefined

from connectors.registry import CONNECTORS, facts
from monitor.cli.main import app
from monitor.config import Section, Settings, show_duration

README = Path(__file__).parent.parent / "README.md"


def commands() -> Iterator[str]:
    """Every command with the first sentence of its help."""
    yield "| command | does |"
    yield "| --- | --- |"
    for name, help_text in sorted(_walk(typer.main.get_command(app), "")):
        yield f"| `{name}` | {help_text} |"


def _walk(command: Any, prefix: str) -> Iterator[tuple[str, str]]:
    for name, child in getattr(command, "commands", {}).items():
        if getattr(child, "commands", None):
            if child.invoke_without_command:
                yield f"{prefix}{name}", _first_line(child.help)
            yield from _walk(child, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", _first_line(child.help)


def _first_line(text: str | None) -> str:
    return " ".join((text or "").strip().split("\n\n")[0].split()).replace("|", "\\|")


def connectors() -> Iterator[str]:
    """Every platform with its rung on the quality ladder and what it needs."""
    yield "| platform | what | grade | asks every | mentions | secrets |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for platform in CONNECTORS:
        f = facts(platform)
        optional = [f"({word})" for word in f.optional_secrets]
        secrets = ", ".join((*f.secrets, *optional)) or "none"
        mentions = "yes" if f.mentions else ""
        title = f"[{f.title}]({f.docs_url})"
        every = show_duration(f.interval)
        yield f"| `{platform}` | {title} | {f.grade} | {every} | {mentions} | {secrets} |"


def settings() -> Iterator[str]:
    """Every key of `config.toml` with its default."""
    yield "| key | default | meaning |"
    yield "| --- | --- | --- |"
    for section, model in Settings.model_fields.items():
        many = getattr(model.annotation, "__args__", ())
        table = many[0] if many else model.annotation
        if not (isinstance(table, type) and issubclass(table, Section)):
            continue
        name = f"[[{section}]]" if many else f"[{section}]"
        for key, entry in table.model_fields.items():
            meaning = (entry.description or "").replace("|", "\\|")
            yield f"| `{name}` {entry.alias or key} | {_shown(entry.default)} | {meaning} |"


def _shown(default: Any) -> str:
    """Write a default as it would stand in the file; nothing where there is none."""
    if default is None or default is PydanticUndefined or default == "":
        return ""
    if isinstance(default, timedelta):
        return f'`"{show_duration(default)}"`'
    if isinstance(default, Path):
        default = str(default)
    return f"`{json.dumps(default, ensure_ascii=False)}`"


TABLES = {"commands": commands, "connectors": connectors, "settings": settings}


def filled(text: str) -> str:
    """Return a document with what stands between its markers made anew."""
    for name, make in TABLES.items():
        start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        body = "\n".join(make())
        text = re.sub(
            f"{start}.*?{end}",
            lambda _match, new=f"{start}\n{body}\n{end}": new,
            text,
            flags=re.DOTALL,
        )
    return text


def main() -> None:
    """Write or check."""
    text = README.read_text(encoding="utf-8")
    new = filled(text)
    if "--check" in sys.argv[1:]:
        if new != text:
            sys.exit("README.md: its tables are out of date; run `make docs`")
        return
    README.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()

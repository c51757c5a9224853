"""Writes to `config.toml` without disturbing what a person wrote there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import ParseError

from monitor.config import parse_settings
from monitor.errors import ConfigError


def add_source(path: Path, entry: Mapping[str, Any]) -> None:
    """Append a `[[sources]]` entry; comments and order stay. The file is replaced in one step.

    Raises ConfigError if the result would be no valid configuration, and leaves the file alone.
    """
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    try:
        document = tomlkit.parse(text)
    except ParseError as error:
        raise ConfigError("{path}: no valid TOML: {error}", path=path, error=error) from error
    sources = document.get("sources")
    if sources is None:
        sources = tomlkit.aot()
        document["sources"] = sources
    table = tomlkit.table()
    table.update(entry)
    sources.append(table)
    parse_settings(document.unwrap(), str(path))
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(tomlkit.dumps(document), encoding="utf-8")
    draft.replace(path)

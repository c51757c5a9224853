"""Writes statements of reasons: what was restricted, why, by which policy, how to object.

The form follows Article 17 of the Digital Services Act; persons stand there by keyed names.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from monitor.errors import UsageError

COLUMNS = (
    "statement",
    "item",
    "campaign",
    "at",
    "action",
    "state",
    "reason",
    "policy",
    "decided_by",
    "automated",
    "redress",
)
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def write_reasons(path: Path, rows: Sequence[Mapping[str, Any]]) -> int:
    """Write the statements to a .csv or .md file; returns how many. Raises UsageError."""
    if path.suffix not in (".csv", ".md"):
        raise UsageError("{path}: end the name in .csv or .md", path=path)
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            if path.suffix == ".csv":
                writer = csv.DictWriter(file, COLUMNS)
                writer.writeheader()
                writer.writerows({key: _cell(row[key]) for key in COLUMNS} for row in rows)
            else:
                file.write("".join(_markdown(row) for row in rows))
    except OSError as error:
        raise UsageError(
            "{path}: cannot be written: {strerror}", path=path, strerror=error.strerror
        ) from error
    return len(rows)


def _cell(value: Any) -> Any:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text


def _markdown(row: Mapping[str, Any]) -> str:
    lines = [f"- **{key}**: {_plain(row[key])}" for key in COLUMNS[1:] if row[key] is not None]
    return f"## Statement {row['statement']}\n\n" + "\n".join(lines) + "\n\n"


def _plain(value: Any) -> str:
    text = " ".join(str(value).split())
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>#|!" else sign for sign in text)

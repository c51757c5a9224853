"""Tells whether a row that could not be read is about somebody."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any


def is_about(raw: Any, names: Collection[str], distinct: Collection[str]) -> bool:
    """Whether a value of `raw` is one of the names, or holds one that means nobody else.

    A row that was no JSON is one text; there a name counts where it stands in quotes or between
    commas, as files of rows write it.
    """
    if isinstance(raw, dict):
        return any(is_about(value, names, distinct) for value in raw.values())
    if isinstance(raw, list):
        return any(is_about(value, names, distinct) for value in raw)
    if not isinstance(raw, str):
        return str(raw) in names
    if raw in names or any(name in raw for name in distinct):
        return True
    return any(f'"{name}"' in raw or f",{name}," in raw for name in names)

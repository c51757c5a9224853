"""What is not kept in the first place: fields of a platform's answer that nothing here needs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

DEPTH = 40
"""Levels of nesting below which an answer is cut; real ones have fewer than ten."""


def without_fields(value: Any, dropped: Collection[str], depth: int = 0) -> Any:
    """Return an answer without the named fields, at whatever level they stand.

    `dropped` are lower-case names; upper case, `_` and `-` in the answer make no difference.
    """
    if isinstance(value, dict):
        if depth >= DEPTH:
            return {}
        return {
            key: without_fields(part, dropped, depth + 1)
            for key, part in value.items()
            if _plain(key) not in dropped
        }
    if isinstance(value, list | tuple):
        return [without_fields(part, dropped, depth + 1) for part in value] if depth < DEPTH else []
    return value


def plain_names(names: Collection[str]) -> frozenset[str]:
    """Return names of fields as `without_fields` compares them."""
    return frozenset(map(_plain, names))


def _plain(name: object) -> str:
    return str(name).casefold().replace("_", "").replace("-", "")

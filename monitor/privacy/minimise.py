"""What is not kept in the first place: fields of a platform's answer that nothing here needs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from connectors.types import Post

DEPTH = 40
"""Levels of nesting below which an answer is cut; real ones have fewer than ten."""


_OF_AUTHOR = {"authorhandle": "handle", "authorname": "name", "authorfollowers": "followers"}
_OF_POST: dict[str, Any] = {"url": None, "tags": (), "media": (), "lang": None}


def minimised(post: Post, dropped: Collection[str]) -> Post:
    """Return a post without the dropped fields, ours (as a posts file names them) and the
    platform's.
    """
    changes: dict[str, Any] = {name: empty for name, empty in _OF_POST.items() if name in dropped}
    if post.raw is not None:
        changes["raw"] = without_fields(post.raw, dropped)
    hidden = {field: None for name, field in _OF_AUTHOR.items() if name in dropped}
    if post.author is not None and hidden:
        changes["author"] = replace(post.author, **hidden)
    return replace(post, **changes) if changes else post


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

"""What to do at each level of a storm, German and English; a company may write its own.

After Graf and Schwede (calm, facts, proactive, say sorry) and Herhausen et al. 2019 (Journal of
Marketing): explanation and empathy calm, compensation offered in the open feeds the fire.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

LANGUAGES = ("de", "en")


@cache
def _texts() -> dict[str, dict[str, list[str]]]:
    text = resources.files(__package__).joinpath("steps.toml").read_text(encoding="utf-8")
    loaded: dict[str, dict[str, list[str]]] = tomllib.loads(text)
    return loaded


def steps(
    level: int, lang: str, own: Mapping[str, Mapping[str, list[str]]] | None = None
) -> tuple[str, ...]:
    """Return what to do at a storm level 0..6, in order; empty at level 0.

    `own` holds texts that replace ours, language -> level -> steps; a level that it leaves out
    keeps ours.
    """
    key = str(level)
    written = (own or {}).get(lang, {}).get(key)
    return tuple(written if written is not None else _texts()[lang].get(key, ()))

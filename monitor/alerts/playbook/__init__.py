"""What to do at each level of a storm, German and English; a company may write its own.

After Graf and Schwede (calm, facts, proactive, say sorry) and Herhausen et al. 2019 (Journal of
Marketing): explanation and empathy calm, compensation offered in the open feeds the fire.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

from monitor.types.alerts import Alert

OwnSteps = Mapping[str, Mapping[str, Sequence[str]]]
"""What a company wrote in place of our steps: language (`de`, `en`), level ("1".."6"), steps."""


@cache
def _texts() -> dict[str, dict[str, list[str]]]:
    text = resources.files(__package__).joinpath("steps.toml").read_text(encoding="utf-8")
    loaded: dict[str, dict[str, list[str]]] = tomllib.loads(text)
    return loaded


def steps(level: int, lang: str, own: OwnSteps | None = None) -> tuple[str, ...]:
    """Return what to do at a storm level 0..6, in order; empty at level 0.

    A level that the company's `own` steps leave out in this language keeps ours; an empty list
    there means that nothing is to be done.
    """
    key = str(level)
    written = (own or {}).get(lang, {}).get(key)
    return tuple(written if written is not None else _texts()[lang].get(key, ()))


def steps_now(alert: Alert, lang: str, own: OwnSteps | None = None) -> tuple[str, ...]:
    """Return what an alert asks for now: the steps of a storm's level while it is on."""
    return steps(alert.level, lang, own) if alert.rule == "storm" and alert.open else ()

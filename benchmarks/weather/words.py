"""What people say: hand-written pieces from `words.toml`, put together anew each time."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

BRANDS = ("Kivandro", "Mullgard", "Ostrella", "Penwick", "Farrendal", "Tolvenko", "Brixholt")
"""Invented companies; one is drawn for each week."""

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_DOUBLED = re.compile(r"([?!])\.")
_NAMES = "jonte mabel rieke orla veit priya enno tamsin ulla kofi nele percy imke wilf"
_BARE = ("bots", "press", "goodpress", "post", "postlaunch", "postcontest", "answer", "statement")


@cache
def load_words() -> Mapping[str, Any]:
    """Return the pieces by language and pool."""
    path = Path(__file__).with_name("words.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


class Tongue:
    """Speaks one language about one company. `matter` is what a storm would be about."""

    def __init__(self, rng: random.Random, lang: str) -> None:
        self.rng = rng
        self.lang = lang
        self.words = load_words()[lang]
        self.brand = rng.choice(BRANDS)
        self.matter = rng.choice(self.words["matters"])
        self.tag = rng.choice(self.words["tags"])
        self.show = rng.choice(self.words["shows"])
        self.friendly = rng.choice(self.words["goodtags"])

    def say(self, pool: str) -> str:
        """Return a new text of `pool`. Raises KeyError for an unknown one."""
        pieces, rng = self.words[pool], self.rng
        if pool in _BARE:
            return self._fill(rng.choice(pieces["core"]))
        cores = rng.sample(pieces["core"], min(len(pieces["core"]), 2 if rng.random() < 0.4 else 1))
        parts = [self._fill(core) for core in cores]
        if rng.random() < 0.55:
            parts.append(self._fill(rng.choice(pieces["tail"])))
        if rng.random() < 0.2:
            parts.append(self._fill(rng.choice(self.words["asides"])))
        if rng.random() < 0.3:
            parts.insert(0, rng.choice(self.words["opener"]))
        return self._hurried(_DOUBLED.sub(r"\1", " ".join(parts)))

    def cheer(self) -> None:
        """From now on people gather under a friendly hashtag instead of an angry one."""
        self.tag = self.friendly

    def _fill(self, piece: str) -> str:
        rng = self.rng
        text = _CHOICE.sub(lambda match: rng.choice(match[1].split("|")), piece)
        if "{" in text:
            text = text.format(
                brand=self.brand, tag=self.tag, matter=self.matter, show=self.show,
                thing=self._fill(rng.choice(self.words["things"])) if "{thing}" in text else "",
                n=rng.randint(2, 59), friend=rng.choice(_NAMES.split()),
            )  # fmt: skip
        return text[:1].upper() + text[1:]

    def _hurried(self, text: str) -> str:
        rng = self.rng
        if rng.random() < 0.15:
            text = text.lower()
        if rng.random() < 0.25:
            text = text.rstrip(".")
        if rng.random() < 0.07:
            cut = rng.randrange(len(text))
            text = text[:cut] + text[cut + 1 :]
        return text or "."

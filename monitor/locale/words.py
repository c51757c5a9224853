"""Words of a text that tell something, German and English: tokens, stems, stop words."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib.resources import files

WORD = re.compile(r"[^\W\d_](?:[\w'’-]*[^\W_])?")
NOISE = re.compile(r"https?://\S+|www\.\S+|[@#]?\S+@\S+|@\w+|<\w+>")
"""What is no word of anybody: links, addresses, handles, tags of markup."""

_ENDINGS = re.compile(r"(?<=\w{4})(?:innen|ern|en|em|er|es|e|n|s)$")


@cache
def stop_words() -> frozenset[str]:
    """Return German and English words that say nothing of the matter."""
    source = files("monitor.locale").joinpath("stop_words.txt")
    return frozenset(source.read_text(encoding="utf-8").split())


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Return what the forms of a word have in common; stop words stay as they are."""
    lowered = word.casefold()
    return lowered if lowered in stop_words() else _ENDINGS.sub("", lowered)


def telling_words(text: str, longest: int) -> tuple[str, ...]:
    """Return the words of the first `longest` signs that tell something, each once, as written."""
    words: dict[str, str] = {}
    for word in WORD.findall(NOISE.sub(" ", text[:longest])):
        key = stem(word)
        if len(key) > 2 and key not in stop_words():
            words.setdefault(key, word)
    return tuple(words.values())

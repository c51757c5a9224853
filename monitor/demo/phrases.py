"""The hand-written texts, and how one of them becomes a post that nobody has read before."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

Gold = Mapping[str, Any]
"""What a person reads in a text: the labels of the codebook, `spam` and `relevant` where told."""

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_TOWNS = ("Leer", "Fulda", "Kassel", "Husum", "Bremen", "Graz", "Erfurt", "Passau", "Leeds", "Cork")
_COLOURS = ("Seegras", "Düne", "Koralle", "Nachtblau")
_DAYS = {
    "tag": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"),
    "day": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"),
}
_OPENERS = {
    "de": "Puh. |Mal ehrlich: |Hm. |Na ja. |Leute! |Kurz: |Ach ja: |Übrigens: |Guten Abend! |"
    "Moin! |So. |Ganz im Ernst: |Tja. |Ähm: ",
    "en": "Well. |Honestly: |Hm. |Folks! |In short: |By the way: |Hello! |Evening all. |Right. |"
    "Look. |For the record: |OK. |Hey. |Quick one: ",
}
_CLOSERS = {
    "positive": (" 👍", " 😊", " 💙", " 🙌", " :)", "!"),
    "neutral": (" 🤔", " ...", " ;)", ""),
    "negative": (" 😡", " 🙄", " 👎", "!!", " ...", " :("),
}

_TAILS = (
    ("storm.", "negative", "tail.storm", 0.62),
    ("storm.ask", "neutral", "tail.ask", 0.4),
    ("review.gezeit", "negative", "tail.storm", 0.55),
    ("review.", "positive", "tail.good", 0.35),
    ("launch.", "positive", "tail.good", 0.4),
    ("launch.", "neutral", "tail.ask", 0.35),
    ("mention.", "positive", "tail.good", 0.15),
    ("question.", "neutral", "tail.ask", 0.35),
)
"""Start of a pool, mood, from which pool a second sentence may follow, and how often."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text as it was written by hand: `[a|b]` offers a choice, `{town}` a word to fill in."""

    id: str
    pool: str
    lang: str
    text: str
    gold: Gold
    title: str | None = None


@cache
def load_phrases() -> Mapping[tuple[str, str], tuple[Phrase, ...]]:
    """Return all phrases by (pool, language), in the order of the files."""
    pools: dict[tuple[str, str], list[Phrase]] = {}
    folder = resources.files(__package__) / "texts"
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        for line in file.read_text(encoding="utf-8").splitlines():
            phrase = Phrase(**json.loads(line))
            pools.setdefault((phrase.pool, phrase.lang), []).append(phrase)
    return {key: tuple(phrases) for key, phrases in pools.items()}


@dataclass(slots=True)
class Phrasebook:
    """Deals phrases like cards, so that none comes back before all others of its pool were said."""

    rng: random.Random
    _hands: dict[tuple[str, str], list[Phrase]] = field(default_factory=dict)
    _said: set[str] = field(default_factory=set)

    @property
    def pools(self) -> set[str]:
        """The pools that were drawn from so far."""
        return {pool for pool, _ in self._hands}

    def draw(self, pool: str, lang: str) -> Phrase:
        """Return the next phrase of `pool` in `lang`. Raises KeyError for an unknown pool."""
        hand = self._hands.setdefault((pool, lang), [])
        if not hand:
            hand.extend(load_phrases()[pool, lang])
            self.rng.shuffle(hand)
        return hand.pop()

    def speak(self, phrase: Phrase, *, friend: str, casual: bool) -> tuple[str | None, str]:
        """Return title and text with choices made; `casual` writes as people do in a hurry.

        A text that was said before is said anew in other words where the phrase has any.
        """
        for attempt in range(8):
            text = self._fill(phrase.text, friend)
            if casual:
                text = self._go_on(text, phrase, friend)
                text = self._loosen(text, phrase, opener=1.0 if attempt > 3 else 0.08)
            if text not in self._said:
                break
        self._said.add(text)
        return (self._fill(phrase.title, friend) if phrase.title else None), text

    def _fill(self, template: str, friend: str) -> str:
        chosen = _CHOICE.sub(lambda match: self.rng.choice(match[1].split("|")), template)
        if "{" not in chosen:
            return chosen
        return chosen.format(
            friend=friend,
            town=self.rng.choice(_TOWNS),
            col=self.rng.choice(_COLOURS),
            tag=self.rng.choice(_DAYS["tag"]),
            day=self.rng.choice(_DAYS["day"]),
            n=self.rng.randint(3, 97),
        )

    def _go_on(self, text: str, phrase: Phrase, friend: str) -> str:
        """Return `text` with what else came to the writer's mind: nothing, a sentence, or two."""
        for start, mood, pool, odds in _TAILS:
            if phrase.pool.startswith(start) and phrase.gold["sentiment"] == mood:
                chances = (odds, odds / 3) if phrase.title is None else ()
                for chance in chances:
                    if self.rng.random() >= chance:
                        break
                    text += " " + self._fill(self.draw(pool, phrase.lang).text, friend)
                break
        return text

    def _loosen(self, text: str, phrase: Phrase, *, opener: float) -> str:
        rng = self.rng
        if (len(text) > 25 or opener == 1.0) and rng.random() < opener:
            text = rng.choice(_OPENERS[phrase.lang].split("|")) + text
        if rng.random() < 0.10:
            text = text.lower()
        if text.endswith(".") and rng.random() < 0.3:
            text = text[:-1]
        if rng.random() < 0.14:
            text = text.rstrip(".") + rng.choice(_CLOSERS[phrase.gold["sentiment"]])
        if len(text) > 40 and rng.random() < 0.06:
            text = _swap_letters(text, rng)
        return text


def _swap_letters(text: str, rng: random.Random) -> str:
    """Return `text` with one slip of the finger inside a plain word (never a name or a tag)."""
    words = text.split(" ")
    places = [i for i, word in enumerate(words) if len(word) > 5 and word.isalpha()]
    if places:
        place = rng.choice(places)
        word = words[place]
        cut = rng.randint(1, len(word) - 3)
        words[place] = word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :]
    return " ".join(words)

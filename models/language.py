"""The language of a post: py3langid, a bias to the languages served, and `und` where none shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from models.text import clean, has_letters

SERVED = ("de", "en", "es", "fr", "it", "pt")
"""Languages that the labels were measured in; posts in others are labelled, but unsure."""

# What a post may be told to be. Fewer candidates are faster and wrong less often on three words:
# of 97 languages `Danke!` is Danish and `ok` is Afrikaans.
_CANDIDATES = (
    *SERVED,
    *("nl", "da", "sv", "no", "fi", "pl", "cs", "sk", "hu", "ro", "hr", "sl", "tr", "ca"),
    *("ru", "uk", "bg", "el", "ar", "he", "fa", "hi", "bn", "ta", "th", "zh", "ja", "ko", "vi"),
)
_SURE = 0.75
_SHORT = 24  # characters; below, a list of everyday words knows better than n-gram statistics

_EVERYDAY = {
    "de": "danke bitte ja nein gut super geil schön toll nicht ich ist das der die und auch mal "
    "schon wieder endlich leider warum wieso wann wo was wie kein keine mein meine euer eure "
    "läuft geht gerne genau moin servus hallo tschüss doch halt schade klasse mega ey alter "
    "immer hammer scheiße mist bahn verspätung für mit von aber wenn noch nur",
    "en": "thanks thank you please yes no good great nice love the is and this that my your when "
    "where what how why not don't can't i'm it's lol omg wow guys shit hell yeah awesome cool "
    "again finally hello hey hi sorry for with from but if still just best worst never",
    "es": "gracias por favor sí qué bueno muy el la los las es y pero no hola cuándo dónde como",
    "fr": "merci s'il vous plaît oui non très le la les est et mais bonjour quand où pourquoi pas",
    "it": "grazie per favore sì molto il la è e ma ciao quando dove perché non bello che",
    "pt": "obrigado obrigada por favor sim não muito o a é e mas olá quando onde você bom que",
}
_WORDS = {lang: frozenset(words.split()) for lang, words in _EVERYDAY.items()}
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_TAG = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", re.IGNORECASE)


class LanguageIdentifier:
    """Tells the language of texts; loads its table at the first text that needs it (40 ms)."""

    def identify(self, texts: Sequence[str], hints: Sequence[str | None] = ()) -> list[str]:
        """Return a BCP 47 tag per text; `und` where no language can be told (emoji, links, noise).

        A hint is what the platform says: believed on short texts and wherever the words do not
        plainly speak another language.
        """
        given = hints or [None] * len(texts)
        return [self._identify(text, hint) for text, hint in zip(texts, given, strict=True)]

    def _identify(self, text: str, hint: str | None) -> str:
        plain = clean(text)[:400]
        known = hint.split("-")[0].lower() if hint and _TAG.fullmatch(hint) else None
        if known in ("und", "zxx", "mul"):
            known = None
        if not has_letters(plain):
            return "und"
        plain = re.sub(r"<(?:url|email|number)>|@user|#|\brt\b", " ", plain, flags=re.IGNORECASE)
        words = [word.lower() for word in _WORD.findall(plain)]
        if not words:
            return known or "und"
        everyday = _count_everyday(words)
        if len(plain.strip()) < _SHORT:
            if known:
                return known
            best = max(everyday, key=lambda lang: everyday[lang])
            if everyday[best] and sum(n == everyday[best] for n in everyday.values()) == 1:
                return best
        return self._by_statistics(plain, words, everyday, known)

    def _by_statistics(
        self, plain: str, words: list[str], everyday: dict[str, int], known: str | None
    ) -> str:
        told, p = self._model.classify(plain)
        if known and (p < _SURE or told == known):
            return known
        if len(words) < 3 and p < _SURE and told not in SERVED and not any(everyday.values()):
            return "und"
        best = max(everyday, key=lambda lang: everyday[lang])
        strong = everyday[best] >= 2 and everyday[best] >= 2 * everyday.get(told, 0)
        return best if strong and (told not in SERVED or p < _SURE) else str(told)

    @cached_property
    def _model(self) -> Any:
        from py3langid.langid import MODEL_FILE
        from py3langid.langid import LanguageIdentifier as Langid

        model = Langid.from_model_file(MODEL_FILE, norm_probs=True)
        model.set_languages(_CANDIDATES)
        return model


def _count_everyday(words: Sequence[str]) -> dict[str, int]:
    return {lang: sum(word in known for word in words) for lang, known in _WORDS.items()}

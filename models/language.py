"""The language of a post: py3langid, a bias to the languages served, and `und` where none shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any

SERVED = ("de", "en", "es", "fr", "it", "pt")
"""Languages that the labels were measured in; posts in others are labelled, but unsure."""

# What a post may be told to be. Fewer candidates are faster and wrong less often on three words:
# of 97 languages `Danke!` is Danish and `ok` is Afrikaans.
_CANDIDATES = (
    *SERVED,
    *("nl", "da", "sv", "no", "fi", "pl", "cs", "sk", "hu", "ro", "hr", "sl", "tr", "ca"),
    *("ru", "uk", "bg", "el", "ar", "he", "fa", "hi", "bn", "ta", "th", "zh", "ja", "ko", "vi"),
)
_SURE, _DOUBTFUL = 0.75, 0.5
_READ_CHARS = 240
_SHORT = 24  # characters; below, a list of everyday words knows better than n-gram statistics

_EVERYDAY = {
    "de": "danke bitte ja nein gut super geil schön toll nicht ich ist das der die und auch mal "
    "schon wieder endlich leider warum wieso wann wo was wie kein keine mein meine euer eure "
    "läuft geht gerne genau moin servus hallo tschüss doch halt schade klasse mega ey "
    "immer scheiße mist bahn verspätung für mit von aber wenn noch nur ein eine einen einem einer "
    "es er sie wir ihr uns euch dass oder haben habe hat sind war bin im am zum zur auf aus bei "
    "nach über unter dem den des zu man jetzt heute mir mich dir dich so sehr mehr ganz alle kann",
    "en": "thanks thank you please yes great nice love the is and this that my your when "
    "where what how why not don't can't i'm it's lol omg wow guys shit hell yeah awesome cool "
    "again finally hello hey sorry for with from but if still just best worst never i it of to "
    "was are be have has had they their them we our us he she his her there at on by as or an do "
    "does did will would could should can get got been about out up more who which than then",
    "es": "gracias por favor sí qué muy el los las es y pero hola cuándo dónde del una que está "
    "están para con como más yo tú mi hay ya porque cuando todo esto eso nos",
    "fr": "merci vous plaît oui très le les est et mais bonjour où pourquoi pas je tu il nous des "
    "une du que qui dans pour avec sur ce cette c'est j'ai sont être plus tout bien",
    "it": "grazie sì molto il è ma ciao perché non bello che di un una sono per con del della gli "
    "questo questa come anche più mi ti ci lo nel alla hai",
    "pt": "obrigado obrigada sim não muito é mas olá você bom um uma do da dos das os com para "
    "por que isso ele ela mais eu meu minha tem está são foi ao na",
}
_WORDS = {lang: frozenset(words.split()) for lang, words in _EVERYDAY.items()}
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_MASKS = re.compile(r"<(?:url|email|number)>|@user|#|\brt\b", re.IGNORECASE)
_TAG = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", re.IGNORECASE)


class LanguageIdentifier:
    """Tells the language of texts; loads its table at the first text that needs it (40 ms)."""

    def identify(self, texts: Sequence[str], hints: Sequence[str | None] = ()) -> list[str]:
        """Return a BCP 47 tag per cleaned text (`models.text.clean`); `und` where none can be told.

        A hint is what the platform says: believed on short texts and wherever the words do not
        plainly speak another language.
        """
        given = hints or [None] * len(texts)
        return [self._identify(text, hint) for text, hint in zip(texts, given, strict=True)]

    def _identify(self, text: str, hint: str | None) -> str:
        plain = text[:_READ_CHARS]
        known = hint.split("-")[0].lower() if hint and _TAG.fullmatch(hint) else None
        if known in ("und", "zxx", "mul"):
            known = None
        plain = _MASKS.sub(" ", plain)
        words = frozenset(_WORD.findall(plain.lower()))
        if not words:  # emoji, digits, links alone
            return "und"
        everyday = {lang: len(words & known_words) for lang, known_words in _WORDS.items()}
        first, second = sorted(everyday, key=lambda lang: everyday[lang], reverse=True)[:2]
        if everyday[first] >= 3 and everyday[first] >= 2 * everyday[second] + 1:
            return first  # nothing else says `nicht`, `auch` and `wieder` in one post
        if known and (known not in SERVED or everyday[known] >= everyday[first]):
            return known
        if len(plain.strip()) < _SHORT and everyday[first] > everyday[second]:
            return first
        return self._by_statistics(plain, everyday, known)

    def _by_statistics(self, plain: str, everyday: dict[str, int], known: str | None) -> str:
        told, p = self._model.classify(plain)
        if known and (p < _SURE or told == known):
            return known
        best = max(everyday, key=lambda lang: everyday[lang])
        unlikely = p < _SURE or told not in SERVED
        if unlikely and everyday[best] >= 2 and everyday[best] > everyday.get(told, 0):
            return best
        if p < _DOUBTFUL and told not in SERVED:
            return best if everyday[best] else "und"
        return str(told)

    @cached_property
    def _model(self) -> Any:
        from py3langid.langid import MODEL_FILE
        from py3langid.langid import LanguageIdentifier as Langid

        model = Langid.from_model_file(MODEL_FILE, norm_probs=True)
        model.set_languages(_CANDIDATES)
        return model

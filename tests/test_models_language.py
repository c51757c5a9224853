"""The language of short, mixed and odd posts."""

from __future__ import annotations

import pytest

from models.language import LanguageIdentifier
from models.text import clean


@pytest.fixture(scope="module")
def languages() -> LanguageIdentifier:
    return LanguageIdentifier()


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Danke!", "de"),
        ("thx guys", "en"),
        ("geil", "de"),
        ("Ich liebe das neue Design", "de"),
        ("Das new feature ist nice aber laggy", "de"),
        ("Grüezi mitenand, das isch huere guet", "de"),
        ("Why is the train late again?", "en"),
        ("Muchas gracias por todo", "es"),
        ("Bonne soirée", "fr"),
        ("Dat is mooi zeg, dank je wel", "nl"),
        ("Спасибо большое", "ru"),
        ("ありがとう", "ja"),
        ("😂😂", "und"),
        ("https://acme.example/a", "und"),
        ("@user", "und"),
        ("1234 !", "und"),
        ("", "und"),
    ],
)
def test_a_language_is_told(languages: LanguageIdentifier, text: str, lang: str) -> None:
    assert languages.identify([clean(text)]) == [lang]


@pytest.mark.parametrize(
    ("text", "hint", "lang"),
    [
        ("Top!", "de-AT", "de"),
        ("Preis?", "en", "en"),
        ("Warum ist der Zug schon wieder zu spät?", "en", "de"),
        ("ok", "nonsense tag", "und"),
        ("Top!", "und", "und"),
        ("😂", "de", "und"),
    ],
)
def test_a_hint_decides_short_texts_but_not_plain_ones(
    languages: LanguageIdentifier, text: str, hint: str, lang: str
) -> None:
    assert languages.identify([text], [hint]) == [lang]

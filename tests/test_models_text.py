"""Cleaning of hostile texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.text import HEAD_CHARS, TAIL_CHARS, clean, has_letters


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  a \n\t b  ", "a b"),
        ("see https://acme.example/x?y=1 now", "see <url> now"),
        ("mail jo.doe+x@acme.example", "mail <email>"),
        ("@anna@mastodon.example hi @bob", "@user hi @user"),
        ("call 0301234567", "call <number>"),
        ("ze\u200bro wi\u202edth", "zero width"),
        ("ﬁne", "fine"),
        ("broken \ud800 pair", "broken pair"),
        ("\x00\x07", ""),
        ("👨‍👩‍👧 ❤️", "👨‍👩‍👧 ❤️"),
    ],
)
def test_a_text_is_cleaned(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_of_an_endless_text_the_opening_and_the_close_are_read() -> None:
    text = clean("start " + "one two " * 30_000 + "end")
    assert text.startswith("start")
    assert text.endswith("end")
    assert len(text) <= HEAD_CHARS + TAIL_CHARS + 1


def test_words_said_over_and_over_are_said_three_times() -> None:
    assert clean("buy now " + "now " * 300) == "buy now now now"


def test_a_blob_shrinks_to_its_opening() -> None:
    assert len(clean("QUJD" * 300)) < 100


@given(st.text(st.characters(), max_size=300))
def test_what_is_cleaned_can_be_encoded_and_stays_as_it_is(text: str) -> None:
    once = clean(text)
    once.encode("utf-8")
    assert "\n" not in once


@pytest.mark.parametrize(
    ("text", "letters"),
    [("😂😂", False), ("12 !?", False), ("<url> @user", False), ("ok", True), ("ありがとう", True)],
)
def test_letters_of_any_script_count(text: str, letters: bool) -> None:
    assert has_letters(text) is letters

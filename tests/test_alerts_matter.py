"""One matter or many: the words that critics share beside what critics usually share."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_alerts_storm import WAVE

from monitor.alerts.matter import AUTHORS, GROUPS, Matter, Words, find_matter
from monitor.alerts.settings import RuleSettings, StormThresholds
from monitor.alerts.storm import level_of, parts_of
from monitor.locale.words import telling_words

OLD = ("Der Parkplatz kostet extra", "Duschkopf verkalkt",
       "Im Zimmer war es laut", "Die Hotline legt auf", "The refund never arrived",
       "Kaffee kalt, Kuchen trocken")  # fmt: skip
STORM = ("Chlor im Brot, ich fasse es nicht", "Wer kippt CHLOR auf altes Brot?",
         "Chlor! Anzeige ist raus", "Das Brot weggeworfen und mit Chlor unbrauchbar gemacht",
         "Brot für die Tafel, nicht für den Müll", "Bleach on bread, really? #chlor",
         "Pfui", "Dort kaufe ich kein Brot mehr")  # fmt: skip


def read(*texts: str) -> list[Words]:
    return [telling_words(text, 500) for text in texts]


def ordinary(texts: int) -> list[Words]:
    """Grumbling about one thing and another; each text has a word of its own, as texts do."""
    number = count()
    return [(*words, f"wort{next(number)}") for words in (read(*OLD) * texts)[:texts]]


def test_a_storm_has_leading_words_and_grumbling_has_none() -> None:
    matter = find_matter(read(*STORM), ordinary(120))
    assert matter.words == ("Chlor", "Brot")
    assert matter.share == pytest.approx(7 / 8)
    assert matter.usual == 0
    assert find_matter(ordinary(8), ordinary(120)).share == 0


def test_what_was_said_all_along_is_no_matter() -> None:
    assert find_matter(read(*STORM), [*ordinary(60), *read(*STORM) * 10]).share == 0


def test_no_word_of_fewer_than_five_critics_is_printed() -> None:
    few = find_matter(read(*STORM[:4]), ordinary(60))
    assert few.share == 1.0
    assert few.words == ()


def test_the_company_is_not_its_own_matter() -> None:
    texts = [(*words, "Kornmühle") for words in ordinary(12)]
    assert find_matter(texts, ordinary(60)).words == ("Kornmühle",)
    assert find_matter(texts, ordinary(60), ["Café Kornmühle"]).share == 0


@pytest.mark.parametrize("past", [0, 19])
def test_without_a_past_or_without_texts_nothing_is_known(past: int) -> None:
    assert find_matter(read(*STORM), ordinary(past)) == Matter()
    assert find_matter([()] * 9, ordinary(60)) == Matter()


def test_too_few_groups_of_the_past_leave_the_usual_unknown() -> None:
    assert find_matter(read(*STORM), ordinary(8 * GROUPS - 1)).usual is None
    assert find_matter(read(*STORM), ordinary(8 * GROUPS)).usual is not None


@given(
    st.lists(
        st.lists(st.sampled_from("abcdefgh"), max_size=5, unique=True).map(tuple), max_size=90
    ),
    st.lists(
        st.lists(st.sampled_from("abcdefgh"), max_size=5, unique=True).map(tuple), max_size=90
    ),
)
def test_shares_are_shares_and_printed_words_have_five_critics(
    texts: list[Words], earlier: list[Words]
) -> None:
    matter = find_matter(texts, earlier)
    assert all(0 <= share <= 1 for share in (matter.share, matter.usual) if share is not None)
    assert all(sum(word in words for words in texts) >= AUTHORS for word in matter.words)


CROWD = replace(WAVE, new_authors=0.9, platforms=3)


@pytest.mark.parametrize(
    ("change", "level"),
    [
        ({"matter": Matter()}, 3),  # no texts to tell by
        ({"matter": Matter((), 0.1, 0.0)}, 2),
        ({"matter": Matter((), 0.2, 0.0)}, 3),
        ({"matter": Matter((), 0.4, 0.0)}, 3),
        ({"matter": Matter((), 0.4, 0.3)}, 2),  # critics here always share as much
        ({"matter": Matter((), 0.1, 0.0), "press": 2}, 3),
        ({"matter": Matter((), 0.1, 0.0), "calls": 0.2}, 3),
        ({"matter": Matter((), 0.1, 0.0), "voices": 25}, 3),
    ],
)
def test_strangers_on_several_platforms_are_no_storm_without_a_matter(
    change: dict[str, object], level: int
) -> None:
    evidence = replace(CROWD, **change)  # type: ignore[arg-type]
    assert level_of(evidence, RuleSettings(), StormThresholds()) == level


def test_the_part_names_the_words_only_where_it_holds() -> None:
    for share, words in ((0.5, ("Brot",)), (0.1, ())):
        evidence = replace(CROWD, matter=Matter(("Brot",), share, 0.0))
        (part,) = (p for p in parts_of(evidence, StormThresholds()) if p.part == "matter")
        assert part.words == words

"""Whether a post concerns the company, and whether it is spam."""

from __future__ import annotations

import pytest

from models.relevance import judge_relevance, judge_spam
from models.types import ThreadContext, ThreadPost

ACME = ThreadContext(names=("Acme", "Acme Soap"), exclude=("Acme Records",), own=False)


@pytest.mark.parametrize(
    ("text", "relevant", "rule"),
    [
        ("Acme is late again", True, "company named"),
        ("love my #acmesoap", True, "company named"),
        ("the new album at Acme Records", False, "excluded word"),
        ("Acme is better than Acme Records", True, "company named"),
        ("acmeology is a science", False, "company not named"),
        ("what a day", False, "company not named"),
    ],
)
def test_what_a_search_brings_must_name_the_company(text: str, relevant: bool, rule: str) -> None:
    judged = judge_relevance(text, ACME)
    assert (judged.yes, judged.evidence.rule) == (relevant, rule)
    assert (judged.probability >= 0.5) is relevant


def test_everything_in_an_own_place_or_in_a_thread_of_the_company_is_relevant() -> None:
    own = ThreadContext(names=("Acme",), own=True)
    thread = ThreadContext(names=("Acme",), own=False, thread=(ThreadPost("Hi", "company"),))
    assert judge_relevance("what a day", own).yes
    assert judge_relevance("what a day", thread).yes
    assert judge_relevance("what a day", ThreadContext()).yes


@pytest.mark.parametrize(
    "text",
    [
        "Earn $500 daily from home!!! message me on WhatsApp +49 151 2345678",
        "Verdiene 3000 € am Tag von zu Hause, schreib mir auf Telegram @reich",
        "FREE followers and likes >> https://x.example klick hier",
        "Bitcoin trading signals, guaranteed profit, join https://t.example",
    ],
)
def test_spam_is_marked_with_the_words_that_gave_it_away(text: str) -> None:
    judged = judge_spam(text, ThreadContext())
    assert judged.yes
    assert judged.evidence.words


@pytest.mark.parametrize(
    "text",
    [
        "Der Zug ist schon wieder zu spät https://bahn.example",
        "How much is the blue one, and do you have it in stock?",
        "20 % off with my code ANNA20 in the Acme shop",
        "I lost 5 kg with your app, thank you!",
        "",
    ],
)
def test_ordinary_posts_are_not_spam(text: str) -> None:
    assert not judge_spam(text, ThreadContext()).yes


def test_the_companys_own_posts_are_never_spam() -> None:
    context = ThreadContext(author_role="company")
    assert not judge_spam("Casino night! click here https://x.example earn $5 daily", context).yes

"""The codebook's thread rules for the initiator."""

from __future__ import annotations

import pytest

from models.rules import find_first_own, find_parent, rule_initiator
from models.types import ThreadContext, ThreadPost, Utterance

LAUNCH = ThreadPost("Our new pump is here", "company", "acme", "1")
QUESTION = ThreadPost("Does it fit the old bottle?", "customer", "jo", "2", "1")
ANSWER = ThreadPost("It does.", "company", "acme", "3", "2")
CONTEST = ThreadPost("Design our next bag! Entries close on the 31st.", "company", "acme", "1")
ENTRY = ThreadPost("A fox pushing a barrow of leeks", "customer", "lou", "2", "1")
REPORT = ThreadPost("We tested twelve soaps", "third_party", "lab", "1")
COMPLAINT = ThreadPost("My parcel is lost", "customer", "kim", "1")


def said(
    text: str, *thread: ThreadPost, author: str = "sam", role: str | None = "customer"
) -> Utterance:
    return Utterance(text, ThreadContext(author=author, author_role=role, thread=thread))


@pytest.mark.parametrize(
    ("utterance", "rule", "answer"),
    [
        (said("Hello", role="company"), "company account", "company"),
        (said("We were first", LAUNCH, role="third_party"), "third-party account", "third_party"),
        (
            said("Testgerät wurde mir zur Verfügung gestellt", LAUNCH, role="third_party"),
            "sample sent by the company",
            "company",
        ),
        (said("Looks good", LAUNCH), "direct comment under a company post", "company"),
        (
            said("Hat nichts mit dem Post zu tun, aber mein Abo läuft noch", LAUNCH),
            "own matter under a company post",
            "customer",
        ),
        (said("I wonder too", LAUNCH, QUESTION), "reply to another author", "third_party"),
        (said("My vote is yours", CONTEST, ENTRY), "entry of the company's own call", "company"),
        (said("Where to buy?", REPORT), "reply to another author", "third_party"),
        (
            said("Finally an answer", COMPLAINT, ANSWER),
            "reply to the company in another's thread",
            "third_party",
        ),
        (said("Still lost", COMPLAINT, ANSWER, author="kim"), "own follow-up", "customer"),
    ],
)
def test_a_rule_names_itself_and_its_answer(utterance: Utterance, rule: str, answer: str) -> None:
    ruling = rule_initiator(utterance)
    assert ruling is not None
    assert (ruling.rule, ruling.values[0]) == (rule, answer)


@pytest.mark.parametrize(
    "utterance",
    [said("I love it"), said("I love it", role=None), said("Hm", ThreadPost("?"), role=None)],
)
def test_rules_are_silent_where_the_thread_tells_nothing(utterance: Utterance) -> None:
    assert rule_initiator(utterance) is None


def test_the_parent_is_the_post_named_and_else_the_last() -> None:
    thread = (LAUNCH, QUESTION, ANSWER)
    assert find_parent(ThreadContext(thread=thread, parent="2")) is QUESTION
    assert find_parent(ThreadContext(thread=thread)) is ANSWER
    assert find_parent(ThreadContext(thread=thread, parent="gone")) is ANSWER
    assert find_parent(ThreadContext()) is None


def test_a_follow_up_leads_back_to_the_first_own_post_in_its_own_context() -> None:
    mine = ThreadPost("Does it fit?", "customer", "sam", "2", "1")
    first = find_first_own(said("Thanks, it fits", LAUNCH, mine, ANSWER))
    assert first is not None
    assert first.text == "Does it fit?"
    assert first.context.thread == (LAUNCH,)
    ruling = rule_initiator(first)
    assert ruling is not None
    assert ruling.values[0] == "company"


def test_a_dialogue_without_names_is_one_customers_with_the_company() -> None:
    asked, answered = ThreadPost("Help", "customer"), ThreadPost("Which order?", "company")
    context = ThreadContext(author_role="customer", thread=(asked, answered))
    first = find_first_own(Utterance("Number 7", context))
    assert first is not None
    assert first.text == "Help"

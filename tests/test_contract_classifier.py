"""The contract of a classifier, run over every way to load one."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.base import Classifier
from models.heads import CHOICES, FLAGS
from models.loading import load_classifier
from models.training.corpus import load_written
from models.types import ThreadContext, ThreadPost, Utterance

SPEEDS = ("full", "cascade", "fast")
LAUNCH = ThreadPost("Unsere neue Pumpe ist da", "company", "acme", "1")
COMPLAINT = ThreadPost("My parcel is lost and nobody answers", "customer", "kim", "1")
BLOB = base64.b64encode(bytes(range(256)) * 40).decode()

USUAL = [
    Utterance("Der Zug ist schon wieder 40 Minuten zu spät. Danke für nichts!"),
    Utterance("Love the new app, so much faster than the old one 😍"),
    Utterance("Was kostet das Abo ab Januar?", ThreadContext(author_role="customer")),
    Utterance("Bitte baut einen Dunkelmodus ein, das wäre toll."),
    Utterance("Sieht gut aus", ThreadContext(author="jo", thread=(LAUNCH,))),
    Utterance("Still lost.", ThreadContext(author="kim", thread=(COMPLAINT,))),
]
HOSTILE = [
    "",
    "   \n\t ",
    "😂😂😂",
    "ok",
    "word " * 20_000,
    "x" * 100_000,
    "ze\u200bro\u202e widt\u2066h",
    "lone \ud800 surrogate \udfff",
    "これは日本語の文章です",
    BLOB,
    "\x00\x1b[31mred\x07",
    "https://a.example/" + "b" * 5000,
    "!?" * 3000,
    "<script>alert(1)</script>",
    "@user " * 400,
    "\u0301" * 2000,
]


@pytest.fixture(scope="module", params=SPEEDS)
def classifier(request: pytest.FixtureRequest) -> Classifier:
    return load_classifier(request.param)


def test_there_are_as_many_labels_as_utterances_and_in_their_order(classifier: Classifier) -> None:
    found = classifier.classify(USUAL)
    assert found == [classifier.classify([one])[0] for one in USUAL]


def test_nothing_asked_is_nothing_answered(classifier: Classifier) -> None:
    assert classifier.classify([]) == []


def test_probabilities_are_distributions(classifier: Classifier) -> None:
    for labels in classifier.classify([*USUAL, *map(Utterance, HOSTILE)]):
        for head, values in CHOICES.items():
            shares = labels.probabilities[head]
            assert isinstance(shares, Mapping)
            assert set(shares) == set(values)
            assert sum(shares.values()) == pytest.approx(1, abs=1e-4)
            assert shares[getattr(labels, head)] == max(shares.values())
        for flag in (*FLAGS, "spam", "relevant"):
            p = labels.probabilities[flag]
            assert isinstance(p, float)
            assert 0 <= p <= 1


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:12]))
def test_any_text_is_labelled(classifier: Classifier, text: str) -> None:
    context = ThreadContext(author="a", thread=(ThreadPost(text, "customer"),))
    bare, threaded = classifier.classify([Utterance(text), Utterance("ja", context)])
    assert bare.model == threaded.model == classifier.name


@pytest.mark.parametrize("text", ["", "  ", "😂", "12 34", "\u200b", "日本語の文章です"])
def test_where_the_words_say_nothing_the_labels_are_unsure(
    classifier: Classifier, text: str
) -> None:
    (labels,) = classifier.classify([Utterance(text)])
    assert {"sentiment", "kind"} <= set(labels.unsure)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(order=st.permutations(range(len(USUAL) + len(HOSTILE))), size=st.integers(1, 22))
def test_labels_do_not_depend_on_the_batch_or_its_order(
    classifier: Classifier, order: list[int], size: int
) -> None:
    every = [*USUAL, *map(Utterance, HOSTILE)]
    alone = _alone(classifier, every)
    part = order[:size]
    assert classifier.classify([every[i] for i in part]) == [alone[i] for i in part]


_KNOWN: dict[str, list[object]] = {}


def _alone(classifier: Classifier, every: list[Utterance]) -> list[object]:
    if classifier.name not in _KNOWN:
        _KNOWN[classifier.name] = [classifier.classify([one])[0] for one in every]
    return _KNOWN[classifier.name]


def test_bad_input_takes_no_slow_path(classifier: Classifier) -> None:
    usual = [
        Utterance(f"{one.text} {other.text} {i}")
        for i in range(20)
        for one, other in pairwise(USUAL)
    ]
    bad = [Utterance(f"{HOSTILE[i % len(HOSTILE)]} {i}") for i in range(len(usual))]
    classifier.classify(usual[:20])
    assert min(_cpu_s(classifier, bad) for _ in range(3)) < 2 * min(
        _cpu_s(classifier, usual) for _ in range(3)
    )


def _cpu_s(classifier: Classifier, utterances: list[Utterance]) -> float:
    began = time.process_time()
    classifier.classify(utterances)
    return time.process_time() - began


def test_the_thread_rule_that_fired_is_in_the_evidence(classifier: Classifier) -> None:
    context = ThreadContext(author="acme", author_role="company")
    ours, comment = classifier.classify(
        [Utterance("Ab heute neu", context), USUAL[4]],
    )
    assert ours.initiator == "company"
    assert ours.evidence["initiator"].rule == "company account"
    assert comment.initiator == "company"
    assert comment.evidence["initiator"].rule == "direct comment under a company post"


def test_the_words_that_carried_a_label_are_words_of_the_text(classifier: Classifier) -> None:
    for utterance, labels in zip(USUAL, classifier.classify(USUAL), strict=True):
        for head in (*CHOICES, *FLAGS):
            for word, weight in labels.evidence[head].words:
                assert word in utterance.text
                assert weight


def test_the_cascade_says_what_the_whole_encoder_says() -> None:
    rows = [row.utterance for row in list(load_written())[::30]]
    full, cascade = load_classifier("full"), load_classifier("cascade")
    pairs = list(zip(full.classify(rows), cascade.classify(rows), strict=True))
    for head in (*CHOICES, *FLAGS):
        same = sum(getattr(a, head) == getattr(b, head) for a, b in pairs)
        assert same >= 0.95 * len(pairs), head


def test_plain_sentiment_is_told_in_both_languages(classifier: Classifier) -> None:
    texts = {
        "Ich liebe das neue Design, einfach wunderbar!": "positive",
        "Absolutely love it, best purchase this year!": "positive",
        "Schlechter Service, nie wieder, total enttäuscht.": "negative",
        "Terrible service, my order never arrived.": "negative",
    }
    found = classifier.classify([Utterance(text) for text in texts])
    assert [labels.sentiment for labels in found] == list(texts.values())


def test_a_threshold_makes_unsure_of_what_is_below_it() -> None:
    strict = load_classifier("fast", unsure_below=0.999)
    lax = load_classifier("fast", unsure_below=0.0)
    assert all("sentiment" in labels.unsure for labels in strict.classify(USUAL))
    assert all(not labels.unsure for labels in lax.classify(USUAL))

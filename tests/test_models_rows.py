"""Rows of the classify format to utterances and back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models.rows import labels_to_row, parse_role, parse_row
from models.types import Evidence, Labels


def test_a_row_needs_nothing_but_its_text() -> None:
    utterance = parse_row({"text": "Hallo"})
    assert utterance.text == "Hallo"
    assert utterance.context.thread == ()


def test_null_fields_are_missing_fields() -> None:
    keys = ("lang", "author", "author_role", "company", "platform", "parent", "thread")
    assert parse_row({"text": "x", **dict.fromkeys(keys)}) == parse_row({"text": "x"})


def test_a_thread_keeps_its_order_ids_and_roles() -> None:
    row = {
        "text": "ja",
        "parent": 2,
        "thread": [
            {"id": 1, "parent": None, "author": "acme", "role": "company", "text": "Neu!"},
            {"id": 2, "parent": 1, "author": "jo", "role": "customer", "text": None},
        ],
    }
    context = parse_row(row).context
    assert [post.id for post in context.thread] == ["1", "2"]
    assert [post.role for post in context.thread] == ["company", "customer"]
    assert context.thread[1].text == ""
    assert context.parent == "2"


@pytest.mark.parametrize(
    ("word", "role"),
    [
        ("company", "company"),
        ("customer (private person)", "customer"),
        ("Third party", "third_party"),
        ("third-party", "third_party"),
        ("unknown (private person unless the text shows otherwise)", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_a_role_is_read_by_its_first_word(word: object, role: str | None) -> None:
    assert parse_role(word) == role


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({}, "text: must be a string"),
        ({"text": None}, "text: must be a string, not null"),
        ({"text": 5}, "text: must be a string, not a number"),
        ({"text": "x", "thread": "y"}, "thread: must be a list"),
        ({"text": "x", "thread": {"a": 1}}, "thread: must be a list of posts, not an object"),
        ({"text": "x", "thread": ["y"]}, "thread post 1: must be an object"),
        ({"text": "x", "thread": [{"text": 1}]}, "thread post 1: text must be a string"),
        ({"text": "x", "lang": ["de"]}, "lang: must be a string"),
        ([1], "a row is a JSON object"),
    ],
)
def test_an_unreadable_row_says_which_field_and_why(row: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_row(row)


def test_labels_become_a_row_of_plain_json() -> None:
    labels = Labels(
        sentiment="positive",
        initiator="customer",
        kind="supply",
        idea=False,
        toxic=False,
        lang="de",
        model="m 1",
        probabilities={"sentiment": {"negative": 0.1, "positive": 0.9}, "idea": 1 / 3},
        unsure=("kind",),
        evidence={"kind": Evidence(rule=None, words=(("gut", 0.5),))},
    )
    row = json.loads(json.dumps(labels_to_row("a", labels)))
    assert row["id"] == "a"
    assert row["probabilities"]["idea"] == 0.3333
    assert row["evidence"]["kind"] == {"rule": None, "words": [["gut", 0.5]]}
    assert row["unsure"] == ["kind"]

"""Rows of the `classify` file format (docs: command line) to utterances, labels back to rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from models.types import ROLES, Labels, ThreadContext, ThreadPost, Utterance


def parse_row(row: Mapping[str, Any]) -> Utterance:
    """Read one row; only `text` is required, any other field may be missing or null.

    Thread posts without ids are taken as a chain: the last of them is the parent. A role is read
    by its first word (`customer (private person)` is a customer), other words are unknown.
    Raises ValueError that says which field cannot be read and what it should be.
    """
    if not isinstance(row, Mapping):
        raise ValueError(f"a row is a JSON object, not {type(row).__name__}")
    text = row.get("text")
    if not isinstance(text, str):
        raise ValueError(f"text: must be a string, not {_kind(text)}")
    thread = _parse_thread(row.get("thread"))
    context = ThreadContext(
        author=_optional(row, "author"),
        author_role=parse_role(row.get("author_role")),
        company=_optional(row, "company"),
        platform=_optional(row, "platform"),
        parent=_optional(row, "parent"),
        thread=thread,
    )
    return Utterance(text, context, _optional(row, "lang"))


def parse_role(value: object) -> str | None:
    """Return `company`, `customer` or `third_party`; None where the word says none of these."""
    if not isinstance(value, str):
        return None
    word = value.strip().lower().replace("-", "_").replace("third party", "third_party")
    return next((role for role in ROLES if word.startswith(role)), None)


def labels_to_row(row_id: object, labels: Labels) -> dict[str, Any]:
    """Return the output row: plain JSON values, probabilities rounded to four digits."""
    return {
        "id": row_id,
        "lang": labels.lang,
        "sentiment": labels.sentiment,
        "initiator": labels.initiator,
        "kind": labels.kind,
        "idea": labels.idea,
        "toxic": labels.toxic,
        "spam": labels.spam,
        "relevant": labels.relevant,
        "probabilities": {
            label: {value: round(p, 4) for value, p in given.items()}
            if isinstance(given, Mapping)
            else round(given, 4)
            for label, given in labels.probabilities.items()
        },
        "unsure": list(labels.unsure),
        "evidence": {
            label: {
                "rule": evidence.rule,
                "words": [[word, round(weight, 4)] for word, weight in evidence.words],
            }
            for label, evidence in labels.evidence.items()
        },
        "model": labels.model,
    }


def _parse_thread(value: object) -> tuple[ThreadPost, ...]:
    if value is None:
        return ()
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        raise ValueError(f"thread: must be a list of posts, not {_kind(value)}")
    return tuple(_parse_thread_post(number, post) for number, post in enumerate(value, 1))


def _parse_thread_post(number: int, post: object) -> ThreadPost:
    if not isinstance(post, Mapping):
        raise ValueError(f"thread post {number}: must be an object, not {_kind(post)}")
    text = post.get("text")
    if text is not None and not isinstance(text, str):
        raise ValueError(f"thread post {number}: text must be a string, not {_kind(text)}")
    role = post.get("role", post.get("author_role"))
    return ThreadPost(
        text=text or "",  # a deleted post keeps its place in the thread
        role=parse_role(role),
        author=_optional(post, "author"),
        id=_optional(post, "id"),
        parent=_optional(post, "parent"),
    )


def _optional(row: Mapping[str, Any], key: str) -> str | None:
    """Return a field as text; numbers are taken as ids are often numbers."""
    value = row.get(key)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f"{key}: must be a string or null, not {_kind(value)}")


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}
    if value is None:
        return "null"
    return names.get(type(value), "a number" if isinstance(value, int | float) else "this")

"""Labels of posts and people's corrections of them. A correction outlives every re-labelling."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from models.types import INITIATORS, KINDS, SENTIMENTS, Evidence, Labels
from monitor.errors import NotFound, UsageError
from monitor.store.database import Database, to_ms

GIVEN = "given"
"""The model's name beside labels that came with an imported row."""

BOOLEANS = ("idea", "toxic", "spam", "relevant")
CORRECTABLE: Mapping[str, tuple[str, ...]] = {
    "sentiment": SENTIMENTS,
    "initiator": INITIATORS,
    "kind": KINDS,
    **dict.fromkeys(BOOLEANS, ("yes", "no")),
}
"""Labels that a person may correct, with the values allowed."""

_UPSERT = """
    INSERT INTO labels (post_id, model, labelled_at, lang, sentiment, initiator, kind, idea,
                        toxic, spam, relevant, copy, unsure, probabilities, evidence)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (post_id) DO UPDATE SET
        model = excluded.model, labelled_at = excluded.labelled_at, lang = excluded.lang,
        sentiment = excluded.sentiment, initiator = excluded.initiator, kind = excluded.kind,
        idea = excluded.idea, toxic = excluded.toxic, spam = excluded.spam,
        relevant = excluded.relevant, copy = excluded.copy, unsure = excluded.unsure,
        probabilities = excluded.probabilities, evidence = excluded.evidence
"""


class LabelTable:
    """The labels of the store."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def save(self, labelled: Sequence[tuple[int, Labels, bool]], at: datetime) -> None:
        """Save (post id, labels, is a copy) as the model gave them, corrections on top."""
        rows = [_label_row(post_id, labels, copy, to_ms(at)) for post_id, labels, copy in labelled]
        with self.db.transaction() as connection:
            connection.executemany(_UPSERT, rows)
            self._reapply([row[0] for row in rows])

    def save_given(self, given: Iterable[tuple[int, Mapping[str, Any], int]]) -> bool:
        """Take (post id, labels of the row, time in ms) as they are. Returns whether any changed.

        A row that names sentiment, initiator and kind needs no classifier; single values are
        kept like corrections, so that the classifier fills in the rest. What a person said of
        the post stands above both.
        """
        rows = list(given)
        changed: set[int] = set()
        with self.db.transaction() as connection:
            said = self._said_of([post_id for post_id, _labels, _at in rows])
            for post_id, labels, at in rows:
                by_people = {k: word for k, (word, by) in said[post_id].items() if by != GIVEN}
                if _is_complete(labels):
                    row = _label_row(post_id, _given_labels(labels), False, at)
                    before = connection.execute(
                        "SELECT sentiment, initiator, kind, idea, toxic, spam, relevant "
                        "FROM labels WHERE post_id = ?",
                        (post_id,),
                    ).fetchone()
                    now = (
                        _as_stored(label, by_people[label]) if label in by_people else value
                        for label, value in zip(CORRECTABLE, row[4:11], strict=True)
                    )
                    if before is None or tuple(before) != tuple(now):
                        connection.execute(_UPSERT, row)
                        changed.add(post_id)
                else:
                    for label, value in labels.items():
                        if label not in CORRECTABLE or value is None or label in by_people:
                            continue
                        if said[post_id].get(label) != (_as_word(value), GIVEN):
                            self._correct(post_id, label, _as_word(value), GIVEN, at)
                            changed.add(post_id)
            self._reapply(list(changed))
        return bool(changed)

    def forget(self, post_id: int) -> None:
        """Drop what a model said of a text that changed since; corrections stay."""
        with self.db.transaction() as connection:
            connection.execute(
                "DELETE FROM labels WHERE post_id = ? AND model <> ?", (post_id, GIVEN)
            )

    def correct(self, uid: str, label: str, value: str, by: str | None, at: datetime) -> None:
        """Keep a person's word on one label of a post.

        Raises NotFound for an unknown post, UsageError for an unknown label or value.
        """
        if label not in CORRECTABLE:
            raise UsageError(
                "{label}: no such label; take one of {correctable}",
                label=label,
                correctable=", ".join(CORRECTABLE),
            )
        if value not in CORRECTABLE[label]:
            raise UsageError(
                "{label}={value}: allowed are {correctable}",
                label=label,
                value=value,
                correctable=", ".join(CORRECTABLE[label]),
            )
        post_id = self.db.value("SELECT id FROM posts WHERE uid = ?", (uid,))
        if post_id is None:
            raise NotFound("{uid}: no such post; `sturmglas posts` and `search` show uids", uid=uid)
        with self.db.transaction():
            self._correct(post_id, label, value, by, to_ms(at))
            self._reapply([post_id])

    def corrected(self, uid: str) -> dict[str, str]:
        """Return label -> value of the corrections of a post."""
        return {
            row["label"]: row["value"]
            for row in self.db.rows(
                "SELECT label, value FROM corrections c JOIN posts p ON p.id = c.post_id "
                "WHERE p.uid = ?",
                (uid,),
            )
        }

    def corrections_of_text(self, key: int) -> dict[str, str]:
        """Return people's corrections of posts with the same words (`text_key`)."""
        return {
            row["label"]: row["value"]
            for row in self.db.rows(
                "SELECT c.label, c.value FROM posts p JOIN corrections c ON c.post_id = p.id "
                "WHERE p.text_key = ? AND c.by IS NOT ? AND c.label NOT IN ('initiator') "
                "ORDER BY c.at",
                (key, GIVEN),
            )
        }

    def count_unlabelled(self) -> int:
        """Return how many posts with a text carry no labels."""
        return int(
            self.db.value(
                "SELECT count(*) FROM posts p LEFT JOIN labels l ON l.post_id = p.id "
                "WHERE l.post_id IS NULL AND p.deleted_at IS NULL AND p.emptied_at IS NULL"
            )
        )

    def post_ids(
        self, *, everything: bool, limit: int | None, left_out: Sequence[str] = ()
    ) -> list[int]:
        """Return ids of posts to label, in the order they came: the unlabelled, or all.

        Labels that came with a row are never replaced. Sources `left_out` by name have none.
        """
        condition = "(l.post_id IS NULL OR l.model <> ?)" if everything else "l.post_id IS NULL"
        parameters: tuple[Any, ...] = (GIVEN,) if everything else ()
        rows = self.db.rows(
            "SELECT p.id FROM posts p LEFT JOIN labels l ON l.post_id = p.id "
            f"WHERE {condition} AND p.deleted_at IS NULL AND p.emptied_at IS NULL "
            "AND p.source_id NOT IN (SELECT id FROM sources WHERE name IN "
            "(SELECT value FROM json_each(?))) ORDER BY p.id LIMIT ?",
            (*parameters, json.dumps(list(left_out)), -1 if limit is None else limit),
        )
        return [row[0] for row in rows]

    def _correct(self, post_id: int, label: str, value: str, by: str | None, at: int) -> None:
        self.db.connection.execute(
            "INSERT OR REPLACE INTO corrections (post_id, label, value, by, at) "
            "VALUES (?, ?, ?, ?, ?)",
            (post_id, label, value, by, at),
        )

    def _said_of(self, post_ids: Sequence[int]) -> defaultdict[int, dict[str, tuple[str, str]]]:
        """Return label -> (value, by whom) of the corrections of each post."""
        said: defaultdict[int, dict[str, tuple[str, str]]] = defaultdict(dict)
        for post_id, label, value, by in self.db.connection.execute(
            "SELECT post_id, label, value, by FROM corrections "
            "WHERE post_id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(post_ids)),),
        ):
            said[post_id][label] = (value, by)
        return said

    def _reapply(self, post_ids: Sequence[int]) -> None:
        rows = self.db.connection.execute(
            "SELECT post_id, label, value FROM corrections "
            "WHERE post_id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(post_ids)),),
        ).fetchall()
        for post_id, label, value in rows:
            self.db.connection.execute(
                f"UPDATE labels SET {label} = ? WHERE post_id = ?",
                (_as_stored(label, value), post_id),
            )


def _as_stored(label: str, word: str) -> str | int:
    return word if label not in BOOLEANS else int(word == "yes")


def labels_of(row: sqlite3.Row) -> Labels | None:
    """Turn the label columns of a joined row (prefix `l_`) into labels, or None."""
    if row["l_model"] is None:
        return None
    evidence = {
        label: Evidence(e.get("rule"), tuple((w, float(x)) for w, x in e.get("words", ())))
        for label, e in json.loads(row["l_evidence"]).items()
    }
    return Labels(
        sentiment=row["l_sentiment"],
        initiator=row["l_initiator"],
        kind=row["l_kind"],
        idea=bool(row["l_idea"]),
        toxic=bool(row["l_toxic"]),
        spam=bool(row["l_spam"]),
        relevant=bool(row["l_relevant"]),
        lang=row["l_lang"] or "und",
        model=row["l_model"],
        probabilities=json.loads(row["l_probabilities"]),
        unsure=tuple(json.loads(row["l_unsure"])),
        evidence=evidence,
    )


def _label_row(post_id: int, labels: Labels, copy: bool, at: int) -> tuple[Any, ...]:
    evidence = {
        label: {"rule": e.rule, "words": [list(word) for word in e.words]}
        for label, e in labels.evidence.items()
    }
    return (
        post_id, labels.model, at, labels.lang, labels.sentiment, labels.initiator, labels.kind,
        int(labels.idea), int(labels.toxic), int(labels.spam), int(labels.relevant), int(copy),
        json.dumps(list(labels.unsure)),
        json.dumps(dict(labels.probabilities), ensure_ascii=False),
        json.dumps(evidence, ensure_ascii=False),
    )  # fmt: skip


def _is_complete(labels: Mapping[str, Any]) -> bool:
    return all(labels.get(label) is not None for label in ("sentiment", "initiator", "kind"))


def _given_labels(labels: Mapping[str, Any]) -> Labels:
    unsure = labels.get("unsure")
    return Labels(
        probabilities=_given_probabilities(labels.get("probabilities")),
        unsure=tuple(label for label in CORRECTABLE if label in unsure)
        if isinstance(unsure, list)
        else (),
        sentiment=labels["sentiment"],
        initiator=labels["initiator"],
        kind=labels["kind"],
        idea=bool(labels.get("idea")),
        toxic=bool(labels.get("toxic")),
        spam=bool(labels.get("spam")),
        relevant=labels.get("relevant") is not False,
        lang=labels.get("lang") or "und",
        model=GIVEN,
    )


def _given_probabilities(given: Any) -> dict[str, dict[str, float] | float]:
    """Return what a row says of how sure its labels are; what is no probability is left out."""
    found: dict[str, dict[str, float] | float] = {}
    for label, value in given.items() if isinstance(given, Mapping) else ():
        if label not in CORRECTABLE:
            continue
        if isinstance(value, Mapping):
            shares = {word: p for word, p in value.items() if _is_probability(p)}
            found |= {label: shares} if shares else {}
        elif _is_probability(value):
            found[label] = value
    return found


def _is_probability(value: Any) -> bool:
    return isinstance(value, int | float) and 0 <= value <= 1


def _as_word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)

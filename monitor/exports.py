"""Every single item of the store as plain rows, in the form in which `import` reads them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from models.types import Labels
from monitor.alerts.rows import alert_row
from monitor.store.alerts import AlertTable
from monitor.store.ballots import Ballots
from monitor.store.campaigns import Campaigns
from monitor.store.database import from_ms
from monitor.store.queue import Queue
from monitor.store.store import Store
from monitor.types.masking import mask_contacts
from monitor.types.posts import StoredPost

Pseudonym = Callable[[str], str]
"""Turns the name of an account into the name that leaves the house."""


NO_TEXT = frozenset(
    ("uid", "native_id", "parent_id", "root_id", "url", "author_id", "author_handle", "by", "id",
     "vote", "voter", "idea", "campaign", "joined_into", "source", "host", "lang", "model", "post",
     "posts", "item", "policy")
)  # fmt: skip
"""Columns that name something instead of saying something: what is numbered stays numbered."""


def post_row(post: StoredPost, raw: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a post in the form of a posts file, with its `uid` and its labels."""
    row: dict[str, Any] = {
        "uid": post.uid,
        "platform": post.platform,
        "source": post.source,
        "native_id": post.native_id,
        "url": post.url,
        "kind": post.kind,
        "author_id": _native_author(post),
        "author_handle": post.author_handle,
        "author_name": post.author_name,
        "author_followers": post.author_followers,
        "author_role": post.role,
        "title": post.title,
        "text": post.text,
        "lang": post.lang,
        "created_at": post.created_at,
        "seen_at": post.seen_at,
        "edited_at": post.edited_at,
        "deleted_at": post.deleted_at,
        "deleted_reason": post.deleted_reason,
        "parent_id": native_of(post.parent_uid, post),
        "root_id": native_of(post.root_uid, post),
        "likes": post.likes,
        "replies": post.replies,
        "shares": post.shares,
        "views": post.views,
        "rating": post.rating,
        "rating_max": post.rating_max,
        "tags": list(post.tags),
        "labels": labels_row(post.labels, copy=post.copy),
    }
    if post.host is not None:
        row["host"] = post.host
    if raw:
        row |= {key: value for key, value in raw.items() if key not in row}
    return row


def labels_row(labels: Labels | None, *, copy: bool = False) -> dict[str, Any] | None:
    """Return labels without their evidence, None for an unlabelled post."""
    if labels is None:
        return None
    return {
        "sentiment": labels.sentiment,
        "initiator": labels.initiator,
        "kind": labels.kind,
        "idea": labels.idea,
        "toxic": labels.toxic,
        "spam": labels.spam,
        "relevant": labels.relevant,
        "copy": copy,
        "lang": labels.lang,
        "probabilities": dict(labels.probabilities),
        "unsure": list(labels.unsure),
        "model": labels.model,
    }


def evidence_row(labels: Labels) -> dict[str, Any]:
    """Return the evidence of each label: the rule that fired and the words that weighed."""
    return {
        label: {"rule": evidence.rule, "words": [list(word) for word in evidence.words]}
        for label, evidence in labels.evidence.items()
    }


def native_of(uid: str | None, post: StoredPost) -> str | None:
    """Return the platform's own id of a neighbour of `post`."""
    if uid is None:
        return None
    prefix = f"{post.platform}:{post.host}:" if post.host else f"{post.platform}:"
    return uid.removeprefix(prefix)


def export_posts(
    store: Store, since: datetime | None, until: datetime | None, pseudonym: Pseudonym | None
) -> Iterator[dict[str, Any]]:
    """Yield every post; authors as keyed hashes unless `pseudonym` is None (clear)."""
    for post, raw in store.posts.each(since, until):
        row = post_row(post, None if pseudonym is not None else json.loads(raw or "{}"))
        if row["labels"] is not None:
            row["labels"].pop("copy")
        if pseudonym is not None:
            _hide_author(row, post, pseudonym)
        yield row


def mask_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row whose texts reach nobody: mail and street addresses, bank, card and telephone
    numbers are masked.

    Names of accounts are another matter: they are hashed, or asked for.
    """
    return {key: _masked(key, value) for key, value in row.items()}


def _masked(key: str, value: Any) -> Any:
    if key == "evidence":
        return {label: _masked_words(one) for label, one in value.items()}
    if isinstance(value, dict):
        return mask_row(value)
    if isinstance(value, list):
        return [_masked(key, part) for part in value]
    if not isinstance(value, str) or key in NO_TEXT or value.isdigit():
        return value  # an id of digits alone looks like a telephone number
    return value if value.startswith(("http://", "https://")) else mask_contacts(value)


def _masked_words(evidence: Mapping[str, Any]) -> dict[str, Any]:
    words = [[mask_contacts(word), weight] for word, weight in evidence["words"]]
    return {**evidence, "words": words}


def export_labels(
    store: Store, since: datetime | None, until: datetime | None
) -> Iterator[dict[str, Any]]:
    """Yield the labels of every labelled post, with evidence."""
    for post, _raw in store.posts.each(since, until):
        labels = labels_row(post.labels, copy=post.copy)
        if labels is not None and post.labels is not None:
            yield {"uid": post.uid, **labels, "evidence": evidence_row(post.labels)}


def export_counts(
    store: Store, since: datetime | None, until: datetime | None
) -> Iterator[dict[str, Any]]:
    """Yield every look at counters, as `counts` lines of a posts file."""
    for post, _raw in store.posts.each(since, until):
        for look in store.posts.counts(post.id):
            yield {
                "type": "counts",
                "uid": look.uid,
                "at": look.at,
                "likes": look.likes,
                "replies": look.replies,
                "shares": look.shares,
                "views": look.views,
            }


def export_alerts(
    store: Store, since: datetime | None, until: datetime | None, lang: str
) -> Iterator[dict[str, Any]]:
    """Yield every alert that opened in the span, newest first, with its reasons."""
    for alert in AlertTable(store.db).load_list():
        if _within(alert.opened_at, since, until):
            yield alert_row(alert, lang)


def export_ideas(
    store: Store, since: datetime | None, until: datetime | None, pseudonym: Pseudonym | None
) -> Iterator[dict[str, Any]]:
    """Yield every idea of every campaign, with its status."""
    campaigns = Campaigns(store.db)
    for campaign in campaigns.all():
        for idea in campaigns.ideas(campaign.id):
            if _within(idea.created_at, since, until):
                yield {
                    "campaign": campaign.name,
                    "idea": idea.idea,
                    "author": _named(idea.author, pseudonym),
                    "title": idea.title,
                    "text": idea.text,
                    "created_at": idea.created_at,
                    "source": idea.source,
                    "status": idea.status,
                    "status_reason": idea.status_reason,
                    "status_at": idea.status_at,
                    "joined_into": idea.joined_into,
                }


def export_votes(
    store: Store, since: datetime | None, until: datetime | None, pseudonym: Pseudonym | None
) -> Iterator[dict[str, Any]]:
    """Yield every event at every ballot box, in the order of its ledger."""
    campaigns, ballots = Campaigns(store.db), Ballots(store.db)
    for campaign in campaigns.all():
        ideas = {number: idea for idea, number in campaigns.idea_numbers(campaign.id).items()}
        for block in ballots.blocks(campaign.id):
            columns = (block.votes.voter, block.votes.idea, block.votes.at, block.votes.withdraw)
            voters = ballots.voter_ids(campaign.id, block.votes.voter.tolist())
            rows = zip(block.ids, *(c.tolist() for c in columns), block.votes.value.tolist(),
                       strict=True)  # fmt: skip
            for vote, voter, idea, at, withdraw, value in rows:
                moment = from_ms(at)
                if _within(moment, since, until):
                    yield {
                        "campaign": campaign.name,
                        "vote": vote,
                        "idea": ideas.get(idea),
                        "voter": _named(voters.get(voter), pseudonym),
                        "at": moment,
                        "action": "withdraw" if withdraw else "cast",
                        "value": value,
                    }


def export_decisions(
    store: Store, since: datetime | None, until: datetime | None, pseudonym: Pseudonym | None
) -> Iterator[dict[str, Any]]:
    """Yield every decision of a moderator, oldest first."""
    for decision in Queue(store.db).decisions():
        if _within(decision.at, since, until):
            yield {**asdict(decision), "by": _named(decision.by, pseudonym)}


def _within(moment: datetime | None, since: datetime | None, until: datetime | None) -> bool:
    if moment is None:
        return since is None and until is None
    return (since is None or moment >= since) and (until is None or moment < until)


def _named(account: str | None, pseudonym: Pseudonym | None) -> str | None:
    return account if account is None or pseudonym is None else pseudonym(account)


def _native_author(post: StoredPost) -> str | None:
    if post.author_key is None or ":@" in post.author_key or ":~" in post.author_key:
        return None
    return native_of(post.author_key, post)


def _hide_author(row: dict[str, Any], post: StoredPost, pseudonym: Pseudonym) -> None:
    row["author_id"] = _named(post.author_key, pseudonym)
    for field in ("author_handle", "author_name", "author_followers"):
        row[field] = None

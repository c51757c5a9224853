"""Story of access (Art. 15): gathers everything that is held on an account, in plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from monitor.config import show_duration
from monitor.exports import evidence_row, post_row
from monitor.store.outbox import Outbox

if TYPE_CHECKING:
    from monitor.config import Settings
    from monitor.guard import Guard, Person
    from monitor.types.posts import StoredPost

PURPOSES = ("community_management", "measurement", "warning", "campaigns")
"""What the data are held for; the words for it stand in the templates."""

RIGHTS = ("rectification", "erasure", "restriction", "objection", "complaint")


def disclose(guard: Guard, settings: Settings, account: str) -> dict[str, Any]:
    """Return everything held on an account; `{"held": 0}` where that is nothing.

    `held` is the number of posts, ideas and votes. Raises UsageError for a bad name.
    """
    person = guard.find(account)
    posts = _posts(guard, person)
    votes = _votes(guard, person)
    held = len(posts) + len(person.ideas) + sum(row["votes"] for row in votes)
    if not person.is_held:
        return {"held": 0}
    uids = [post["uid"] for post in posts]
    guard.note_about("access_given", person.account, posts=len(posts), votes=len(votes))
    return {
        "account": person.account,
        "held": held,
        "made_at": guard.clock(),
        "controller": settings.privacy.controller or settings.company.name,
        "contact": settings.privacy.contact,
        "known_as": [
            {
                "key": author.key,
                "platform": author.platform,
                "server": author.host,
                "id": author.native_id,
                "handle": author.handle,
                "name": author.name,
                "followers": author.followers,
            }
            for author in person.authors
        ],
        "posts": posts,
        "votes": votes,
        "ideas": list(person.ideas),
        "alerts": guard.accounts.alerts_quoting(uids),
        "decisions": guard.accounts.decisions_on(uids),
        "recipients": _recipients(guard, settings, uids),
        "purposes": list(PURPOSES),
        "lawful_basis": settings.privacy.lawful_basis,
        "origin": sorted({source for post in posts for source in post["found_through"]}),
        "periods": periods(settings),
        "rights": list(RIGHTS),
        "automated_decisions": "none: labels are computed, no decision about a person is",
    }


def periods(settings: Settings) -> dict[str, str]:
    """Return how long each kind of data is kept, as the config writes it."""
    kept = settings.retention
    return {name: show_duration(getattr(kept, name)) for name in type(kept).model_fields}


def _posts(guard: Guard, person: Person) -> list[dict[str, Any]]:
    ids = guard.accounts.post_ids([author.id for author in person.authors])
    return [_post(guard, post) for post in guard.store.posts.load_ids(ids)]


def _post(guard: Guard, post: StoredPost) -> dict[str, Any]:
    posts = guard.store.posts
    raw, media = guard.accounts.raw_and_media(post.id)
    return post_row(post) | {
        "evidence": None if post.labels is None else evidence_row(post.labels),
        "corrected": guard.store.labels.corrected(post.uid),
        "counts_over_time": [
            {
                "at": look.at,
                "likes": look.likes,
                "replies": look.replies,
                "shares": look.shares,
                "views": look.views,
            }
            for look in posts.counts(post.id)
        ],
        "former_texts": [
            {"replaced_at": at, "title": title, "text": text}
            for at, title, text in posts.versions(post.id)
        ],
        "found_through": guard.accounts.sightings(post.id),
        "media": media,
        "raw": raw,
    }


def _votes(guard: Guard, person: Person) -> list[Mapping[str, Any]]:
    if not person.voters:
        return []
    from monitor.campaigning import Campaigning

    campaigning = Campaigning(guard.db, guard.keys)
    campaigns: dict[str, list[str]] = {}
    for _, campaign, voter in guard.accounts.voters_among(person.voters):
        campaigns.setdefault(voter, []).append(campaign)
    return [
        {"voter": voter, "campaigns": campaigns[voter], "votes": campaigning.votes_of(voter)}
        for voter in person.voters
    ]


def _recipients(guard: Guard, settings: Settings, uids: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return to whom messages with the person's posts went."""
    kinds = {receiver.name: receiver.kind for receiver in settings.notify}
    return [
        {
            "receiver": receiver,
            "kind": kinds.get(receiver, "no longer in the config"),
            "sent_at": sent_at,
            "message": receipt,
        }
        for receiver, _subject, sent_at, receipt in Outbox(guard.db).deliveries_of(uids)
    ]

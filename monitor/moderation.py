"""Story of moderation: fill the queue, claim, decide, undo; statuses of ideas and their funnel.

Passive by default: the classifier suggests, people decide, and nothing is hidden on a platform
from here. Every decision has a reason and can be undone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from monitor.campaigning import Campaigning
from monitor.campaigns.cases import public_words, same_person
from monitor.campaigns.funnel import find_funnel
from monitor.campaigns.intake import from_ms
from monitor.campaigns.priority import Facts, prioritise, suggest
from monitor.errors import NotFound, UsageError
from monitor.store.queue import Queue
from monitor.types.campaigns import (
    IDEA_STATUSES,
    Decision,
    DecisionAction,
    Funnel,
    Idea,
    IdeaStatus,
    QueueItem,
    QueueState,
)

STORM_RISE = timedelta(hours=6)
"""What was written so long before the warning belongs to the storm too: its rise."""

LOOK_BACK = timedelta(days=30)
CLAIM_LASTS = timedelta(hours=2)
OVERDUE_DAYS = 14.0
AUTOMATIC = "company account"

_OUTCOMES: dict[DecisionAction, QueueState] = {
    "approve": "approved",
    "hide": "hidden",
    "reject": "rejected",
    "merge": "merged",
    "answer": "answered",
}
_IDEA_OUTCOMES: dict[DecisionAction, IdeaStatus] = {
    "approve": "in_review",
    "hide": "declined",
    "reject": "declined",
    "answer": "answered",
}


class Moderation:
    """Works the queue of one store. Time goals come from the settings."""

    def __init__(
        self,
        story: Campaigning,
        *,
        answer_within: timedelta = timedelta(hours=24),
        review_within: timedelta = timedelta(hours=72),
    ) -> None:
        self.story = story
        self.queue = Queue(story.db)
        self.answer_within = answer_within
        self.review_within = review_within

    def fill(self, now: datetime) -> None:
        """Queue what came in, mark what was answered, refresh priorities."""
        storm = self.queue.storm_since()
        with self.story.db.transaction():
            for campaign in self.story.campaigns.all():
                for idea in self.story.campaigns.ideas(campaign.id):
                    if idea.status == "submitted":
                        self._queue_idea(campaign.id, campaign.name, idea, now)
            facts, answered = self._queue_posts(now, storm)
            for item in self.queue.items():
                if item.post in answered:
                    self._mark_answered(item, now)
                    continue
                known = facts.get(item.post or "", Facts(idea=item.idea is not None))
                age_h = (now - item.queued_at).total_seconds() / 3600
                known = replace(known, age_h=max(age_h, 0.0), overdue=now > item.due_at)
                self.queue.set_priority(item.item, *prioritise(known), suggest(known))

    def _queue_idea(self, campaign_id: int, campaign: str, idea: Idea, now: datetime) -> None:
        self.queue.add(
            f"idea:{campaign}:{idea.idea}",
            queued_at=now,
            due_at=now + self.review_within,
            campaign_id=campaign_id,
            idea=idea.idea,
        )

    def _queue_posts(
        self, now: datetime, storm: datetime | None
    ) -> tuple[dict[str, Facts], set[str]]:
        facts, answered = {}, set()
        for row in self.queue.candidates(now - LOOK_BACK):
            if row["answered"]:
                answered.add(row["uid"])
            written = from_ms(row["created_at"] or row["seen_at"])
            question = bool(row["asks"])
            within = self.answer_within if question else self.review_within
            if not row["answered"]:
                self.queue.add(
                    row["uid"], queued_at=written, due_at=written + within, post=row["uid"]
                )
            facts[row["uid"]] = Facts(
                toxic=_probability(row["probabilities"], "toxic", bool(row["toxic"])),
                negative=row["sentiment"] == "negative",
                idea=bool(row["idea"]),
                question=question,
                reach=row["reach"],
                storm=storm is not None and written >= storm - STORM_RISE,
            )
        return facts, answered

    def _mark_answered(self, item: QueueItem, now: datetime) -> None:
        words = {"action": "answer", "by": AUTOMATIC, "reason": "answered on the platform"}
        self.queue.decide(item, "answered", now, **words)

    def add_post(self, uid: str, now: datetime) -> QueueItem:
        """Queue any post and return its item. Raises NotFound for an unknown one."""
        if not self.queue.holds_post(uid):
            raise NotFound("post {uid}: not held", uid=uid)
        self.queue.add(uid, queued_at=now, due_at=now + self.review_within, post=uid)
        return self.queue.item(uid)

    def take_post(self, uid: str, campaign: str) -> Idea:
        """Make a post an idea of a campaign; a second time changes nothing.

        The idea's id is keyed: it stands in the public ledger for ever, and must not lead back to
        a post that its author has erased. Raises NotFound for an unknown post or campaign.
        """
        found = self.story.campaigns.load(campaign)
        name = f"post-{self.story.keys.pseudonym(uid, of='ideas', length=10)}"
        self.story.campaigns.save_ideas(found.id, [self.queue.post_as_idea(uid, name)])
        return self.story.campaigns.idea(name, found.id)[1]

    def items(self, campaign: str | None = None) -> list[QueueItem]:
        """Return what waits, first things first; for one campaign if it is named."""
        campaign_id = self.story.campaigns.load(campaign).id if campaign else None
        return self.queue.items(campaign_id)

    def claim(
        self, number: int, *, by: str, now: datetime, campaign: str | None = None
    ) -> list[QueueItem]:
        """Reserve the next items for a person: no item goes to two."""
        if number < 1:
            raise UsageError("--claim {number}: claim at least one item", number=number)
        with self.story.db.transaction():
            free = [
                item
                for item in self.items(campaign)
                if not _held_by_other(item, by, now)
                and not (item.state == "hide_proposed" and self._proposed_by(item, by))
            ]
            taken = free[:number]
            self.queue.claim([item.item for item in taken], by, now)
            return [self.queue.item(str(item.item)) for item in taken]

    def decide(
        self,
        names: Sequence[str],
        action: DecisionAction,
        *,
        by: str,
        reason: str,
        now: datetime,
        policy: str | None = None,
        into: str | None = None,
        text: str | None = None,
    ) -> list[QueueItem]:
        """Decide on one or more items, all or none. Raises UsageError where it may not be done."""
        if not by.strip() or not reason.strip():
            raise UsageError("decide: --by and --reason are needed; both are kept on record")
        words = {"by": by, "reason": reason, "policy": policy, "into": into, "text": text}
        with self.story.db.transaction():
            for name in names:
                item = self.queue.item(name)
                if action == "undo":
                    self._undo(item, words, now)
                else:
                    self._decide_one(item, action, words, now)
            return [self.queue.item(name) for name in names]

    def _decide_one(
        self, item: QueueItem, action: DecisionAction, words: dict[str, Any], now: datetime
    ) -> None:
        by = words["by"]
        if item.state not in ("waiting", "hide_proposed"):
            raise UsageError(
                "item {item}: is {state}; undo that first", item=item.item, state=item.state
            )
        if _held_by_other(item, by, now):
            raise UsageError(
                "item {item}: is claimed by {claimed_by} until later",
                item=item.item,
                claimed_by=item.claimed_by,
            )
        state = _OUTCOMES[action]
        if action == "merge" and not words["into"]:
            raise UsageError("decide merge: name the idea to join with --into")
        if action in ("hide", "reject") and item.civil_criticism:
            if not words["policy"]:
                raise UsageError(
                    "item {item}: is critical but civil, or not labelled yet so that it "
                    "may be; name the policy that it breaks with --policy",
                    item=item.item,
                )
            # Critics are not silenced by one person: the second decision does it.
            if item.state != "hide_proposed":
                state = "hide_proposed"
            elif self._proposed_by(item, by):
                raise UsageError(
                    "item {item}: was proposed for this by {by}; another person must "
                    "confirm it (--by)",
                    item=item.item,
                    by=by,
                )
        if state != "hide_proposed" and item.idea is not None:
            self._move_idea(item, action, words, now)
        self.queue.decide(item, state, now, action=action, **words)

    def _move_idea(
        self, item: QueueItem, action: DecisionAction, words: dict[str, Any], now: datetime
    ) -> None:
        assert item.campaign is not None, "ideas belong to campaigns"
        campaign = self.story.campaigns.load(item.campaign)
        idea = self.story.campaigns.idea(item.idea or "", campaign.id)[1]
        by, reason = words["by"], words["text"] or words["reason"]
        if action == "merge":
            self.story.join(campaign, idea, words["into"], by=by, reason=reason, now=now)
        else:
            status = _IDEA_OUTCOMES[action]
            self.story.campaigns.set_status(campaign.id, idea.idea, status, reason, now)

    def _proposed_by(self, item: QueueItem, by: str) -> bool:
        # The last that stands: after an undo the last that was written is somebody else's.
        last = self._standing(item)[-1:]
        return bool(last) and same_person(last[0].by, by)

    def _standing(self, item: QueueItem) -> list[Decision]:
        """Return the decisions on an item that were not undone, the earliest first."""
        decisions = self.queue.decisions(item.item)
        undone = {decision.undoes for decision in decisions}
        return [one for one in decisions if one.action != "undo" and one.id not in undone]

    def _undo(self, item: QueueItem, words: dict[str, Any], now: datetime) -> None:
        standing = self._standing(item)
        if not standing:
            raise UsageError(
                "item {item}: nothing was decided that could be undone", item=item.item
            )
        last = standing[-1]
        if item.idea is not None and last.state_after != "hide_proposed":
            self._restore_idea(item, last, words, now)
        before: QueueState = "hide_proposed" if last.state_before == "hide_proposed" else "waiting"
        self.queue.decide(item, before, now, action="undo", undoes=last.id, **words)

    def _restore_idea(
        self, item: QueueItem, last: Decision, words: dict[str, Any], now: datetime
    ) -> None:
        campaign = self.story.campaigns.load(item.campaign or "")
        idea = self.story.campaigns.idea(item.idea or "", campaign.id)[1]
        if last.action == "merge":
            self.story.part(campaign, idea, by=words["by"], reason=words["reason"], now=now)
        else:
            self.story.campaigns.set_status(
                campaign.id, idea.idea, "submitted", words["reason"], now
            )

    def set_idea(
        self,
        name: str,
        status: str,
        *,
        reason: str,
        now: datetime,
        by: str = "",
        into: str | None = None,
        campaign: str | None = None,
    ) -> Idea:
        """Record the company's word on an idea. `joined` needs `into`."""
        known = next((word for word in IDEA_STATUSES if word == status.replace("-", "_")), None)
        if known is None:
            raise UsageError(
                "idea set: {status!r} is none of {idea_statuses}",
                status=status,
                idea_statuses=", ".join(IDEA_STATUSES),
            )
        if not reason.strip():
            raise UsageError("idea set: --reason is needed; people will read it")
        held_in = self.story.campaigns.load(campaign).id if campaign else None
        campaign_id, idea = self.story.campaigns.idea(name, held_in)
        found = next(one for one in self.story.campaigns.all() if one.id == campaign_id)
        if known == "joined":
            if not into:
                raise UsageError("idea set ... joined: name the idea to join with --into")
            self.story.join(found, idea, into, by=by, reason=reason, now=now)
        else:
            if idea.joined_into is not None:
                self.story.part(found, idea, by=by, reason=reason, now=now)
            self.story.campaigns.set_status(campaign_id, name, known, reason, now)
        return self.story.campaigns.idea(name, campaign_id)[1]

    def statements(self) -> Iterator[dict[str, Any]]:
        """Yield a statement of reasons for each decision that restricts; persons by keyed name."""
        for decision in self.queue.decisions():
            if decision.action not in ("hide", "reject", "merge", "undo"):
                continue
            item = self.queue.item(str(decision.item))
            yield {
                "statement": decision.id,
                "item": item.subject if item.post is None else self._pseudonym(item.subject),
                "campaign": item.campaign,
                "at": decision.at,
                "action": decision.action,
                "state": decision.state_after,
                "reason": self._public(decision.reason),
                "policy": self._public(decision.policy or "") or None,
                "decided_by": self._pseudonym(" ".join(decision.by.casefold().split())),
                "automated": decision.by == AUTOMATIC,
                "redress": "sturmglas decide ITEM undo",
            }

    def _public(self, words: str) -> str:
        """Return words of a moderator as others may read them: whoever is known here is masked."""
        moderators = {decision.by for decision in self.queue.decisions()} - {AUTOMATIC}
        return public_words(words, self.story.known_names(words, moderators))

    def _pseudonym(self, word: str) -> str:
        return self.story.keys.pseudonym(word, of="moderation", length=12)


def funnel(
    story: Campaigning, name: str, now: datetime, overdue_days: float = OVERDUE_DAYS
) -> Funnel:
    """Return how far the ideas of a campaign came, with the votes."""
    ideas = story.campaigns.ideas(story.campaigns.load(name).id)
    return find_funnel(ideas, story.tally(name), now, overdue_days=overdue_days)


def _held_by_other(item: QueueItem, by: str, now: datetime) -> bool:
    return (
        item.claimed_by is not None
        and item.claimed_at is not None
        and not same_person(item.claimed_by, by)
        and now - item.claimed_at < CLAIM_LASTS
    )


def _probability(text: str, label: str, yes: bool) -> float:
    value = json.loads(text or "{}").get(label)
    return float(value) if isinstance(value, int | float) else float(yes)

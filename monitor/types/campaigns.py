"""Words of idea campaigns: rules, ideas, votes, findings, tallies, moderation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

VoteKind = Literal["approval", "updown", "stars"]
Action = Literal["cast", "withdraw"]
TieBreak = Literal["earliest", "submitted", "shared"]
IdeaStatus = Literal[
    "submitted", "in_review", "answered", "planned", "in_progress", "launched", "declined", "joined"
]

VOTE_KINDS: tuple[VoteKind, ...] = ("approval", "updown", "stars")
TIE_BREAKS: tuple[TieBreak, ...] = ("earliest", "submitted", "shared")
IDEA_STATUSES: tuple[IdeaStatus, ...] = (
    "submitted",
    "in_review",
    "answered",
    "planned",
    "in_progress",
    "launched",
    "declined",
    "joined",
)
OPEN_STATUSES: tuple[IdeaStatus, ...] = ("submitted", "in_review")
"""Statuses of an idea that still waits for a word of the company."""

FAMILIES: tuple[str, ...] = (
    "lockstep",
    "burst",
    "account_age",
    "network",
    "device",
    "referrer",
    "regularity",
    "one_idea",
    "recast",
)
"""Evidence families of the audit, in the order in which reports name them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What holds for one campaign, fixed before it opens.

    `opens` and `closes` bound the vote, half-open [opens, closes). `votes_per_person` is how many
    votes one person may have standing at once, 0 for any number; `votes_per_idea` the most that
    one of them may give to one idea (approval only). `quorum` is the least number of counted
    votes of a winner. `families` may be used as evidence, `need` of them must agree before a
    vote may be annulled. `text` is the file as it was written; its hash is ledger entry 0.
    """

    name: str
    opens: datetime
    closes: datetime
    title: str = ""
    vote: VoteKind = "approval"
    votes_per_person: int = 0
    votes_per_idea: int = 1
    min_account_age_days: float = 0.0
    tie_break: TieBreak = "earliest"
    quorum: int = 0
    appeal_days: float = 14.0
    jury_role: str = ""
    veto_grounds: tuple[str, ...] = ()
    families: tuple[str, ...] = FAMILIES
    need: int = 2
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A campaign as it stands in the store. `opened_at` is None until its rules are frozen."""

    id: int
    rules: Rules
    rules_hash: str
    created_at: datetime
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    key_id: str | None = None

    @property
    def name(self) -> str:
        """The campaign's name in commands."""
        return self.rules.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Idea:
    """A proposal that people vote on. `idea` is its id within the campaign, `author` private."""

    idea: str
    title: str = ""
    text: str = ""
    author: str | None = None
    created_at: datetime | None = None
    source: str | None = None
    status: IdeaStatus = "submitted"
    status_reason: str | None = None
    status_at: datetime | None = None
    joined_into: str | None = None
    post_uid: str | None = None


@dataclass(frozen=True, slots=True)
class Vote:
    """One event at the ballot box, as it came. `at` and `account_created_at` are ms since 1970.

    `ip` and `device` are in clear only between reading and keying, within one function.
    """

    vote: str
    idea: str
    voter: str
    at: int
    withdraw: bool = False
    value: int = 1
    ip: str | None = None
    device: str | None = None
    referrer: str | None = None
    account_created_at: int | None = None


class Candidate(NamedTuple):
    """What a count needs to know of an idea; a campaign may have 150,000 of them."""

    idea: str
    title: str
    created_at: datetime | None


class TallyLine(NamedTuple):
    """One idea's result. cast = counted + annulled; counted = undisputed + suspicious.

    `score` is what is ranked (counted votes, Wilson's lower bound, or a Bayesian mean). Made by
    the hundred thousand, and a tuple is made in a quarter of the time of a dataclass.
    """

    idea: str
    title: str
    cast: int
    counted: int
    suspicious: int
    annulled: int
    undisputed: int
    rank_cast: int
    rank_counted: int
    score: float
    jury_rank: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The result at one moment, best first by counted votes.

    `margin` is the distance in votes between the first two by counted votes, None with fewer
    than two ideas. `too_close` says that the votes under review could turn the first place.
    `over_cap` votes were refused because the person had none left; they are in no sum.
    `winner_cast` and `winner_counted` are the first place with and without annulled votes.
    """

    at: datetime | None
    lines: tuple[TallyLine, ...]
    cast: int
    counted: int
    suspicious: int
    annulled: int
    over_cap: int
    withdrawn: int
    voters: int
    margin: int | None
    too_close: bool
    winner_cast: str | None
    winner_counted: str | None
    quorum_met: bool

    @property
    def undisputed(self) -> int:
        """Votes that nobody doubts."""
        return self.counted - self.suspicious


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One family's observation about a group of votes.

    `p` bounds how often honest voters would look like this by chance; `facts` are the numbers
    that the explanation names.
    """

    family: str
    p: float
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Doubtful votes on one idea. `entries` are their ledger numbers, `share` is 0..1.

    `explanation` is two sentences in German and English; `picture` is votes over time.
    `state` is open, proposed, annulled, reinstated.
    """

    finding: str
    idea: str
    families: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    entries: tuple[int, ...]
    voters: int
    share: float
    p: float
    explanation: Mapping[str, str]
    picture: str = ""
    ring: str | None = None
    state: str = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEvent:
    """An entry of the ledger that is no vote. `body` is public, `private` stays in the store."""

    seq: int
    type: str
    at: datetime
    body: Mapping[str, Any]
    private: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A signed statement about the first `size` entries: Merkle root, hash of the last entry."""

    size: int
    root: str
    tip: str
    at: str
    key: str
    signature: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking a published account gave.

    `first_bad` is the number of the first bad ledger entry, the name of the first bad file, or
    None; `why` says what is wrong with it.
    """

    ok: bool
    entries: int
    first_bad: int | str | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VotesImported:
    """What an import of ideas and votes changed, in rows."""

    ideas: int = 0
    votes: int = 0
    unchanged: int = 0
    rejected: int = 0
    rejects_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """How far the ideas of a campaign came. Days are medians, None where nothing is known."""

    ideas: int
    by_status: Mapping[str, int]
    answered: int
    answered_share: float | None
    days_to_answer: float | None
    overdue: int
    overdue_after_days: float
    votes_cast: int
    votes_counted: int
    voters: int


QueueState = Literal[
    "waiting", "hide_proposed", "approved", "hidden", "rejected", "merged", "answered"
]
DecisionAction = Literal["approve", "hide", "reject", "merge", "answer", "undo"]
DECISION_ACTIONS: tuple[DecisionAction, ...] = (
    "approve",
    "hide",
    "reject",
    "merge",
    "answer",
    "undo",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueItem:
    """Something that a moderator is to look at: a post, or an idea of a campaign.

    `priority` orders the queue, `reasons` say what it is made of. `suggestion` is the
    classifier's and binds nobody. `civil_criticism` marks what one person alone may not hide.
    """

    item: int
    subject: str
    campaign: str | None
    post: str | None
    idea: str | None
    text: str
    state: QueueState
    priority: float
    reasons: tuple[str, ...]
    suggestion: str | None
    queued_at: datetime
    due_at: datetime
    claimed_by: str | None = None
    claimed_at: datetime | None = None
    civil_criticism: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a moderator decided, and why. `undoes` names the decision that it takes back."""

    id: int
    item: int
    at: datetime
    action: str
    by: str
    reason: str
    policy: str | None = None
    into: str | None = None
    text: str | None = None
    state_before: str = "waiting"
    state_after: str = "waiting"
    undoes: int | None = None

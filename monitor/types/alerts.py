"""Words of warning: findings, alerts and their events, what people say of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Rule = Literal[
    "engagement_high",
    "engagement_low",
    "sentiment_spike",
    "volume_spike",
    "storm",
    "criticism_removed",
    "source_silent",
    "source_failed",
    "campaign_suspicion",
    "rules_changed",
    "queue_overdue",
]
AlertState = Literal["new", "rising", "peak", "falling", "over"]
EventKind = Literal["opened", "raised", "lowered", "closed"]
VerdictKind = Literal["ack", "snooze", "noise", "useful"]

RULES: tuple[Rule, ...] = (
    "storm",
    "criticism_removed",
    "sentiment_spike",
    "volume_spike",
    "engagement_high",
    "engagement_low",
    "source_failed",
    "source_silent",
    "queue_overdue",
    "campaign_suspicion",
    "rules_changed",
)
"""All rules, the gravest first."""

VERDICTS: tuple[VerdictKind, ...] = ("ack", "snooze", "noise", "useful")


@dataclass(frozen=True, slots=True)
class Part:
    """One reason of an alert: a figure beside its usual value.

    `value` and `baseline` are in the unit that the part's name implies (posts, a share 0..1,
    deviations); None is unknown. `weight` (0..1) says how much the part carries the alert; `hours`
    is the window of a count that has one, `words` are what the critics have in common, each said
    by five of them or more.
    """

    part: str
    value: float | None
    baseline: float | None
    weight: float
    hours: float | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one rule says at one moment. `score` is comparable within its rule only.

    `source` is None for what concerns the whole company. `subject` is the post, campaign or
    queue that it is about, where there is one. `level` is 0 (nothing) to 6; only storms go
    beyond 2. `size` is how many posts are behind it, `posts` names some of them.
    """

    rule: Rule
    source: str | None = None
    subject: str | None = None
    level: int = 1
    score: float = 0.0
    size: int = 0
    parts: tuple[Part, ...] = ()
    posts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One warning from its first moment to its last: it keeps its id through all its states.

    `size` is the size of its latest finding, `peak_size` and `peak_level` the greatest so far,
    reached at `peak_at`. `below_since` is since when the findings are below `level`, and
    `ceiling` the highest level found since then. `context` names known events and own posts that
    may explain it.
    """

    id: str
    rule: Rule
    source: str | None
    level: int
    state: AlertState
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None = None
    subject: str | None = None
    score: float = 0.0
    size: int = 0
    total: int = 0
    peak_level: int = 0
    peak_size: int = 0
    peak_at: datetime | None = None
    below_since: datetime | None = None
    ceiling: int = 0
    parts: tuple[Part, ...] = ()
    posts: tuple[str, ...] = ()
    context: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        """Whether it is still going on."""
        return self.closed_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A change of an alert that people are told: opened, raised, lowered or closed."""

    at: datetime
    event: EventKind
    alert: Alert


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a person says of an alert. `until` ends a snooze; `level` is the alert's at the time."""

    alert: str
    verdict: VerdictKind
    at: datetime
    by: str | None = None
    reason: str | None = None
    until: datetime | None = None
    level: int = 0


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """Something that moves numbers for a known reason: a launch, a TV spot, maintenance."""

    name: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLoad:
    """A moderation queue as it stands: open items, those past their goal, the oldest's age."""

    queue: str
    open: int
    overdue: int
    oldest_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """How a source fares when a tick looks at it. `failing_since` is None while it works."""

    source: str
    failing_since: datetime | None = None
    last_success: datetime | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningInputs:
    """What a tick learns from other rooms: known events, sources, queues, campaigns' findings."""

    events: tuple[KnownEvent, ...] = ()
    health: tuple[SourceHealth, ...] = ()
    queues: tuple[QueueLoad, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """How a rule's alerts were judged. `value` is useful / (useful + noise), None without both."""

    rule: str
    alerts: int
    useful: int
    noise: int
    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A line of a post-mortem: when, what (a code), its figures, the post it is about."""

    at: datetime
    what: str
    level: int | None = None
    size: int | None = None
    post: str | None = None
    author: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostMortem:
    """A storm looked back upon. `hours` are (hour, posts, negative posts) from first to last."""

    alert: Alert
    moments: tuple[Moment, ...]
    hours: tuple[tuple[datetime, int, int], ...]
    total: int
    negative: int
    authors: int
    answers: int
    first_answer_s: float | None
    verdicts: tuple[Verdict, ...] = ()
    usual_per_hour: float | None = None
    notes: tuple[str, ...] = field(default_factory=tuple)

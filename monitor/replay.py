"""The story of looking back: a history walked with a simulated clock, through the code of `tick`.

A posts file is imported into a store in memory and labelled; then, step by step, the engine of
`warning.py` is shown what was known at each moment, and nothing that came later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

import numpy as np

from connectors.files import parse_record
from connectors.types import Post, Rejected
from models.base import Classifier
from monitor.alerts.lifecycle import is_stormy
from monitor.alerts.observe import count_hour, earlier_words, observe, read_signs
from monitor.alerts.settings import RuleSettings, StormThresholds
from monitor.alerts.watch import Watch
from monitor.errors import UsageError
from monitor.pipeline import CompanyWords, Rejects, import_rows, label_posts
from monitor.store.database import Database, from_ms, to_ms
from monitor.store.series import SeriesTable, SourceNames
from monitor.store.store import Store
from monitor.types.alerts import Alert, Event, KnownEvent, WarningInputs
from monitor.types.observation import (
    COMPANY,
    NEGATIVE,
    NEVER,
    Ints,
    PostColumns,
    Removals,
    Resonance,
    Span,
    Strays,
)
from monitor.types.posts import Imported
from monitor.types.roles import Roles
from monitor.warning import MEMORY, Engine, Ticked, gaps_at

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
SANE_DAYS = 400
"""Posts farther than this from the middle of a history are misdated and move no clock."""

HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)

Deletions = dict[str, tuple[int, bool]]
"""uid -> (when in ms, whether a moderator did it)."""


def load_file(
    rows: Iterable[tuple[int, dict[str, Any] | Rejected]],
    name: str,
    classifier: Callable[[], Classifier],
    *,
    now: datetime,
    company: Sequence[str] = (),
    words: CompanyWords | None = None,
    rejects: Rejects | None = None,
    progress: Callable[[int], None] = lambda _n: None,
) -> tuple[Store, Deletions, Imported]:
    """Put a posts file into a store in memory, with labels: those of the rows, else the model's.

    Deletions are kept aside: until they happened, the texts were there to be read. `company`
    are own accounts; without them the rows' `author_role` tells who is who. `classifier` is
    built only where a row needs it; `now` is written beside the labels.
    """
    store = Store(None, Roles(company=tuple(account.casefold() for account in company)))
    deletions: Deletions = {}
    imported = import_rows(
        _without_deletions(rows, name, deletions),
        store,
        rejects or Rejects(None, name),
        now,
        default_source=name,
        words=words,
        progress=progress,
    )
    if store.labels.count_unlabelled():
        label_posts(store, classifier(), words or CompanyWords(), now)
    return store, deletions, imported


def _without_deletions(
    rows: Iterable[tuple[int, dict[str, Any] | Rejected]], name: str, deletions: Deletions
) -> Iterator[tuple[int, dict[str, Any] | Rejected]]:
    for line, row in rows:
        if isinstance(row, Rejected) or not row.get("deleted_at"):
            yield line, row
            continue
        try:
            post = parse_record(row, default_source=name, line=line)
        except ValueError:
            yield line, row  # the import says what is wrong with it
            continue
        if isinstance(post, Post) and post.deleted_at is not None:
            deletions[post.uid] = (to_ms(post.deleted_at), post.deleted_reason == "moderator")
        yield line, {k: v for k, v in row.items() if k not in ("deleted_at", "deleted_reason")}


def replay(
    db: Database,
    *,
    settings: RuleSettings,
    zone: tzinfo,
    start: datetime | None = None,
    end: datetime | None = None,
    step: timedelta = timedelta(minutes=15),
    events: Sequence[KnownEvent] = (),
    deletions: Deletions | None = None,
    storm: StormThresholds | None = None,
) -> Iterator[Event]:
    """Walk the posts of a store and yield what would have been told, oldest first.

    `start` and `end` default to the first and the last moment at which a post was seen; posts
    before `start` are history that the rules learn from. Raises UsageError for a bad step.
    """
    if step < timedelta(minutes=1):
        raise UsageError("--step {step}: must be a minute or more, such as 15m", step=step)
    past = load_past(SeriesTable(db, read_signs), deletions or {}, start)
    if past is None:
        return
    walk = Walk(past, Watch(settings, storm or StormThresholds()), zone, tuple(events), _ms(step))
    begin = past.first if start is None else to_ms(start)
    until = past.last if end is None else to_ms(end)
    for now in range(-(-begin // walk.step) * walk.step, until + walk.step, walk.step):
        yield from walk.tick(now).events


@dataclass(frozen=True, slots=True)
class Past:
    """Everything that a walk will come upon, in columns ordered by time.

    `critics` are the rows of criticism among the posts.
    """

    sources: SourceNames
    platforms: tuple[str, ...]
    posts: PostColumns
    strays: Strays
    removals: Removals
    gaps: tuple[Span, ...]
    own_posts: tuple[Resonance, ...]
    own_times: tuple[tuple[str, datetime], ...]
    look_times: Ints
    critics: Ints

    @property
    def first(self) -> int:
        """When the first post was seen, in ms."""
        return int(self.posts.seen.min())

    @property
    def last(self) -> int:
        """When the last post was seen, in ms."""
        return int(self.posts.seen.max())


def load_past(series: SeriesTable, deletions: Deletions, start: datetime | None) -> Past | None:
    """Load a history, from six weeks before `start` on; None for an empty one.

    A post farther than `SANE_DAYS` from the middle of the history is left out: a misdated one
    would have the clock walk for decades.
    """
    sources = series.sources()
    since = 0 if start is None else max(0, to_ms(start - MEMORY))
    posts, platforms = series.load_posts(sources, since, NEVER)
    if not len(posts):
        return None
    middle, reach = int(np.median(posts.seen)), SANE_DAYS * DAY_MS
    posts = posts.where(
        (np.abs(posts.seen - middle) < reach) & (np.abs(posts.created - middle) < reach)
    )
    own_posts = tuple(series.load_own_posts(since, NEVER))
    looks = [
        to_ms(post.created) + round(look.age_h * HOUR_MS)
        for post in own_posts
        for look in post.looks
    ]
    return Past(
        sources=sources,
        platforms=platforms,
        posts=posts,
        strays=series.load_strays(sources, since, NEVER),
        removals=(
            removals_of(posts, deletions)
            if deletions
            else series.load_removals(sources, since, NEVER)
        ),
        gaps=series.load_gaps(sources, since, NEVER),
        own_posts=own_posts,
        own_times=tuple((uid, from_ms(at)) for uid, at in series.own_post_times(since, NEVER)),
        look_times=np.sort(np.array(looks, dtype=np.int64)),
        critics=np.flatnonzero((posts.sentiment == NEGATIVE) & (posts.role != COMPANY)),
    )


def removals_of(posts: PostColumns, deletions: Deletions) -> Removals:
    """Return the removals by moderators among the deletions that a file told of."""
    none = (NEVER, False)
    gone = sorted(
        (deletions[uid][0], row)
        for row, uid in enumerate(posts.uid)
        if deletions.get(uid, none)[1] and posts.role[row] != COMPANY
    )
    rows = np.array([row for _, row in gone], dtype=np.int64)
    return Removals(
        np.array([at for at, _ in gone], dtype=np.int64),
        posts.source[rows],
        (posts.sentiment[rows] == NEGATIVE) & ~posts.toxic[rows],
        posts.uid[rows],
    )


class Walk:
    """The simulated clock: shows the engine each moment of a past, and keeps its alerts."""

    def __init__(
        self, past: Past, watch: Watch, zone: tzinfo, events: tuple[KnownEvent, ...], step: int
    ) -> None:
        self.step = step
        self.alerts: dict[str, Alert] = {}
        self._past = past
        self._inputs = WarningInputs(events=events)
        self._engine = Engine(past.sources.names, zone, watch)
        first = np.full(len(past.sources.ids), NEVER, dtype=np.int64)
        np.minimum.at(first, past.posts.source, past.posts.created // HOUR_MS * HOUR_MS)
        self._engine.first_hours = first
        self._hour = int(first.min())

    def tick(self, now_ms: int) -> Ticked:
        """Let the clock stand at `now_ms`: learn the hours that are over, judge the moment."""
        past, now = self._past, from_ms(now_ms)
        self._learn_until(now_ms)
        observation = observe(
            past.posts,
            now,
            sources=past.sources.names,
            platforms=past.platforms,
            gaps=past.gaps,
            baselines=self._engine.baselines,
            strays=past.strays,
            removals=past.removals,
            own_posts=past.own_posts if self._moved(now_ms) else (),
            earlier=earlier_words(past.posts, now_ms, past.critics),
        )
        current = [a for a in self.alerts.values() if a.open or now - a.updated_at < WEEK]
        day_ago = now - timedelta(days=1)
        fresh = [(uid, at) for uid, at in past.own_times if day_ago <= at <= now]
        ticked = self._engine.tick(observation, current, self._inputs, fresh)
        self.alerts.update((alert.id, alert) for alert in ticked.alerts)
        return ticked

    def _learn_until(self, now_ms: int) -> None:
        past = self._past
        storms = [(a.opened_at, a.closed_at) for a in self.alerts.values() if a.rule == "storm"]
        while self._hour + HOUR_MS <= now_ms:
            # What came late was not known when its hour was over; what was there before the
            # walk began had weeks to arrive.
            numbers = count_hour(past.posts, self._hour, now_ms, len(past.sources.ids))
            gaps = gaps_at(past.gaps, self._hour)
            begin = from_ms(self._hour)
            stormy = is_stormy(storms, begin, begin + HOUR)
            self._engine.learn_hour(self._hour, numbers, gaps, stormy=stormy)
            self._hour += HOUR_MS

    def _moved(self, now_ms: int) -> bool:
        """Whether anybody looked at an own post since the last tick."""
        times = self._past.look_times
        before, after = np.searchsorted(times, (now_ms - self.step, now_ms), "right")
        return bool(after > before)


def _ms(span: timedelta) -> int:
    return round(span.total_seconds() * 1000)

"""The story of looking back: a history walked with a simulated clock, through the code of `tick`.

A posts file is imported into a store in memory and labelled; then, step by step, the engine of
`warning.py` is shown what was known at each moment, and nothing that came later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import numpy as np

from connectors.files import parse_record
from connectors.types import Post, Rejected
from models.base import Classifier
from monitor.alerts.backtest import Scored, backtest, with_step
from monitor.alerts.observe import count_hour, observe, read_signs
from monitor.alerts.settings import RuleSettings
from monitor.alerts.volume import VolumeSettings
from monitor.alerts.watch import Watch
from monitor.errors import UsageError
from monitor.pipeline import CompanyWords, Rejects, import_rows, label_posts
from monitor.store.database import Database, from_ms, to_ms
from monitor.store.series import SeriesTable
from monitor.store.store import Store
from monitor.types.alerts import Alert, Event, KnownEvent, WarningInputs
from monitor.types.observation import NEVER, Resonance
from monitor.types.posts import Imported
from monitor.types.roles import Roles
from monitor.warning import Engine, Ticked, gaps_at

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
SANE_DAYS = 400
"""Posts farther than this from the middle of a history are misdated and move no clock."""

MEMORY = timedelta(days=7)
UNTOLD = -(1 << 62)

Deletions = dict[str, tuple[int, bool]]
"""uid -> (when in ms, whether a moderator did it)."""


def load_file(
    rows: Iterable[tuple[int, dict[str, Any] | Rejected]],
    name: str,
    classifier: Classifier | None,
    *,
    company: Sequence[str] = (),
    words: CompanyWords | None = None,
    rejects_folder: Path | None = None,
    progress: Callable[[int], None] = lambda _n: None,
) -> tuple[Store, Deletions, Imported]:
    """Put a posts file into a store in memory, with labels: those of the rows, else the model's.

    Deletions are kept aside: until they happened, the texts were there to be read. `company`
    are own accounts; without them the rows' `author_role` tells who is who.
    """
    store = Store(None, Roles(company=tuple(company)))
    deletions: Deletions = {}
    far = datetime.now(UTC)
    imported = import_rows(
        _without_deletions(rows, name, deletions),
        store,
        Rejects(rejects_folder, name),
        far,
        default_source=name,
        progress=progress,
    )
    if classifier is not None:
        label_posts(store, classifier, words or CompanyWords(), far)
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
    on_tick: Callable[[datetime, Ticked], None] = lambda _now, _ticked: None,
) -> Iterator[Event]:
    """Walk the posts of a store and yield what would have been told, oldest first.

    `start` and `end` default to the first and the last moment at which a post was seen; posts
    before `start` are history that the rules learn from. Raises UsageError where there is
    nothing to walk.
    """
    if step <= timedelta(0):
        raise UsageError(f"--step {step}: must be more than 0, such as 15m")
    series = SeriesTable(db, read_signs)
    sources = series.sources()
    posts, platforms = series.load_posts(sources, 0, NEVER)
    if not len(posts):
        return
    middle = int(np.median(posts.seen))
    sane = (np.abs(posts.seen - middle) < SANE_DAYS * DAY_MS) & (
        np.abs(posts.created - middle) < SANE_DAYS * DAY_MS
    )
    posts = posts.where(sane)
    if deletions:
        gone = [deletions.get(uid, (NEVER, False)) for uid in posts.uid]
        posts = replace(
            posts,
            deleted=np.array([at for at, _ in gone], dtype=np.int64),
            removed_by_us=np.array([by_us for _, by_us in gone], dtype=bool),
        )
    first, last = int(posts.seen.min()), int(posts.seen.max())
    begin = first if start is None else to_ms(start)
    until = last if end is None else to_ms(end)
    own_posts = series.load_own_posts(0, NEVER)
    look_times = _look_times(own_posts)
    own_times = [(uid, from_ms(at)) for uid, at in series.own_post_times(0, last)]
    gaps = series.load_gaps(sources, 0, NEVER)

    engine = Engine(sources.names, zone, Watch(settings))
    engine.first_hours = np.full(len(sources.ids), NEVER, dtype=np.int64)
    np.minimum.at(engine.first_hours, posts.source, posts.created // HOUR_MS * HOUR_MS)
    hour = int(engine.first_hours.min())
    alerts: dict[str, Alert] = {}
    step_ms = round(step.total_seconds() * 1000)
    now_ms = -(-begin // step_ms) * step_ms
    inputs = WarningInputs(events=tuple(events))
    while now_ms < until + step_ms:
        while hour + HOUR_MS <= now_ms:
            stormy = any(a.rule == "storm" and a.open for a in alerts.values())
            numbers = count_hour(posts, hour, now_ms, len(sources.ids))
            engine.learn_hour(hour, numbers, gaps_at(gaps, hour), stormy=stormy)
            hour += HOUR_MS
        now = from_ms(now_ms)
        moved = np.searchsorted(look_times, now_ms, "right") > np.searchsorted(
            look_times, now_ms - step_ms, "right"
        )
        observation = observe(
            posts,
            now,
            sources=sources.names,
            platforms=platforms,
            gaps=[gap for gap in gaps if gap.start < now_ms],
            baselines=engine.baselines,
            own_posts=own_posts if moved else (),
        )
        current = [a for a in alerts.values() if a.open or now - a.updated_at < MEMORY]
        fresh = [(uid, at) for uid, at in own_times if now - timedelta(days=1) <= at <= now]
        ticked = engine.tick(observation, current, inputs, fresh)
        alerts.update((alert.id, alert) for alert in ticked.alerts)
        on_tick(now, ticked)
        yield from ticked.events
        now_ms += step_ms


def _look_times(own_posts: Sequence[Resonance]) -> np.ndarray[Any, np.dtype[np.int64]]:
    times = [
        to_ms(post.created) + round(look.age_h * HOUR_MS)
        for post in own_posts
        for look in post.looks
    ]
    return np.sort(np.array(times, dtype=np.int64))


def backtest_rows(
    rows: Iterable[tuple[datetime, float]], step: timedelta, settings: VolumeSettings | None = None
) -> Iterator[Scored]:
    """Score a series in order through the volume detector alone; see `backtest`."""
    return backtest(rows, with_step(settings or VolumeSettings(), step))

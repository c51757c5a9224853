"""Door: when things run. APScheduler only calls steps of the app; a simulated clock can too.

Each source has its own interval with jitter and never overlaps itself; missed runs are
coalesced; labelling, warning and sending happen one after the other in a single thread.
"""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from monitor.delivery.presses import presses_taken
from monitor.errors import StoreError
from monitor.vitals import metrics_served, tell_alive

if TYPE_CHECKING:
    from connectors.types import Source
    from monitor.app import App

TICK_EVERY = timedelta(minutes=5)
REFRESH_EVERY = timedelta(minutes=30)
JITTER = 0.1
"""Share of the interval by which a run may be shifted, so that sources do not ask in step."""
GRACE_S = 3600
"""A run that was missed by less than this (sleep, suspend) is made up for, once."""

log = structlog.get_logger("sturmglas")


def serve(app: App, stop: Callable[[], bool]) -> None:
    """Run everything on schedule until `stop` says so; finish the page in hand then.

    Raises StoreError if another process already runs on this store.
    """
    with only_one(app.store_path):
        app.store.db.keep_small()
        scheduler = build_scheduler(app, stop)
        scheduler.start()
        log.info("running", sources=len(app.settings.sources), store=str(app.store_path))
        waiting = threading.Event()
        try:
            with (
                metrics_served(app, app.settings.service.metrics_port),
                presses_taken(app.presses, app.secrets),
            ):
                while not stop():
                    waiting.wait(0.5)
        finally:
            scheduler.shutdown(wait=True)
            log.info("stopped")


@contextmanager
def only_one(store_path: Path | None) -> Iterator[None]:
    """Hold the lock of a running service; the lock ends with the process, however it ends."""
    if store_path is None:
        yield
        return
    path = store_path.with_name(store_path.name + ".run.lock")
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StoreError(
                "{file}: another `sturmglas run` is at work on this store; stop it first",
                file=store_path,
            ) from error
        yield


def build_scheduler(app: App, stop: Callable[[], bool]) -> BackgroundScheduler:
    """Plan all jobs; nothing runs before `start`."""
    scheduler = BackgroundScheduler(
        timezone=app.settings.zone,
        executors={"network": ThreadPoolExecutor(8), "default": ThreadPoolExecutor(1)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": GRACE_S},
    )
    scheduler.add_listener(_report_bug, EVENT_JOB_ERROR)
    first = app.clock()
    for entry in app.settings.sources:
        if not entry.enabled:
            continue
        source = app.places.source(entry)
        interval = app.places.interval(entry)
        scheduler.add_job(
            fetch_turn,
            interval_trigger(interval),
            args=(app, source, stop),
            id=f"fetch {source.name}",
            executor="network",
            next_run_time=first,
        )
        scheduler.add_job(
            refresh_turn,
            interval_trigger(REFRESH_EVERY),
            args=(app, source),
            id=f"refresh {source.name}",
            executor="network",
        )
    scheduler.add_job(
        tick_turn, interval_trigger(TICK_EVERY), args=(app, stop), id="tick", next_run_time=first
    )
    hour, minute = app.settings.general.digest_at.split(":")
    zone = app.settings.zone
    # Cron in local time: APScheduler fires once on the days when clocks change.
    scheduler.add_job(
        app.send_digest, CronTrigger(hour=hour, minute=minute, timezone=zone), id="digest"
    )
    scheduler.add_job(
        app.apply_retention, CronTrigger(hour=3, minute=10, timezone=zone), id="retention"
    )
    return scheduler


def interval_trigger(interval: timedelta) -> IntervalTrigger:
    """Every `interval`, shifted by up to a tenth of it either way."""
    seconds = max(1, round(interval.total_seconds()))
    return IntervalTrigger(seconds=seconds, jitter=max(1, round(seconds * JITTER)))


def fetch_turn(app: App, source: Source, stop: Callable[[], bool]) -> None:
    """Pull one source unless it stopped or asked to be left alone for a while."""
    before = app.store.sources.state(source.name)
    if before is not None and not is_due(app.clock(), before.state, before.retry_at):
        return
    result = app.fetch_one(source, stop)
    was_failing = before is not None and before.failing_since is not None
    bound = log.bind(source=source.name)
    if result.error is not None and not was_failing:
        bound.warning("outage began", error=result.error)
    elif result.error is None and was_failing:
        bound.info("outage ended", posts=result.posts)
    else:
        bound.debug("fetched", posts=result.posts, updated=result.updated)


def is_due(now: datetime, state: str, retry_at: datetime | None) -> bool:
    """Whether a source may be asked: not stopped, and not before the time it named."""
    return state != "stopped" and (retry_at is None or now >= retry_at)


def refresh_turn(app: App, source: Source) -> None:
    """Look again at recent posts of one source; an outage there is told by its fetch."""
    from connectors.errors import ConnectorError

    before = app.store.sources.state(source.name)
    if before is None or before.state != "ok":
        return
    try:
        app.refresh_one(source, REFRESH_EVERY)
    except ConnectorError as error:
        log.info("refresh left out", source=source.name, error=str(error))


def tick_turn(app: App, stop: Callable[[], bool]) -> None:
    """Label what is new, then measure, warn and send."""
    app.label(stop=stop)
    if not stop():
        app.tick(stop=stop)
        tell_alive(app.settings.service.alive_url)


def _report_bug(event: JobExecutionEvent) -> None:
    """A bug in one job is told with its traceback; the other jobs go on."""
    log.error("job failed", job=event.job_id, traceback=event.traceback)

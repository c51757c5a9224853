"""Story of `doctor`: looks at every part that a run needs and says what a person can do."""

from __future__ import annotations

import itertools
import os
import shutil
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.budget import plan_day
from connectors.errors import AuthError, ConnectorError, SourceGone
from models.base import ModelError
from models.types import Utterance
from monitor.config import Secrets
from monitor.errors import MonitorError

if TYPE_CHECKING:
    from monitor.app import App
    from monitor.config import SourceSettings

FREE_DISK = 200_000_000
"""Bytes below which the store is at risk."""


@dataclass(frozen=True, slots=True)
class Check:
    """One look: `detail` says what was found, `remedy` what to do where it is not well."""

    check: str
    ok: bool
    detail: str
    remedy: str | None = None


def run_checks(
    app: App, config_file: Path | None, *, ask_platforms: bool = True
) -> Iterator[Check]:
    """Yield one check after the other; a failing one stops no other."""
    yield _config(config_file)
    yield from _loose_files(app, config_file)
    yield _store(app)
    yield _processing_log(app)
    yield _tombstones(app)
    yield _disk(app)
    yield _clock()
    yield _model(app)
    for entry in app.settings.sources:
        if entry.enabled:
            yield _secrets(app, entry)
            if ask_platforms:
                yield _reach(app, entry)
    yield from _budgets(app)
    for receiver in app.settings.notify:
        yield _receiver(app, receiver.name, receiver.kind)


def _config(config_file: Path | None) -> Check:
    if config_file is None:
        return Check(
            "config", True, "none; every default holds", "sturmglas init writes a commented one"
        )
    return Check("config", True, str(config_file))


def _loose_files(app: App, config_file: Path | None) -> Iterator[Check]:
    """Files that hold secrets or posts and that everybody on this machine may read."""
    names = [n for n in os.environ if n.startswith("STURMGLAS_") and n.endswith("_FILE")]
    paths = [Path(os.environ[name]) for name in names]
    if app.store_path is not None:
        paths.append(app.store_path)
    if config_file is not None:
        text = config_file.read_text(encoding="utf-8").casefold()
        if any(word in text for word in ("token =", "password =", "secret =")):
            yield Check(
                "secrets in config",
                False,
                f"{config_file} seems to hold a secret",
                f"move it to a variable: {Secrets.variable('sources', 'NAME', 'token')}",
            )
    for path in paths:
        if path.is_file() and path.stat().st_mode & stat.S_IROTH:
            yield Check(
                "file rights", False, f"{path} can be read by everybody", f"chmod 600 {path}"
            )


def _store(app: App) -> Check:
    try:
        broken = app.store.db.value("PRAGMA quick_check(1)")
        count = app.store.posts.count()
    except MonitorError as error:
        return Check("store", False, str(error), "see the message; a backup can be restored")
    if broken != "ok":
        return Check("store", False, f"{app.store_path}: {broken}", "restore a backup")
    return Check("store", True, f"{app.store_path or 'in memory'}: {count:,} posts")


def _processing_log(app: App) -> Check:
    """Whether what was done with personal data is on record as it was written."""
    name = "processing log"
    try:
        found = app.guard.log.verify()
    except MonitorError as error:
        return Check(name, False, str(error), "see the message; a backup can be restored")
    if not found.ok:
        detail = f"entry {found.first_bad}: {found.why}"
        return Check(name, False, detail, "find out who wrote to the store; keep it as evidence")
    return Check(name, True, f"{found.entries:,} entries, unchanged")


def _tombstones(app: App) -> Check:
    """Whether the file that keeps erased persons erased holds all that the store knows."""
    name = "tombstones"
    try:
        held = app.guard.tombstones.load()
        in_file, _ = app.guard.tombstones.read()
    except MonitorError as error:
        return Check(name, False, str(error), "restore the file from a backup")
    lost = held.keys() - {(stone.kind, stone.key) for stone in in_file}
    if lost and app.guard.tombstones.path is not None:
        detail = f"{app.guard.tombstones.path}: {len(lost):,} of {len(held):,} are missing"
        return Check(name, False, detail, "run any command that writes: it adds them again")
    return Check(name, True, f"{len(held):,}, in the store and in the file beside it")


def _disk(app: App) -> Check:
    folder = app.store_path.parent if app.store_path else Path()
    free = shutil.disk_usage(folder).free
    detail = f"{free / 1e9:.1f} GB free beside the store"
    return Check("disk", free > FREE_DISK, detail, None if free > FREE_DISK else "make room")


def _clock() -> Check:
    now = datetime.now(UTC)
    sane = now.year >= 2026
    return Check(
        "clock",
        sane,
        now.isoformat(timespec="seconds"),
        None if sane else "the clock is in the past: switch on time synchronisation",
    )


def _model(app: App) -> Check:
    started = time.monotonic()
    try:
        labels = app.classifier.classify([Utterance("Danke, das hat sofort geklappt!")])
    except ModelError as error:
        return Check("model", False, str(error), "install the package again")
    took = time.monotonic() - started
    return Check("model", True, f"{labels[0].model}, first label after {took:.1f} s")


def _secrets(app: App, entry: SourceSettings) -> Check:
    name = f"secrets of {entry.name}"
    try:
        source = app.source(entry)
    except MonitorError as error:
        return Check(name, False, str(error), "set the variable, then run doctor again")
    held = ", ".join(source.secrets) or "none needed"
    return Check(name, True, held)


def _budgets(app: App) -> Iterator[Check]:
    """Whether what platforms grant in a day carries the sources that share it."""
    entries = []
    for entry in app.settings.sources:
        try:
            source = app.source(entry)
        except MonitorError:
            continue  # told by the check of its secrets
        facts = app.connector(entry.platform).facts
        entries.append((source, facts, app.interval(entry)))
    for plan in plan_day(entries):
        name = f"budget of {', '.join(plan.sources)}"
        remedy = None if plan.fits else "ask less often: a longer interval, or fewer sources"
        yield Check(name, plan.fits, plan.arithmetic, remedy)


def _reach(app: App, entry: SourceSettings) -> Check:
    name = f"reach of {entry.name}"
    try:
        source = app.source(entry)
        connector = app.connector(entry.platform)
        pages = list(itertools.islice(connector.fetch(source, None), 1))
    except AuthError as error:
        private = "private" in str(error)
        remedy = "set allow_private = true if it is yours" if private else "renew the token"
        return Check(name, False, str(error), remedy)
    except SourceGone as error:
        return Check(name, False, str(error), "check target and base_url in config.toml")
    except (ConnectorError, MonitorError) as error:
        return Check(name, False, str(error), "it is tried again at every turn")
    budget = pages[0].budget if pages else None
    left = f", {budget.remaining:.0f} {budget.unit} left" if budget else ""
    posts = len(pages[0].posts) if pages else 0
    return Check(name, True, f"answers, {posts} posts on the first page{left}")


def _receiver(app: App, name: str, kind: str) -> Check:
    held = app.secrets.get("notify", name, "secret") is not None
    variable = Secrets.variable("notify", name, "secret")
    needed = kind != "smtp"
    detail = f"{kind}, secret {'set' if held else 'not set'}"
    remedy = f"set {variable}" if needed and not held else "sturmglas notify test tries it"
    return Check(f"receiver {name}", held or not needed, detail, remedy)

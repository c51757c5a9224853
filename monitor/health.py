"""Story of `doctor`: looks at every part that a run needs and says what a person can do."""

from __future__ import annotations

import itertools
import shutil
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.budget import plan_day
from connectors.errors import AuthError, ConnectorError, SourceGone
from models.base import ModelError
from models.types import Utterance
from monitor.config import Secrets
from monitor.config.secrets import keyring_in_force
from monitor.delivery.receivers import needed_secrets
from monitor.errors import MonitorError
from monitor.types.told import Told, told

if TYPE_CHECKING:
    from monitor.app import App
    from monitor.config import NotifySettings, SourceSettings

FREE_DISK = 200_000_000
"""Bytes below which the store is at risk."""


@dataclass(frozen=True, slots=True)
class Check:
    """One look: `detail` says what was found, `remedy` what to do where it is not well."""

    check: Told
    ok: bool
    detail: Told
    remedy: Told | None = None

    def row(self) -> dict[str, Any]:
        """Return the check as scripts read it, in English whatever the language."""
        return {
            "check": str(self.check),
            "ok": self.ok,
            "detail": str(self.detail),
            "remedy": None if self.remedy is None else str(self.remedy),
        }


def run_checks(
    app: App, config_file: Path | None, *, ask_platforms: bool = True
) -> Iterator[Check]:
    """Yield one check after the other; a failing one stops no other."""
    yield _config(config_file)
    yield from _loose_files(app, config_file)
    yield from _keyring(app)
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
        yield _receiver(app, receiver)


def _as_told(error: Exception) -> Told:
    """Return an error as a message; those of ours can be told in another language."""
    if isinstance(error, MonitorError):
        return Told(error.message, error.facts)
    return told("{error}", error=error)


def failed_config(error: MonitorError) -> Check:
    """Return the check of a configuration that cannot be read at all."""
    remedy = told("mend the key named, then run doctor again")
    return Check(told("config"), False, _as_told(error), remedy)


def _config(config_file: Path | None) -> Check:
    if config_file is None:
        remedy = told("sturmglas init writes a commented one")
        return Check(told("config"), True, told("none; every default holds"), remedy)
    return Check(told("config"), True, told("{file}", file=config_file))


def _loose_files(app: App, config_file: Path | None) -> Iterator[Check]:
    """Files that hold secrets or posts and that everybody on this machine may read."""
    paths = [Path(name) for name in app.secrets.named("_FILE").values()]
    if app.store_path is not None:
        keys = app.store_path.with_name(app.store_path.name + ".keys")
        paths += [app.store_path, keys / "secret"]
    if config_file is not None:
        text = config_file.read_text(encoding="utf-8").casefold()
        if any(word in text for word in ("token =", "password =", "secret =")):
            variable = Secrets.variable("sources", "NAME", "token")
            yield Check(
                told("secrets in config"),
                False,
                told("{file} seems to hold a secret", file=config_file),
                told("move it to a variable: {variable}", variable=variable),
            )
    for path in paths:
        if path.is_file() and path.stat().st_mode & stat.S_IROTH:
            yield Check(
                told("file rights"),
                False,
                told("{file} can be read by everybody", file=path),
                told("chmod 600 {file}", file=path),
            )


def _keyring(app: App) -> Iterator[Check]:
    """Whether the keyring that secrets are named in is there, and keeps them encrypted."""
    if not app.secrets.named("_KEYRING"):
        return
    name = told("keyring")
    try:
        backend, is_encrypted = keyring_in_force()
    except MonitorError as error:
        yield Check(name, False, _as_told(error), told("pip install 'sturmglas[keyring]'"))
        return
    if is_encrypted:
        yield Check(name, True, told("{backend}", backend=backend))
        return
    detail = told("{backend} writes secrets into a file, unencrypted", backend=backend)
    remedy = told("choose another keyring, or name a file of mode 600 with ..._FILE")
    yield Check(name, False, detail, remedy)


def _store(app: App) -> Check:
    name = told("store")
    try:
        broken = app.store.db.value("PRAGMA quick_check(1)")
        count = app.store.posts.count()
    except MonitorError as error:
        remedy = told("see the message; a backup can be restored")
        return Check(name, False, _as_told(error), remedy)
    if broken != "ok":
        detail = told("{file}: {error}", file=app.store_path, error=broken)
        return Check(name, False, detail, told("restore a backup"))
    if app.store_path is None:
        return Check(name, True, told("in memory: {posts} posts", posts=count))
    return Check(name, True, told("{file}: {posts} posts", file=app.store_path, posts=count))


def _processing_log(app: App) -> Check:
    """Whether what was done with personal data is on record as it was written."""
    name = told("processing log")
    try:
        found = app.guard.log.verify()
    except MonitorError as error:
        remedy = told("see the message; a backup can be restored")
        return Check(name, False, _as_told(error), remedy)
    if not found.ok:
        detail = told("entry {entry}: {why}", entry=found.first_bad, why=found.why)
        remedy = told("find out who wrote to the store; keep it as evidence")
        return Check(name, False, detail, remedy)
    return Check(name, True, told("{entries} entries, unchanged", entries=found.entries))


def _tombstones(app: App) -> Check:
    """Whether the file that keeps erased persons erased holds all that the store knows."""
    name = told("tombstones")
    try:
        held = app.guard.tombstones.load()
        in_file, _ = app.guard.tombstones.read()
    except MonitorError as error:
        return Check(name, False, _as_told(error), told("restore the file from a backup"))
    lost = held.keys() - {(stone.kind, stone.key) for stone in in_file}
    path = app.guard.tombstones.path
    if lost and path is not None:
        detail = told(
            "{file}: {lost} of {held} are missing", file=path, lost=len(lost), held=len(held)
        )
        remedy = told("run any command that writes: it adds them again")
        return Check(name, False, detail, remedy)
    return Check(name, True, told("{n}, in the store and in the file beside it", n=len(held)))


def _disk(app: App) -> Check:
    folder = app.store_path.parent if app.store_path else Path()
    free = shutil.disk_usage(folder).free
    detail = told("{gigabytes} GB free beside the store", gigabytes=round(free / 1e9))
    return Check(told("disk"), free > FREE_DISK, detail, _if(free <= FREE_DISK, told("make room")))


def _if(needed: bool, remedy: Told) -> Told | None:
    return remedy if needed else None


def _clock() -> Check:
    now = datetime.now(UTC)
    sane = now.year >= 2026
    remedy = told("the clock is in the past: switch on time synchronisation")
    detail = told("{moment}", moment=now.isoformat(timespec="seconds"))
    return Check(told("clock"), sane, detail, _if(not sane, remedy))


def _model(app: App) -> Check:
    started = time.monotonic()
    try:
        labels = app.classifier.classify([Utterance("Danke, das hat sofort geklappt!")])
    except ModelError as error:
        return Check(told("model"), False, _as_told(error), told("install the package again"))
    took = round((time.monotonic() - started) * 1000)
    detail = told("{model}, first label after {took} ms", model=labels[0].model, took=took)
    return Check(told("model"), True, detail)


def _secrets(app: App, entry: SourceSettings) -> Check:
    name = told("secrets of {source}", source=entry.name)
    try:
        source = app.places.source(entry)
    except MonitorError as error:
        remedy = told("set the variable, then run doctor again")
        return Check(name, False, _as_told(error), remedy)
    if not source.secrets:
        return Check(name, True, told("none needed"))
    return Check(name, True, told("{words}", words=", ".join(source.secrets)))


def _budgets(app: App) -> Iterator[Check]:
    """Whether what platforms grant in a day carries the sources that share it."""
    entries = []
    for entry in app.settings.sources:
        try:
            source = app.places.source(entry)
        except MonitorError:
            continue  # told by the check of its secrets
        facts = app.places.connector(entry.platform).facts
        entries.append((source, facts, app.places.interval(entry)))
    for plan in plan_day(entries):
        name = told("budget of {sources}", sources=", ".join(plan.sources))
        remedy = told("ask less often: a longer interval, or fewer sources")
        detail = told("{arithmetic}", arithmetic=plan.arithmetic)
        yield Check(name, plan.fits, detail, _if(not plan.fits, remedy))


def _reach(app: App, entry: SourceSettings) -> Check:
    name = told("reach of {source}", source=entry.name)
    try:
        source = app.places.source(entry)
        connector = app.places.connector(entry.platform)
        pages = list(itertools.islice(connector.fetch(source, None), 1))
    except (ConnectorError, MonitorError) as error:
        return Check(name, False, _as_told(error), _remedy_of(error))
    budget = pages[0].budget if pages else None
    posts = len(pages[0].posts) if pages else 0
    if budget is None:
        detail = told("answers, {posts} posts on the first page", posts=posts)
    else:
        detail = told(
            "answers, {posts} posts on the first page, {left} {unit} left",
            posts=posts,
            left=round(budget.remaining),
            unit=budget.unit,
        )
    return Check(name, True, detail)


def _remedy_of(error: Exception) -> Told:
    if isinstance(error, AuthError) and "private" in str(error):
        return told("set allow_private = true if it is yours")
    if isinstance(error, AuthError):
        return told("renew the token")
    if isinstance(error, SourceGone):
        return told("check target and base_url in config.toml")
    return told("it is tried again at every turn")


def _receiver(app: App, entry: NotifySettings) -> Check:
    name = told("receiver {receiver}", receiver=entry.name)
    try:
        held = app.secrets.get("notify", entry.name, "secret") is not None
        lacking = [
            word
            for word in needed_secrets(entry)
            if app.secrets.get("notify", entry.name, word) is None
        ]
    except MonitorError as error:
        remedy = told("set the variable, then run doctor again")
        return Check(name, False, _as_told(error), remedy)
    detail = (
        told("{kind}, secret set", kind=entry.kind)
        if held
        else told("{kind}, secret not set", kind=entry.kind)
    )
    if lacking:
        variable = Secrets.variable("notify", entry.name, lacking[0])
        return Check(name, False, detail, told("set {variable}", variable=variable))
    return Check(name, True, detail, told("sturmglas notify test tries it"))

"""Desk and postman together: what the app and the command line call to tell people something."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from monitor.config import Secrets, Settings
from monitor.delivery.desk import Desk
from monitor.delivery.postman import Postman
from monitor.delivery.receivers import connector_of
from monitor.locale.language import load_language
from monitor.store.outbox import Outbox
from monitor.store.store import Store
from monitor.types.alerts import Event, Verdict
from monitor.types.digest import Digest
from monitor.types.messages import Delivered

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, slots=True)
class Office:
    """Writes and sends. Each call queues first, so that a crash loses nothing."""

    desk: Desk
    postman: Postman
    turn: threading.Lock = field(default_factory=threading.Lock, repr=False)
    """Held while sending: a pressed button sends beside the tick, and no message goes twice."""

    def tell_events(
        self, events: Iterable[Event], now: datetime, stop: Callable[[], bool] = lambda: False
    ) -> Delivered:
        """Queue what happened to alerts and who must be told next, then send what is due."""
        self.postman.put(self.desk.about_events(events), now)
        self.postman.put(self.desk.about_silence(now), now)
        return self.deliver(now, stop)

    def tell_digest(self, digest: Digest, now: datetime) -> Delivered:
        """Queue a digest for everybody who wants it, then send what is due."""
        self.postman.put(self.desk.about_day(digest), now)
        return self.deliver(now)

    def queue_verdict(
        self, verdict: Verdict, now: datetime, mention: tuple[str, str] | None = None
    ) -> None:
        """Queue an alert's message anew where it stands already and can be changed."""
        outbox = self.postman.outbox
        stands = (
            message
            for message in self.desk.about_verdict(verdict, mention)
            if "ts" in (outbox.handle(message.receiver, message.thread) or {})
        )
        self.postman.put(list(stands), now, at_once=True)

    def deliver(self, now: datetime, stop: Callable[[], bool] = lambda: False) -> Delivered:
        """Send what is due."""
        with self.turn:
            return self.postman.deliver(now, stop)


def open_office(store: Store, settings: Settings, secrets: Secrets, language: str) -> Office:
    """Return the office of a store. Receivers are connected when something goes to them."""
    desk = open_desk(store, settings, language)
    postman = Postman(
        outbox=Outbox(store.db),
        receivers=settings.notify,
        connect=connector_of(secrets, cache(_client)),
        catch_up=desk.catch_up,
        timezone=settings.general.timezone,
    )
    return Office(desk, postman)


def open_desk(store: Store, settings: Settings, language: str) -> Desk:
    """Return the desk of a store."""
    return Desk(
        store=store,
        receivers=settings.notify,
        language=load_language(language),
        company=settings.company.name or "",
        timezone=settings.general.timezone,
        own_steps=settings.alerts.playbook,
    )


def _client() -> httpx.Client:
    import httpx

    return httpx.Client(follow_redirects=False)

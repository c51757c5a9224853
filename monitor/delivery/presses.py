"""What becomes of a pressed button: the verdict is kept, then the message shows it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime

import structlog

from monitor.config import NotifySettings, Secrets
from monitor.delivery.office import Office
from monitor.delivery.receivers import answer_address, wanted_secret
from monitor.errors import MonitorError
from monitor.judging import take_once
from monitor.notify.press_endpoint import endpoint_open
from monitor.notify.press_socket import socket_open
from monitor.types.alerts import Verdict
from monitor.types.messages import Press

log = structlog.get_logger("sturmglas")


@dataclass(frozen=True, slots=True)
class PressDesk:
    """Takes presses. `pseudonym` keys the chat's id of a person before anything is kept."""

    office: Office
    pseudonym: Callable[[str], str]
    clock: Callable[[], datetime]

    def take(self, press: Press) -> Callable[[], None]:
        """Keep a press as a verdict; what is returned shows it. Raises NotFound."""
        entry = next(e for e in self.office.desk.receivers if e.name == press.receiver)
        verdict = Verdict(
            alert=press.alert,
            verdict=press.verdict,
            at=min(press.at, self.clock()),
            by=f"{entry.role or entry.name} ({self.pseudonym(press.user)})",
        )
        kept = take_once(self.office.desk.store, verdict)
        if kept is None:
            return lambda: None
        log.info("verdict by button", alert=kept.alert, verdict=kept.verdict, by=kept.by)
        return lambda: self._show(press, kept, entry)

    def _show(self, press: Press, verdict: Verdict, entry: NotifySettings) -> None:
        now = self.clock()
        self.office.queue_verdict(verdict, now, (press.receiver, press.user))
        for problem in self.office.deliver(now).problems:
            log.warning("not delivered", error=problem)
        if entry.to or press.answer_to is None:
            return
        # An incoming webhook cannot change its message; the press brings an address that can.
        try:
            answer_address(entry, press.answer_to, self.office.desk.in_slack(press.alert, entry))
        except MonitorError as error:
            log.warning("message not changed", error=str(error))


@contextmanager
def presses_taken(desk: PressDesk, secrets: Secrets) -> Iterator[tuple[int, ...]]:
    """Take presses of every receiver with buttons while inside; yields the endpoints' ports.

    Receivers of one app share its socket or its port. Raises ConfigError for a missing secret, a
    missing library, a port that is taken.
    """
    receivers = [entry for entry in desk.office.desk.receivers if entry.buttons is not None]
    sockets: dict[str, list[NotifySettings]] = defaultdict(list)
    ports: dict[tuple[str, int], dict[str, str]] = defaultdict(dict)
    for entry in receivers:
        if entry.buttons == "socket":
            sockets[wanted_secret(secrets, entry, "app_token")].append(entry)
        else:
            assert entry.listen_port is not None, "the settings refuse an endpoint without port"
            address = (entry.listen_host, entry.listen_port)
            ports[address][entry.name] = wanted_secret(secrets, entry, "signing_secret")
    with ExitStack() as stack:
        for token, entries in sockets.items():
            names = frozenset(entry.name for entry in entries)
            stack.enter_context(socket_open(names, token, entries[0].base_url, desk.take))
        yield tuple(
            stack.enter_context(endpoint_open(address, signing, desk.take, desk.clock))
            for address, signing in ports.items()
        )

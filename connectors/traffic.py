"""What all sources of one process share: turns per host, pauses, the clock, the way out."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx

from connectors.errors import Unavailable
from connectors.wire import Wire

LONG_WAIT_S = 60.0
"""A longer wait is not slept: the run ends and is planned anew, its cursor saved."""

USER_AGENT = "sturmglas/0.1 (community monitor)"
"""Names us to servers; an operator who wants to be reachable hands in an own one."""


class Traffic:
    """Keeps us polite. One per process, handed to every connector; safe between threads.

    `in_flight` requests at most are under way to one host at any moment. A pause that a host
    asked for holds for every source that uses the same host and token. `transport` replaces the
    network (tests), `now` and `sleep` the clock (simulations).
    """

    def __init__(
        self,
        *,
        in_flight: int = 2,
        user_agent: str = USER_AGENT,
        transport: httpx.BaseTransport | None = None,
        now: Callable[[], datetime] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.user_agent = user_agent
        self.now = now or partial(datetime.now, UTC)
        self._sleep = sleep
        self._lock = threading.Lock()
        self._turns: defaultdict[str, threading.BoundedSemaphore] = defaultdict(
            partial(threading.BoundedSemaphore, in_flight)
        )
        self._free_at: dict[tuple[str, str], datetime] = {}
        self._transport = transport
        self._wires: dict[bool, Wire] = {}

    def transport(self, *, allow_private: bool) -> httpx.BaseTransport:
        """Return the way out; with `allow_private` it also leads into private networks."""
        if self._transport is not None:
            return self._transport
        with self._lock:
            if allow_private not in self._wires:
                self._wires[allow_private] = Wire(allow_private=allow_private)
            return self._wires[allow_private]

    @contextmanager
    def turn(self, host: str, who: str = "") -> Iterator[None]:
        """Wait for a turn at `host` and hold it. `who` tells tokens apart, without showing them.

        Raises Unavailable with `retry_after` where the host wants us away for long.
        """
        with self._lock:
            turns = self._turns[host]
        while True:
            self._sit_out(host, who)
            with turns:
                # whoever held the turn before us may have been told to go away
                if self.pause_left(host, who) == 0:
                    yield
                    return

    def pause(self, host: str, who: str, seconds: float) -> None:
        """Keep everybody of `who` away from `host` for `seconds`; a pause is never shortened."""
        with self._lock:
            until = self.now() + timedelta(seconds=seconds)
            known = self._free_at.get((host, who))
            self._free_at[host, who] = max(known, until) if known else until

    def pause_left(self, host: str, who: str) -> float:
        """Seconds until `host` may be asked again; 0 where it may be asked now."""
        with self._lock:
            until = self._free_at.get((host, who))
        return max((until - self.now()).total_seconds(), 0.0) if until else 0.0

    def _sit_out(self, host: str, who: str) -> None:
        while (left := self.pause_left(host, who)) > 0:
            if left > LONG_WAIT_S:
                raise Unavailable(f"{host} asked us to wait {left:.0f} s", retry_after=left)
            self._sleep(left)

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for wire in self._wires.values():
                wire.close()

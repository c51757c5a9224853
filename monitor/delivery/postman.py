"""Keeps messages in the outbox and sends what is due.

    events, digests --plan--> messages --outbox--> receivers, in order, at least once

A receiver that fails is left alone for a while and nothing overtakes what waits for it. What
piled up during quiet hours or an outage is told once, as it stands by then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from monitor.config import NotifySettings
from monitor.errors import ConfigError
from monitor.notify.errors import Refused, TryAgain
from monitor.store.outbox import Outbox
from monitor.types.messages import Delivered, Delivery, Message, Receiver

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
GIVE_UP = timedelta(days=3)
PILE_AGE = timedelta(minutes=10)
"""What has waited for longer is told together with what came after it."""

ROUND = 1000
"""Messages that one round sends to one receiver at most, so that others get their turn."""


@dataclass(slots=True)
class Turn:
    """One receiver's turn in a round: what may still go, what came of it so far."""

    left: int
    sent: int = 0
    dead: int = 0
    closed: bool = False
    receiver: Receiver | None = None
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Postman:
    """Sends what the outbox holds.

    `connect` builds a receiver and may raise `TryAgain`; `catch_up` writes the message that stands
    for all that one receiver missed.
    """

    outbox: Outbox
    receivers: Sequence[NotifySettings]
    connect: Callable[[NotifySettings], Receiver]
    catch_up: Callable[[str, Sequence[Delivery]], Message]
    timezone: str

    def put(self, messages: Iterable[Message], now: datetime, *, at_once: bool = False) -> int:
        """Queue messages; those for a receiver in its quiet hours wait until they end.

        What is urgent does not wait, nor does what stands before it in its thread. `at_once`
        answers somebody who is there.
        """
        quiet = {entry.name: entry.quiet_hours for entry in self.receivers}
        planned, held_up = [], []
        for message in messages:
            due = quiet_until(now, quiet.get(message.receiver), self.timezone)
            if due > now and (at_once or message.urgent):
                held_up.append(message)
                due = now
            planned.append((message, due))
        added = self.outbox.put(planned, now)
        for message in held_up:
            self.outbox.hasten(message.receiver, message.thread, now)
        return added

    def deliver(self, now: datetime, stop: Callable[[], bool] = lambda: False) -> Delivered:
        """Send what is due to every receiver; one receiver's trouble touches no other."""
        total = Delivered()
        for entry in self.receivers:
            total = _sum(total, self._serve(entry, now, stop))
        return total

    def check(self) -> None:
        """Build every receiver once. Raises ConfigError where a secret or address is missing."""
        for entry in self.receivers:
            self.connect(entry)

    def _serve(self, entry: NotifySettings, now: datetime, stop: Callable[[], bool]) -> Delivered:
        merged = self._pile(entry, now)
        left = entry.max_per_hour - self.outbox.count_sent(entry.name, now - timedelta(hours=1))
        turn = Turn(left=min(left, ROUND))
        while turn.left > 0 and not turn.closed and not stop():
            due = self.outbox.due(entry.name, now, turn.left)
            if not due:
                break
            for delivery in due:
                self._try(entry, delivery, now, turn)
                if turn.closed or stop():
                    break
        return Delivered(
            sent=turn.sent,
            merged=merged,
            waiting=self.outbox.count_waiting(entry.name),
            dead=turn.dead,
            problems=tuple(turn.problems),
        )

    def _try(self, entry: NotifySettings, delivery: Delivery, now: datetime, turn: Turn) -> None:
        """Make one attempt and write down in `turn` what came of it."""
        try:
            turn.receiver = turn.receiver or self.connect(entry)
            self._send(turn.receiver, delivery, now)
        except Refused as error:
            self.outbox.mark_failed(delivery, str(error), None)
            turn.problems.append(str(error))
            turn.dead += 1
        except TryAgain as error:
            turn.problems.append(str(error))
            turn.dead += self._put_off(delivery, error, now)
            turn.closed = True
        except ConfigError as error:
            turn.problems.append(str(error))
            turn.closed = True
        else:
            turn.sent += 1
            turn.left -= 1

    def _send(self, receiver: Receiver, delivery: Delivery, now: datetime) -> None:
        message = delivery.message
        handle = self.outbox.handle(message.receiver, message.thread)
        self.outbox.mark_attempt(delivery)
        receipt = receiver.send(message, handle, again=delivery.attempts > 0)
        self.outbox.mark_sent(delivery, receipt, now)

    def _put_off(self, delivery: Delivery, error: TryAgain, now: datetime) -> int:
        """Let the receiver rest. Returns 1 where the message has waited too long and is dead."""
        if now - delivery.created_at > GIVE_UP:
            self.outbox.mark_failed(delivery, str(error), None)
            return 1
        wait = backoff(delivery.attempts, error.retry_after)
        self.outbox.mark_failed(delivery, str(error), now + wait)
        self.outbox.postpone(delivery.message.receiver, now + wait)
        return 0

    def _pile(self, entry: NotifySettings, now: datetime) -> int:
        """Tell once what piled up: the newest of each matter, or one message for many matters."""
        oldest = self.outbox.oldest(entry.name)
        if oldest is None or now - oldest[0] < PILE_AGE or oldest[1] > now:
            return 0
        waiting = [
            delivery
            for delivery in self.outbox.waiting(entry.name)
            if delivery.message.kind in ("alert", "catch_up")
        ]
        if len(waiting) < 2:
            return 0
        threads = _by_thread(waiting)
        new = [t for t in threads if not self._can_edit(entry, t)]
        merged = 0
        for thread, pile in threads.items():
            if len(pile) > 1 and (thread not in new or len(new) == 1):
                merged += self._join(pile, now)
        if len(new) > 1:
            pile = [delivery for thread in new for delivery in threads[thread]]
            self.outbox.merge(pile, self.catch_up(entry.name, pile), now)
            merged += len(pile)
        return merged

    def _can_edit(self, entry: NotifySettings, thread: str) -> bool:
        """Whether a matter's message stands there already and changes without a new one."""
        handle = self.outbox.handle(entry.name, thread)
        return handle is not None and "ts" in handle

    def _join(self, pile: Sequence[Delivery], now: datetime) -> int:
        """Let the newest message of a matter stand for the older ones; their notes stay."""
        notes = "\n".join(d.message.note for d in pile if d.message.note)
        newest = pile[-1].message
        posts = tuple(dict.fromkeys(uid for d in pile for uid in d.message.posts))
        message = replace(newest, key=f"{newest.key} and before", note=notes, posts=posts)
        self.outbox.merge(pile, message, now)
        return len(pile)


def backoff(attempts: int, wish: float | None) -> timedelta:
    """Return how long to wait after so many failed attempts; a receiver's own wish counts more."""
    if wish is not None:
        return timedelta(seconds=max(1.0, min(wish, LONGEST_WAIT.total_seconds())))
    factor: int = 4 ** min(attempts, 6)
    return min(FIRST_WAIT * factor, LONGEST_WAIT)


def quiet_until(now: datetime, quiet_hours: str | None, timezone: str) -> datetime:
    """Return when a message may go: now, or the end of the quiet hours that `now` lies in.

    `quiet_hours` are local, such as 22:00-07:00.
    """
    if quiet_hours is None:
        return now
    begins, ends = (time.fromisoformat(part) for part in quiet_hours.split("-"))
    zone = ZoneInfo(timezone)
    local = now.astimezone(zone)
    clock = local.time()
    over_night = begins > ends
    if not (begins <= clock < ends or (over_night and (clock >= begins or clock < ends))):
        return now
    day = local.date() + timedelta(days=1 if over_night and clock >= begins else 0)
    return datetime.combine(day, ends, zone).astimezone(now.tzinfo)


def _by_thread(waiting: Sequence[Delivery]) -> Mapping[str, list[Delivery]]:
    ordered = sorted(waiting, key=lambda d: (d.message.thread, d.id))
    return {t: list(pile) for t, pile in groupby(ordered, key=lambda d: d.message.thread)}


def _sum(one: Delivered, other: Delivered) -> Delivered:
    return Delivered(
        sent=one.sent + other.sent,
        merged=one.merged + other.merged,
        waiting=one.waiting + other.waiting,
        dead=one.dead + other.dead,
        problems=one.problems + other.problems,
    )

"""Words of notification: what leaves the house, to whom, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from monitor.types.alerts import VerdictKind

MessageKind = Literal["alert", "digest", "test", "catch_up"]
DeliveryState = Literal["waiting", "sent", "merged", "dead"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something to tell one receiver, rendered for it.

    `key` makes it unique: queued twice it is sent once. Messages of one `thread` are about the
    same matter and keep their order. `note` is the line that a thread's history gets
    where the receiver edits its message. `posts` are the uids that it quotes, for erasure.
    `urgent` breaks quiet hours.
    """

    key: str
    receiver: str
    thread: str
    kind: MessageKind
    subject: str
    text: str
    html: str = ""
    slack: Mapping[str, Any] = field(default_factory=dict)
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    posts: tuple[str, ...] = ()
    note: str = ""
    urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message in the outbox. `receipt` is what the receiver answered (an id, a time stamp)."""

    id: int
    message: Message
    state: DeliveryState
    created_at: datetime
    due_at: datetime
    attempts: int = 0
    error: str | None = None
    sent_at: datetime | None = None
    receipt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A button under an alert that somebody pressed, as the chat tells it.

    `user` is the chat's id of the person: it is keyed before anything is kept. `answer_to` is an
    address that changes the message, for receivers that cannot do it themselves.
    """

    receiver: str
    alert: str
    verdict: VerdictKind
    at: datetime
    user: str = field(repr=False)
    answer_to: str | None = field(default=None, repr=False)


Handle = Mapping[str, Any]
"""What a receiver needs to come back to a thread: a channel and time stamp, a Message-ID."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receiver answered, and the thread's handle from now on."""

    id: str
    handle: Handle = field(default_factory=dict)


class Receiver(Protocol):
    """Somebody or something that takes messages. One attempt a call, no retries of its own."""

    name: str
    edits: bool
    """Whether it can change a message that it has shown, so that words can be taken back."""

    def send(self, message: Message, handle: Handle | None, *, again: bool) -> Receipt:
        """Deliver a message; `handle` is the thread's from the message before, None for the first.

        `again` says that an earlier attempt may have arrived although nobody heard of it. Raises
        `TryAgain` where waiting may help, `Closed` where it may help after a person acted, and
        `Refused` where this message will never be taken.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What one round of sending did, in numbers of messages; `problems` name what a person does."""

    sent: int = 0
    merged: int = 0
    waiting: int = 0
    dead: int = 0
    problems: tuple[str, ...] = ()

"""Story of copies that left the house: withdraws what it can, writes an erasure's receipt."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.errors import MonitorError
from monitor.store.database import to_ms
from monitor.store.outbox import Outbox
from monitor.types.messages import Message, Receiver

if TYPE_CHECKING:
    from monitor.guard import Guard, Person
    from monitor.store.erasure import Cleaned, Emptied


def withdraw_copies(
    guard: Guard,
    copies: Sequence[tuple[str, str, datetime, str | None]],
    receiver_of: Callable[[str], Receiver | None],
    now: datetime,
) -> list[dict[str, Any]]:
    """Change shown messages where the receiver can; say what a person must do elsewhere."""
    told = []
    for receiver, _subject, sent_at, receipt in copies:
        row = {"receiver": receiver, "sent_at": sent_at, "message": receipt}
        done = _withdrawn_at(guard, receiver_of(receiver), receiver, receipt, now)
        row["done"] = "changed to a notice" if done else None
        row["to_do"] = (
            None if done else f"delete the message at {receiver} and whatever was made of it"
        )
        told.append(row)
    return told


def _withdrawn_at(
    guard: Guard, receiver: Receiver | None, name: str, sent: str | None, now: datetime
) -> bool:
    if receiver is None or not receiver.edits:
        return False
    thread = guard.accounts.thread_of(name, sent)
    handle = Outbox(guard.db).handle(name, thread) if thread else None
    if thread is None or handle is None:
        return False
    notice = "Withdrawn: somebody whom this message quoted was erased."
    # Slack keeps the blocks of a message that is changed without any.
    section = {"type": "section", "text": {"type": "plain_text", "text": notice}}
    message = Message(
        key=f"withdrawn {to_ms(now)}", receiver=name, thread=thread, kind="alert",
        subject=notice, text=notice,
        slack={"text": notice, "blocks": [section], "attachments": []},
    )  # fmt: skip
    try:
        receiver.send(message, handle, again=False)
    except MonitorError:
        return False
    return True


def save_receipt(
    guard: Guard,
    person: Person,
    *,
    emptied: Emptied,
    votes: int,
    copies: Sequence[Mapping[str, Any]],
    cleaned: Cleaned,
) -> Path | None:
    """Write what was done, without a name, for the file that proves it."""
    folder = guard.beside.folder
    if folder is None:
        return None
    now = guard.clock()
    exports = [
        {
            "at": entry.at,
            "what": entry.facts.get("what"),
            "with_authors": entry.facts.get("with_authors"),
            "unmasked": entry.facts.get("unmasked"),
            "to_do": "whoever holds this file deletes the person's rows",
        }
        for entry in guard.log.entries()
        if entry.action == "exported"
    ]
    receipt = {
        "erased_at": now,
        "account": guard.subject(person.account),
        "posts": emptied.posts,
        "counts": emptied.counts,
        "votes": votes,
        "ideas": len(person.ideas),
        "mentions_masked": emptied.mentions,
        "kept": "times, labels and counts without text, name or id, so that figures stay",
        "searched_bytes": cleaned.searched_bytes,
        "traces": {Path(name).name: count for name, count in cleaned.traces.items()},
        "deliveries": copies,
        "exports": exports,
        "backups": "older backups still hold the person; restored, they are erased again "
        "by the tombstones. Delete those that you no longer need.",
    }
    path = folder / "receipts" / f"{now:%Y%m%dT%H%M%S}-{guard.subject(person.account)[:8]}.json"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    text = json.dumps(receipt, ensure_ascii=False, indent=2, default=_as_json)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    raise TypeError(f"no JSON for {type(value).__name__}")

"""Everything else (Teams, Discord, Telegram, ntfy, SMS, ...) by Apprise's addresses."""

from __future__ import annotations

import re
from collections.abc import Sequence

from monitor.notify.errors import Closed, TryAgain
from monitor.types.messages import Handle, Message, Receipt

_MENTION = re.compile(r"@(?=\w)")


class AppriseReceiver:
    """Sends to one or more Apprise addresses. They hold secrets, so they are never shown."""

    edits = False

    def __init__(self, name: str, addresses: Sequence[str]) -> None:
        from apprise import Apprise

        self.name = name
        self._services = Apprise()
        for position, address in enumerate(addresses, 1):
            if not self._services.add(address):
                raise Closed(f"{name}: address {position} is none that Apprise knows")
        if not addresses:
            raise Closed(f"{name}: no address; set its secret to one or more Apprise addresses")

    def __repr__(self) -> str:
        return f"AppriseReceiver({self.name!r})"

    def send(self, message: Message, handle: Handle | None, *, again: bool) -> Receipt:
        """Send title and text. Apprise tells only whether all of its services took it."""
        del handle, again
        from apprise import NotifyFormat, NotifyType

        kind = NotifyType.WARNING if message.kind == "alert" else NotifyType.INFO
        # A word joiner keeps chat services from calling everybody.
        taken = self._services.notify(
            title=_MENTION.sub("@\u2060", message.subject),
            body=_MENTION.sub("@\u2060", message.text),
            notify_type=kind,
            body_format=NotifyFormat.TEXT,
        )
        if not taken:
            raise TryAgain(f"{self.name}: a service of Apprise did not take it; see -v")
        return Receipt("ok")

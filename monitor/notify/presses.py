"""Buttons under an alert: what Slack says when one is pressed, and whether it was Slack.

Signing read 2026-11: docs.slack.dev/authentication/verifying-requests-from-slack
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from monitor.types.alerts import VERDICTS
from monitor.types.messages import Press

BLOCK = "sturmglas-"
"""Begins the id of the block that `monitor.digest.slack.buttons` makes; the receiver follows."""

REPLAY_WINDOW = timedelta(minutes=5)
"""An older (or younger) request is refused, so that a signed one cannot be kept and sent again."""

_USER = re.compile(r"[UW][A-Z0-9]{2,30}")


class BadPress(ValueError):
    """A request that is no press of ours. The message holds nothing of what it said."""


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return Slack's signature of a request: version 0, keyed by the app's signing secret."""
    signed = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def is_signed(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Whether a request was signed with the secret within the last five minutes."""
    timestamp = headers.get("X-Slack-Request-Timestamp") or ""
    if not re.fullmatch(r"[0-9]{1,12}", timestamp):
        return False
    if abs(now - datetime.fromtimestamp(int(timestamp), UTC)) > REPLAY_WINDOW:
        return False
    given = (headers.get("X-Slack-Signature") or "").encode("utf-8", "replace")
    return hmac.compare_digest(given, signature(secret, timestamp, body).encode())


def parse_form(body: bytes) -> Press:
    """Read a request of the endpoint: a form whose `payload` is JSON. Raises BadPress."""
    try:
        form = parse_qs(body.decode("utf-8"), max_num_fields=10)
        payload = json.loads(form["payload"][0])
    except (KeyError, ValueError, RecursionError) as error:
        raise BadPress("a form with a payload of JSON was expected") from error
    return parse_press(payload)


def parse_press(payload: Any) -> Press:
    """Read what Slack says of a pressed button. Raises BadPress for anything else."""
    try:
        (action,) = payload["actions"]
        verdict, alert, block = action["action_id"], action["value"], action["block_id"]
        user, at = payload["user"]["id"], _moment(action["action_ts"])
        answer_to = payload.get("response_url")
        ours = payload["type"] == "block_actions" and block.startswith(BLOCK)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise BadPress("not a pressed button") from error
    if not ours or verdict not in VERDICTS:
        raise BadPress("not a button of an alert")
    if not isinstance(alert, str) or not isinstance(user, str) or not _USER.fullmatch(user):
        raise BadPress("a button without alert or person")
    return Press(
        receiver=block.removeprefix(BLOCK),
        alert=alert,
        verdict=verdict,
        at=at,
        user=user,
        answer_to=answer_to if isinstance(answer_to, str) else None,
    )


def _moment(stamp: str) -> datetime:
    """Read Slack's time stamps: seconds since 1970 with six digits behind the point."""
    seconds, _, micros = stamp.partition(".")
    at = datetime.fromtimestamp(int(seconds), UTC)
    return at.replace(microsecond=int(micros.ljust(6, "0")[:6] or "0"))

"""Pressed buttons by Slack's socket mode: no port, no certificate, a connection that we open.

Read 2026-11: docs.slack.dev/apis/events-api/using-socket-mode
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import structlog

from monitor.errors import ConfigError, NotFound, StoreError
from monitor.notify.presses import BadPress, parse_press

if TYPE_CHECKING:
    from slack_sdk.socket_mode import SocketModeClient

    from monitor.notify.press_endpoint import Take

ASK_AGAIN_S = 60.0
"""Pause between attempts while Slack cannot be reached; once connected the client reconnects."""

log = structlog.get_logger("sturmglas")


@contextmanager
def socket_open(
    names: Collection[str], app_token: str, base_url: str | None, take: Take
) -> Iterator[None]:
    """Take presses of the receivers `names` while inside; they share one app and its token.

    Raises ConfigError where the library is not installed.
    """
    client = _client(app_token, base_url)
    client.socket_mode_request_listeners.append(_listener(names, take))
    closing = threading.Event()
    caller = threading.Thread(
        target=_connect, args=(names, client, closing), name="socket mode", daemon=True
    )
    caller.start()
    try:
        yield
    finally:
        closing.set()
        client.close()
        caller.join()


def _client(app_token: str, base_url: str | None) -> SocketModeClient:
    try:
        from slack_sdk import WebClient
        from slack_sdk.socket_mode import SocketModeClient
    except ImportError as error:
        raise ConfigError(
            'buttons = "socket" needs a library: pip install "sturmglas[slack]"'
        ) from error
    # The library tells of tokens in its errors; what a person must know is logged here.
    quiet = logging.getLogger("sturmglas.socket")
    quiet.setLevel(logging.CRITICAL)
    web = WebClient(base_url=(base_url or WebClient.BASE_URL).rstrip("/") + "/", logger=quiet)
    return SocketModeClient(app_token, logger=quiet, web_client=web, concurrency=2)


def _connect(names: Collection[str], client: SocketModeClient, closing: threading.Event) -> None:
    """Connect for the first time, however long it takes; an outage is told once."""
    from slack_sdk.errors import SlackApiError

    told = False
    while not closing.is_set():
        try:
            client.connect()
            log.info("buttons are listened to", receivers=sorted(names))
            return
        except (SlackApiError, OSError) as error:
            if not told:
                log.warning("buttons: no way in", receivers=sorted(names), error=_why(error))
            told = True
        closing.wait(ASK_AGAIN_S)


def _why(error: Exception) -> str:
    answer: Any = getattr(error, "response", None)
    if answer is None:
        return type(error).__name__
    code = str(answer.get("error", "unknown error"))
    return f"{code}: check the app token (xapp-..., scope connections:write)"


def _listener(names: Collection[str], take: Take) -> Callable[[Any, Any], None]:
    from slack_sdk.socket_mode.response import SocketModeResponse

    def listen(client: SocketModeClient, request: Any) -> None:
        later: Callable[[], None] | None = None
        try:
            if request.type == "interactive":
                press = parse_press(request.payload)
                later = take(press) if press.receiver in names else None
        except BadPress as error:
            log.info("a press that is none of ours", error=str(error))
        except (NotFound, StoreError) as error:
            # Not acknowledged: the person sees a warning beside the button.
            log.warning("a press was not kept", error=str(error))
            return
        client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        if later is not None:
            later()

    return listen

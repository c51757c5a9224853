"""An endpoint for pressed buttons: one address, signed requests only.

It speaks HTTP on a port of ours; Slack asks for HTTPS, so a proxy with a certificate stands
before it. Nothing but `POST /slack` is answered.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from monitor.errors import ConfigError, NotFound, StoreError
from monitor.notify.presses import BadPress, is_signed, parse_form
from monitor.types.messages import Press

PATH = "/slack"
LARGEST_BODY = 256 * 1024
PATIENCE_S = 5.0
"""Slack gives up after three seconds; whoever sends slower is not Slack."""

Take = Callable[[Press], Callable[[], None]]
"""Keeps a press; what it returns is done after Slack was answered. Raises NotFound."""


@contextmanager
def endpoint_open(
    address: tuple[str, int],
    secrets: Mapping[str, str],
    take: Take,
    clock: Callable[[], datetime],
) -> Iterator[int]:
    """Answer presses while inside; yields the port. `secrets` are signing secrets by receiver.

    Raises ConfigError where the port cannot be opened.
    """

    class Page(BaseHTTPRequestHandler):
        """Answers one request. A person sees any answer but 200 as a warning beside the button."""

        timeout = PATIENCE_S

        def do_POST(self) -> None:
            """Check, keep, answer; only then do what takes longer."""
            status, later = self._judge()
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.flush()
            later()

        def _judge(self) -> tuple[int, Callable[[], None]]:
            length = self.headers.get("Content-Length", "")
            if self.path != PATH:
                return 404, _nothing
            if not length.isascii() or not length.isdigit():
                return 411, _nothing
            if int(length) > LARGEST_BODY:
                return 413, _nothing
            body = self.rfile.read(int(length))
            now = clock()
            signed = {n for n, s in secrets.items() if is_signed(s, self.headers, body, now)}  # type: ignore[arg-type] # a Message has `get`
            if not signed:
                return 401, _nothing
            try:
                press = parse_form(body)
                if press.receiver not in signed:
                    return 403, _nothing
                return 200, take(press)
            except BadPress:
                return 400, _nothing
            except NotFound:
                return 404, _nothing
            except StoreError:
                return 503, _nothing

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited
            """Say nothing: whoever scans ports shall not fill the log."""

    try:
        server = ThreadingHTTPServer(address, Page)
    except OSError as error:
        raise ConfigError(
            "listen_port {address} at {address2}: {strerror}; take another port",
            address=address[1],
            address2=address[0],
            strerror=error.strerror,
        ) from error
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="presses")
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


def _nothing() -> None:
    """There is nothing left to do."""

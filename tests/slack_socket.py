"""A local end of Slack's socket mode: the few parts of RFC 6455 that the library speaks."""

from __future__ import annotations

import base64
import hashlib
import json
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class SlackSocket:
    """Sends envelopes to whoever is connected and keeps the ids that were acknowledged."""

    def __init__(self) -> None:
        self.acknowledged: Queue[str] = Queue()
        self.connected = threading.Event()
        self.address = ""
        self._handler: _Handler | None = None

    def send(self, envelope: dict) -> None:
        assert self.connected.wait(10)
        assert self._handler is not None
        self._handler.frame(TEXT, json.dumps(envelope).encode())

    def press(self, envelope_id: str, payload: dict) -> None:
        self.send({"type": "interactive", "envelope_id": envelope_id, "payload": payload,
                   "accepts_response_payload": True})  # fmt: skip


class _Handler(socketserver.StreamRequestHandler):
    slack: SlackSocket

    def handle(self) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.rfile.readline()
        lines = head.decode().split("\r\n")
        key = next(ln.split(": ")[1] for ln in lines if ln.lower().startswith("sec-websocket-key"))
        digest = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
        self.wfile.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
        )
        self.slack._handler = self
        self.slack.connected.set()
        while (received := self._receive()) is not None:
            opcode, content = received
            if opcode == CLOSE:
                return
            if opcode == PING:
                self.frame(PONG, content)
            elif opcode == TEXT:
                self.slack.acknowledged.put(json.loads(content)["envelope_id"])

    def _receive(self) -> tuple[int, bytes] | None:
        start = self.rfile.read(2)
        if len(start) < 2:
            return None
        length = start[1] & 0x7F
        if length == 126:
            (length,) = struct.unpack(">H", self.rfile.read(2))
        mask = self.rfile.read(4)
        content = self.rfile.read(length)
        return start[0] & 0x0F, bytes(b ^ mask[n % 4] for n, b in enumerate(content))

    def frame(self, opcode: int, content: bytes) -> None:
        size = len(content)
        head = bytes([size]) if size < 126 else b"\x7e" + struct.pack(">H", size)
        self.wfile.write(bytes([0x80 | opcode]) + head + content)


@contextmanager
def slack_socket() -> Iterator[SlackSocket]:
    slack = SlackSocket()
    handler = type("Handler", (_Handler,), {"slack": slack})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        slack.address = f"ws://127.0.0.1:{server.server_address[1]}/link"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield slack
        finally:
            server.shutdown()
            thread.join()

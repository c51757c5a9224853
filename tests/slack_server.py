"""A local Slack: keeps messages, enforces Block Kit's limits, fails as it is told to."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode

import httpx

from tests.conftest import NOW
from tests.test_digest_safe import check_blocks


class SlackServer:
    """What the channel shows. `answers` are used up first, in order: (status, body, headers)."""

    def __init__(self) -> None:
        self.messages: dict[str, dict] = {}
        self.replies: list[dict] = []
        self.calls: list[str] = []
        self.answers: list[tuple[int, str, dict[str, str]]] = []
        self.lost_answers = 0
        self.url = ""
        self.socket_url = ""

    def answer(self, path: str, body: dict) -> tuple[int, dict]:
        method = path.rsplit("/", 1)[-1]
        self.calls.append(method)
        if method != "conversations.history" and "blocks" in body:
            check_blocks(body["blocks"])
        if method == "chat.postMessage" and "thread_ts" in body:
            self.replies.append(body)
            return 200, {"ok": True, "channel": "C1", "ts": "9.9"}
        if method in ("chat.postMessage", "webhook"):
            ts = f"{len(self.messages) + 1}.0"
            self.messages[ts] = body
            return 200, {"ok": True, "channel": "C1", "ts": ts}
        if method == "chat.update":
            if body["ts"] not in self.messages:
                return 200, {"ok": False, "error": "message_not_found"}
            self.messages[body["ts"]].update(body)
            return 200, {"ok": True, "channel": "C1", "ts": body["ts"]}
        if method == "response_url":
            assert body["replace_original"] is True
            self.messages["1.0"].update(body)
            return 200, {"ok": True}
        if method == "apps.connections.open":
            return 200, {"ok": True, "url": self.socket_url}
        assert method == "conversations.history", method
        newest = [{"ts": ts, "metadata": m.get("metadata")} for ts, m in self.messages.items()]
        return 200, {"ok": True, "messages": newest[::-1]}

    def payload(
        self, verdict: str, user: str = "U0ANNA", at: datetime = NOW, ts: str = "1.0"
    ) -> dict:
        """What Slack says of a press on a button that a message of the channel really has."""
        (block,) = (b for b in self.messages[ts]["blocks"] if b["type"] == "actions")
        (button,) = (e for e in block["elements"] if e["action_id"] == verdict)
        return {
            "type": "block_actions",
            "user": {"id": user, "username": "anna.example", "team_id": "T0"},
            "response_url": f"{self.url}/response_url",
            "actions": [
                {
                    "type": "button",
                    "block_id": block["block_id"],
                    "action_id": button["action_id"],
                    "value": button["value"],
                    "action_ts": f"{at.timestamp():.6f}",
                }
            ],
        }


def press(
    address: str,
    payload: object,
    *,
    secret: str,
    sent_at: datetime = NOW,
    signed_at: datetime | None = None,
) -> int:
    """Send a press to an endpoint, signed by Slack's recipe; returns the status of the answer."""
    body = urlencode({"payload": json.dumps(payload)})
    stamp = f"{(signed_at or sent_at).timestamp():.0f}"
    signed = hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": f"{sent_at.timestamp():.0f}",
        "X-Slack-Signature": f"v0={signed.hexdigest()}",
    }
    return httpx.post(address, content=body, headers=headers).status_code


@contextmanager
def slack_server() -> Iterator[SlackServer]:
    slack = SlackServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            # The library of socket mode sends forms.
            body = json.loads(sent) if sent.startswith(b"{") else dict(parse_qsl(sent.decode()))
            if slack.answers:
                status, text, headers = slack.answers.pop(0)
            else:
                status, told = slack.answer(self.path, body)
                text, headers = json.dumps(told), {}
            if slack.lost_answers:
                slack.lost_answers -= 1
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    slack.url = f"http://127.0.0.1:{server.server_port}/api"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield slack
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

"""A local Slack: keeps messages, enforces Block Kit's limits, fails as it is told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

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

    def answer(self, path: str, body: dict) -> tuple[int, dict]:
        method = path.rsplit("/", 1)[-1]
        self.calls.append(method)
        if method in ("chat.postMessage", "chat.update", "webhook") and "blocks" in body:
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
        assert method == "conversations.history", method
        newest = [{"ts": ts, "metadata": m.get("metadata")} for ts, m in self.messages.items()]
        return 200, {"ok": True, "messages": newest[::-1]}


@contextmanager
def slack_server() -> Iterator[SlackServer]:
    slack = SlackServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
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

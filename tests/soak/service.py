"""A service with everything real but the platform, the classifier and the receiver.

    python -m tests.soak.service STORE SENT_FILE

Fetches, labels, warns and sends in a loop until it is killed or everything was told; then it
leaves with 0. What the receiver got stands in SENT_FILE, one key a line.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connectors.types import Account, Post
from models.base import Classifier
from monitor.app import App
from monitor.config import parse_settings
from monitor.store.alerts import AlertTable
from monitor.types.messages import Handle, Message, Receipt, Receiver
from tests.fakes import FakeClassifier, FakeConnector, make_post

START = datetime(2026, 3, 1, tzinfo=UTC)
SOURCES = 3
PAGES = 40
POSTS_A_PAGE = 25
NOW = START + timedelta(days=10)


def pages(source: str) -> Sequence[Sequence[Post]]:
    """Return the same pages each time: a quiet week, then a storm."""
    made = []
    for page in range(PAGES):
        hours = 6 * page if page < PAGES // 2 else 6 * PAGES // 2 + (page - PAGES // 2) // 4
        made.append(
            [
                replace(
                    make_post(f"{source}-{page}-{n}"),
                    source=source,
                    text=f"Das ist eine Frechheit, {source} {page} {n}!",
                    author=Account(id=f"{source}-{n * page % 400}"),
                    created_at=START + timedelta(hours=hours, minutes=n),
                    likes=n,
                )
                for n in range(POSTS_A_PAGE)
            ]
        )
    return made


class Platform(FakeConnector):
    """A source's pages by its name."""

    def __init__(self) -> None:
        super().__init__([])

    def fetch(self, source, cursor):  # type: ignore[no-untyped-def]  # as the contract says
        self.pages = pages(source.name)
        return super().fetch(source, cursor)


class Board:
    """Writes down what it was sent; a line is whole or not there."""

    name = "team"
    edits = False

    def __init__(self, path: Path) -> None:
        self.path = path

    def send(self, message: Message, handle: Handle | None, *, again: bool) -> Receipt:
        line = f"{message.key}\n".encode()
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(file, line)
        os.close(file)
        return Receipt(message.key, {"key": message.key})


def build(store: Path, sent: Path) -> App:
    """Return the app with its seams filled."""
    settings = parse_settings(
        {
            "sources": [{"name": f"s{n}", "platform": "rss"} for n in range(SOURCES)],
            "notify": [{"name": "team", "kind": "apprise", "min_level": 0, "max_per_hour": 10_000}],
            "alerts": {"min_history": "1d"},
        },
        "soak",
    )
    app = App(settings, store, clock=lambda: NOW)
    platform, classifier, board = Platform(), FakeClassifier(), Board(sent)
    app.places.connector = lambda _platform: platform  # type: ignore[assignment,method-assign,return-value]
    app.__dict__["classifier"] = classifier_of(classifier)
    postman = replace(app.office.postman, connect=lambda _entry: receiver_of(board))
    app.__dict__["office"] = replace(app.office, postman=postman)
    return app


def classifier_of(fake: FakeClassifier) -> Classifier:
    return fake


def receiver_of(board: Board) -> Receiver:
    return board


def main() -> None:
    app = build(Path(sys.argv[1]), Path(sys.argv[2]))
    for result in app.fetch():
        assert result.error is None, result.error
    app.label()
    looked = AlertTable(app.store.db).load_weather()
    for step in range(12):
        now = START + timedelta(days=5, hours=5 * step)
        if looked is not None and now < looked[0]:
            continue  # time does not run backwards after a crash; the last tick is asked again
        app.clock = app.guard.clock = lambda now=now: now  # type: ignore[misc]
        app.tick()
    app.guard.retain()
    app.office.tell_digest(app.digest("day"), NOW)
    app.close()


if __name__ == "__main__":
    main()

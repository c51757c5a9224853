"""Stand-ins at the seams: what a platform, a classifier and a receiver look like to the house."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar

from connectors.base import ConnectorFacts
from connectors.errors import ConnectorError
from connectors.types import Account, Cursor, Page, Post, Source
from models.types import Evidence, Labels, Utterance


def make_post(
    native_id: str = "1", text: str = "Der Deckel ist undicht.", **fields: object
) -> Post:
    """Return a post of the platform `facebook`; fields override the defaults."""
    given: dict[str, object] = {
        "platform": "facebook",
        "source": "acme-page",
        "native_id": native_id,
        "text": text,
        "author": Account(id="u1", handle="anna"),
        "created_at": datetime(2026, 3, 2, 8, 0, tzinfo=UTC),
    }
    return Post(**(given | fields))  # type: ignore[arg-type]  # the point of a helper


class FakeConnector:
    """A platform whose pages are given beforehand; the cursor counts the pages read."""

    facts: ClassVar[ConnectorFacts] = ConnectorFacts(
        platform="fake",
        title="Fake",
        docs_url="https://fake.example/docs",
        docs_read=date(2026, 11, 21),
        target="anything",
        interval=timedelta(minutes=5),
        interval_reason="a test",
        grade="bronze",
    )

    def __init__(
        self, pages: Sequence[Sequence[Post]], error: ConnectorError | None = None
    ) -> None:
        self.pages = pages
        self.error = error

    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        start = 0 if cursor is None else cursor["page"]
        for number, posts in enumerate(self.pages[start:], start + 1):
            yield Page(posts=tuple(posts), cursor={"page": number})
        if self.error is not None:
            raise self.error


class FakeClassifier:
    """Calls every text with `!` negative; fast, and the same for the same text."""

    name = "fake 1"

    def classify(self, utterances: Sequence[Utterance]) -> list[Labels]:
        return [self._labels(utterance) for utterance in utterances]

    def _labels(self, utterance: Utterance) -> Labels:
        angry = "!" in utterance.text
        sentiment = "negative" if angry else "neutral"
        return Labels(
            sentiment=sentiment,
            initiator="company" if utterance.context.author_role == "company" else "customer",
            kind="supply",
            idea="idee" in utterance.text.casefold(),
            toxic=False,
            lang=utterance.lang or "und",
            model=self.name,
            probabilities={"sentiment": {"negative": 0.9 if angry else 0.1, "neutral": 0.05}},
            evidence={"sentiment": Evidence(words=(("!", 1.0),))} if angry else {},
        )

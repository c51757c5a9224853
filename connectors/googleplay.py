"""Google Play: the reviews of an own app and the answers to them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote

from connectors.backward import Backward
from connectors.base import ConnectorFacts
from connectors.google import Google
from connectors.http import Traffic
from connectors.moments import from_epoch, parse_moment
from connectors.oauth import Sessions
from connectors.paging import Found, Listing, guarded, make_page
from connectors.text import clean_text
from connectors.types import Account, Cursor, Gap, Json, Page, Post, Source

FACTS = ConnectorFacts(
    platform="googleplay",
    title="Google Play",
    docs_url="https://developers.google.com/android-publisher/api-ref/rest/v3/reviews",
    docs_read=date(2026, 11, 21),
    target="the app's package name (com.acme.app)",
    interval=timedelta(hours=6),
    interval_reason="only the last seven days are told, and the whole of them is read each time",
    grade="bronze",
    requests_per_day=1_440,
    optional_secrets=("client_email", "private_key", "client_id", "client_secret", "token"),
    limits=(
        "own apps only: a service account (client_email, private_key), or client_id, "
        "client_secret and token (a refresh token) of a person",
        "reviews are told for a week: an outage of more than that is a gap",
        "stars without words are not told, nor who wrote beyond a name; the time is that of the "
        "last change",
        "an hour allows 60 to 200 calls, sources differ",
    ),
    exempt=(
        ("silver", "the order of the list is not documented and could not be tried"),
        ("deletions", "a review that has grown old and one that was deleted look the same"),
    ),
)

_API = "https://androidpublisher.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/androidpublisher"
_TOLD_FOR = timedelta(days=7)


class GooglePlay:
    """Reads the whole week that Google tells; an answer stands inside of its review."""

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()
        self._sessions = Sessions()

    @guarded
    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Walk through the week. Cursor: that of the walk, and `at`, when it was last complete."""
        google = Google(source, _API, self._traffic, self._sessions, _SCOPE)
        app = quote(source.target.strip(), safe="")
        path = f"/androidpublisher/v3/applications/{app}/reviews"

        def listing(place: Json) -> Listing:
            answer = google.piece(path, {"maxResults": 100}, "token", place)
            # a week without reviews answers an empty object
            reviews = google.http.pick(answer, "reviews", list) if answer else []
            return Listing(reviews, (answer.get("tokenPagination") or {}).get("nextPageToken"))

        now = self._traffic.now()
        state: dict[str, Any] = dict(cursor or {})
        at = state.pop("at", None)
        gaps = self._gap(source, at, now)
        walk = Backward(
            key=_changed,
            now=now,
            source=source.name,
            # the order of the list is not documented: no place in it may end the walk
            since=None,
            overlap=2 * _TOLD_FOR,
            max_pages=source.max_pages,
        )
        for step in walk.walk(listing, state):
            at = at if "top" in step.cursor else now.isoformat()
            yield make_page(
                step.items,
                partial(parse_review, source),
                {**step.cursor, "at": at},
                budget=google.http.budget,
                gaps=gaps,
            )
            gaps = ()

    def _gap(self, source: Source, at: str | None, now: datetime) -> tuple[Gap, ...]:
        told_from = now - _TOLD_FOR
        if at is None or parse_moment(at) >= told_from:
            return ()
        reason = "Google Play tells reviews of the last seven days only"
        return (Gap(source.name, parse_moment(at), told_from, reason),)


def parse_review(source: Source, raw: Json) -> Found:
    """Turn a review into a post, with the developer's answer as a second one.

    Raises KeyError, TypeError or ValueError for a record that is no review.
    """
    native_id, said = str(raw["reviewId"]), _said(raw)
    # title and body come in one text, with a tab between them
    title, _, body = said["text"].strip().partition("\t")
    parts = [clean_text(part) for part in ((title, body) if body else (said["text"],))]
    url = (
        f"https://play.google.com/store/apps/details?id={quote(source.target.strip())}"
        f"&reviewId={quote(native_id)}"
    )
    review = Post(
        platform="googleplay",
        source=source.name,
        native_id=native_id,
        kind="review",
        url=url,
        author=Account(name=clean_text(raw["authorName"])) if raw.get("authorName") else None,
        title=parts[0] if body and parts[0] else None,
        text="\n\n".join(part for part in parts if part),
        text_raw=said["text"],
        lang=str(said["reviewerLanguage"]).replace("_", "-")
        if said.get("reviewerLanguage")
        else None,
        created_at=_changed(raw),
        root_id=native_id,
        likes=said.get("thumbsUpCount"),
        rating=float(said["starRating"]),
        rating_max=5.0,
        raw=raw,
    )
    answered = [one["developerComment"] for one in raw["comments"] if one.get("developerComment")]
    if not answered or not answered[-1].get("text"):
        return review
    reply = answered[-1]
    answer = Post(
        platform="googleplay",
        source=source.name,
        native_id=f"{native_id}/answer",
        kind="comment",
        url=url,
        author_role="company",
        text=clean_text(reply["text"]),
        created_at=_moment(reply["lastModified"]) if reply.get("lastModified") else None,
        parent_id=native_id,
        root_id=native_id,
        raw=reply,
    )
    return [review, answer]


def _said(raw: Json) -> dict[str, Any]:
    """The last version of what the user wrote."""
    found = [one["userComment"] for one in raw["comments"] if one.get("userComment")]
    said: dict[str, Any] = max(found, key=lambda one: _moment(one["lastModified"]))
    return said


def _changed(raw: Json) -> datetime:
    return _moment(_said(raw)["lastModified"])


def _moment(stamp: Json) -> datetime:
    """Read a `{seconds, nanos}` pair, whose parts may be texts."""
    return from_epoch(int(stamp["seconds"]) + int(stamp.get("nanos") or 0) / 1e9)

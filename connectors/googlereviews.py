"""Google Business Profile: the reviews of an own place and the answers to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import ClassVar
from urllib.parse import quote

from connectors.backward import Backward
from connectors.base import ConnectorFacts
from connectors.google import Google
from connectors.http import Traffic
from connectors.moments import parse_moment
from connectors.oauth import Sessions
from connectors.paging import Found, Listing, guarded, make_page
from connectors.text import clean_text
from connectors.types import Account, Cursor, Json, Page, Post, Source, Tombstone, make_uid

FACTS = ConnectorFacts(
    platform="googlereviews",
    title="Google Business Profile",
    docs_url="https://developers.google.com/my-business/reference/rest/v4/accounts.locations.reviews",
    docs_read=date(2026, 11, 21),
    target="accounts/ACCOUNT/locations/LOCATION",
    interval=timedelta(minutes=30),
    interval_reason="300 calls a minute are allowed to a project; a quiet place needs one",
    grade="bronze",
    secrets=("client_id", "client_secret", "token"),
    limits=(
        "own, verified places only, and Google must have let the project in",
        "token is a refresh token for the scope business.manage",
        "anonymous writers have no name; nothing has likes, views or shares; no link is told",
        "reviews may be kept for 30 days without asking again",
    ),
    exempt=(("silver", "quota and stale page tokens could not be tried on the live service"),),
    expires=timedelta(days=30),
)

_API = "https://mybusiness.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/business.manage"
_STARS = {"ONE": 1.0, "TWO": 2.0, "THREE": 3.0, "FOUR": 4.0, "FIVE": 5.0}
_TRANSLATED, _ORIGINAL = "(Translated by Google)", "(Original)"


class GoogleReviews:
    """Reads reviews by their last change, newest first; an answer stands inside of its review."""

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()
        self._sessions = Sessions()

    def _google(self, source: Source) -> Google:
        return Google(source, _API, self._traffic, self._sessions, _SCOPE)

    @guarded
    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Walk back. What is edited or answered meanwhile moves to the top, never out of sight."""
        google = self._google(source)
        path = f"/v4/{quote(source.target.strip('/ '))}/reviews"

        def listing(place: Json) -> Listing:
            params = {"pageSize": 50, "orderBy": "updateTime desc"}
            answer = google.piece(path, params, "pageToken", place)
            # a place without reviews answers an empty object
            reviews = google.http.pick(answer, "reviews", list) if answer else []
            return Listing(reviews, answer.get("nextPageToken") or None)

        walk = Backward(
            key=_updated,
            now=self._traffic.now(),
            source=source.name,
            since=source.since,
            overlap=timedelta(minutes=5),
            max_pages=source.max_pages,
        )
        for step in walk.walk(listing, cursor):
            parse = partial(parse_review, source)
            yield make_page(step.items, parse, step.cursor, budget=google.http.budget)

    @guarded
    def refresh(self, source: Source, native_ids: Sequence[str]) -> Iterator[Page]:
        """Ask again review by review; 404 is a tombstone, so is an answer that was taken back."""
        google = self._google(source)
        base = f"/v4/{quote(source.target.strip('/ '))}/reviews"
        for native_id in native_ids:
            raw = google.find(f"{base}/{quote(native_id.partition('/')[0])}")
            page = make_page([] if raw is None else [raw], partial(parse_review, source), None)
            told = {post.native_id for post in page.posts}
            uid = make_uid("googlereviews", None, native_id)
            gone = Tombstone(uid, self._traffic.now(), "gone")
            yield Page(
                posts=page.posts,
                rejected=page.rejected,
                deleted=() if native_id in told or page.rejected else (gone,),
                budget=google.http.budget,
            )


def parse_review(source: Source, raw: Json) -> Found:
    """Turn a review into a post, with the owner's answer as a second one.

    Raises KeyError, TypeError or ValueError for a record that is no review.
    """
    native_id = str(raw["reviewId"])
    reviewer = raw.get("reviewer") or {}
    name = None if reviewer.get("isAnonymous") else reviewer.get("displayName")
    created, updated = parse_moment(raw["createTime"]), _updated(raw)
    review = Post(
        platform="googlereviews",
        source=source.name,
        native_id=native_id,
        kind="review",
        author=Account(name=clean_text(name)) if name else None,
        text=_original(raw.get("comment") or ""),
        text_raw=raw.get("comment"),
        created_at=created,
        edited_at=updated if updated - created > timedelta(seconds=1) else None,
        root_id=native_id,
        rating=_STARS.get(raw["starRating"]),
        rating_max=5.0,
        media=tuple(
            {"type": "image", "url": one.get("thumbnailUrl"), "alt": None}
            for one in raw.get("reviewMediaItems") or ()
        ),
        raw=raw,
    )
    reply = raw.get("reviewReply")
    if not reply or not reply.get("comment"):
        return review
    answer = Post(
        platform="googlereviews",
        source=source.name,
        native_id=f"{native_id}/answer",
        kind="comment",
        author_role="company",
        text=_original(reply["comment"]),
        created_at=parse_moment(reply["updateTime"]) if reply.get("updateTime") else None,
        parent_id=native_id,
        root_id=native_id,
        raw=reply,
    )
    return [review, answer]


def _original(text: str) -> str:
    """What the writer wrote, where Google has put its translation before or behind it."""
    if _ORIGINAL in text:
        return clean_text(text.partition(_ORIGINAL)[2].partition(_TRANSLATED)[0])
    before = text.partition(_TRANSLATED)[0].strip()
    return clean_text(before or text.replace(_TRANSLATED, ""))


def _updated(raw: Json) -> datetime:
    return parse_moment(raw["updateTime"])

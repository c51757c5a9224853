"""Trustpilot: the reviews of a company and its answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import ClassVar
from urllib.parse import quote

from connectors.backward import Backward
from connectors.base import ConnectorFacts
from connectors.http import Client, Traffic
from connectors.moments import parse_moment
from connectors.numbered import piece_after
from connectors.paging import Found, Listing, guarded, make_page
from connectors.text import clean_text
from connectors.types import Account, Cursor, Json, Page, Post, Source, Tombstone, make_uid

FACTS = ConnectorFacts(
    platform="trustpilot",
    title="Trustpilot",
    docs_url="https://documentation-apidocumentation.trustpilot.com/",
    docs_read=date(2026, 11, 21),
    target="the company's domain (acme.example), or id:BUSINESS-UNIT",
    interval=timedelta(minutes=30),
    interval_reason="833 calls in 5 minutes are allowed; a quiet company needs one",
    grade="experimental",
    requests_per_day=240_000,
    secrets=("token",),
    options=("language",),
    limits=(
        "paging and field names are from memory: off until it is asked for",
        "token is an API key, which wants a paid plan; other companies want the Data Solutions API",
        "edited reviews and late answers are noticed within a week, for 90 days",
        "views and shares do not exist; show reviews by Trustpilot's own rules",
    ),
    exempt=(("silver", "paging and the form of an answer could not be checked"),),
)

_API = "https://api.trustpilot.com"
_PAGE = 100
_GONE = ("deleted", "removed", "archived")


class Trustpilot:
    """Reads reviews newest first; the company's answer stands inside of its review.

    Option `language` (such as `de`) leaves out the others.
    """

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()

    @guarded
    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Walk back by time of creation. Cursor: that of the walk, and `unit`, whose reviews."""
        state = dict(cursor or {})
        company = _Company(source, self._traffic, state.pop("unit", None))
        walk = Backward(
            key=_created,
            now=self._traffic.now(),
            source=source.name,
            since=source.since,
            overlap=timedelta(days=1),  # answers to the newest reviews come first
            deep=timedelta(days=90),
            deep_every=timedelta(days=7),
            max_pages=source.max_pages,
        )
        for step in walk.walk(company.reviews, state):
            yield make_page(
                step.items,
                partial(parse_review, source, now=self._traffic.now()),
                {**step.cursor, "unit": company.unit},
                budget=company.http.budget,
            )

    @guarded
    def refresh(self, source: Source, native_ids: Sequence[str]) -> Iterator[Page]:
        """Ask again review by review; 404 is a tombstone."""
        company = _Company(source, self._traffic, "")
        for native_id in native_ids:
            review = native_id.partition("/")[0]
            raw = company.http.find_json(f"/v1/reviews/{quote(review)}")
            now = self._traffic.now()
            parse = partial(parse_review, source, now=now)
            page = make_page([] if raw is None else [raw], parse, None)
            told = {post.native_id for post in page.posts}
            uid = make_uid("trustpilot", None, native_id)
            gone = () if native_id in told or page.rejected else (Tombstone(uid, now, "gone"),)
            yield Page(
                posts=page.posts,
                deleted=gone,
                rejected=page.rejected,
                budget=company.http.budget,
            )


@dataclass(slots=True)
class _Company:
    """The endpoints that we use of one company."""

    source: Source
    traffic: Traffic
    unit: str | None
    http: Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = Client(
            self.source,
            self.source.base_url or _API,
            self.traffic,
            headers={"apikey": self.source.secrets.get("token", "")},
        )

    def reviews(self, place: Json) -> Listing:
        """Reviews, newest first; `place` is how many were read."""
        if not self.unit:
            self.unit = self._find_unit()
        page, size = piece_after(place or 0, _PAGE)
        params = {
            "orderBy": "createdat.desc",
            "perPage": size,
            "page": page,
            "language": self.source.options.get("language"),
        }
        path = f"/v1/business-units/{quote(self.unit)}/reviews"
        items = self.http.get_list(path, params, at="reviews")
        return Listing(items, page * size if len(items) >= size else None)

    def _find_unit(self) -> str:
        target = self.source.target.strip()
        if target.startswith("id:"):
            return target.removeprefix("id:").strip()
        found = self.http.get_json("/v1/business-units/find", {"name": target})
        return self.http.pick(found, "id", str)


def parse_review(source: Source, raw: Json, *, now: datetime) -> Found:
    """Turn a review into a post, with the company's answer as a second one, or a tombstone.

    Raises KeyError, TypeError or ValueError for a record that is no review.
    """
    native_id = str(raw["id"])
    if raw.get("status") in _GONE:
        # Trustpilot decides about reviews, the company can only ask for it
        return Tombstone(make_uid("trustpilot", None, native_id), now, "gone")
    who = raw.get("consumer") or {}
    title = clean_text(raw.get("title") or "") or None
    created, updated = _created(raw), raw.get("updatedAt")
    url = f"https://www.trustpilot.com/reviews/{native_id}"
    review = Post(
        platform="trustpilot",
        source=source.name,
        native_id=native_id,
        kind="review",
        url=url,
        author=Account(id=who.get("id"), name=clean_text(who.get("displayName") or "") or None),
        title=title,
        text="\n\n".join(part for part in (title, clean_text(raw.get("text") or "")) if part),
        lang=raw.get("language"),
        created_at=created,
        edited_at=parse_moment(updated) if updated else None,
        root_id=native_id,
        likes=raw.get("numberOfLikes"),
        rating=float(raw["stars"]),
        rating_max=5.0,
        raw=_without_mail(raw),
    )
    reply = raw.get("companyReply")
    if not reply or not reply.get("text"):
        return review
    answer = Post(
        platform="trustpilot",
        source=source.name,
        native_id=f"{native_id}/answer",
        kind="comment",
        url=url,
        author_role="company",
        text=clean_text(reply["text"]),
        created_at=parse_moment(reply["createdAt"]) if reply.get("createdAt") else None,
        edited_at=parse_moment(reply["updatedAt"]) if reply.get("updatedAt") else None,
        parent_id=native_id,
        root_id=native_id,
        raw=reply,
    )
    return [review, answer]


def _without_mail(raw: Json) -> Json:
    """Private answers tell e-mail and order; neither is needed, so they stay out."""
    return {key: value for key, value in raw.items() if key not in ("email", "referralEmail")}


def _created(raw: Json) -> datetime:
    return parse_moment(raw["createdAt"])

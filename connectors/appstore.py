"""App Store: reviews of an own app (App Store Connect), or of any app by Apple's public feed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote, urlsplit

from connectors.backward import Backward, walk_several
from connectors.base import ConnectorFacts
from connectors.errors import AuthError
from connectors.http import Client, Traffic
from connectors.moments import parse_moment
from connectors.oauth import signed_jwt
from connectors.paging import Found, Listing, Step, guarded, make_page
from connectors.text import clean_text
from connectors.types import Account, Cursor, Json, Page, Post, Source, Tombstone, make_uid

FACTS = ConnectorFacts(
    platform="appstore",
    title="App Store",
    docs_url="https://developer.apple.com/documentation/appstoreconnectapi/customer-reviews",
    docs_read=date(2026, 11, 21),
    target="the app's number",
    interval=timedelta(hours=1),
    interval_reason="3,500 calls an hour are allowed; reviews turn up hours after their writing",
    grade="bronze",
    optional_secrets=("issuer_id", "key_id", "private_key"),
    options=("countries",),
    limits=(
        "own apps with a key of App Store Connect (issuer_id, key_id, private_key)",
        "without a key Apple's public feed: 500 reviews a country at most, often empty, so no "
        "deletion is concluded from it; option countries, such as de,at,us",
        "both number reviews in their own way: a change from one to the other doubles them",
        "edits come without a time and are looked for once a day; likes, views, shares and links "
        "are not told",
    ),
    exempt=(("silver", "Apple's limit header could not be tried; Retry-After is obeyed"),),
)

_CONNECT = "https://api.appstoreconnect.apple.com"
_FEED = "https://itunes.apple.com"
_TOKEN_LIFE = timedelta(minutes=15)
_FEED_PAGES = 10


class AppStore:
    """Reads reviews newest first, with the developer's answers where a key allows it.

    Option `countries` (a list or `de,at`): storefronts of the feed (default us, gb, de, at, ch);
    with a key it takes none of them out.
    """

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()

    @guarded
    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Walk back by time of creation, with a key through one list, without by country."""
        app = quote(source.target.strip().removeprefix("id"))
        walks: dict[str, Callable[[Cursor | None], Iterator[Step]]]
        if _has_key(source):
            connect = _Connect(source, self._traffic)
            http, parse = connect.http, parse_review
            walks = {"connect": self._walk(source, _created, partial(connect.reviews, app))}
        else:
            http, parse = Client(source, source.base_url or _FEED, self._traffic), parse_entry
            walks = {
                country: self._walk(source, _updated, partial(_feed, http, app, country))
                for country in _countries(source)
            }
        for _, step in walk_several(walks, cursor):
            yield make_page(step.items, partial(parse, source), step.cursor, budget=http.budget)

    def _walk(
        self,
        source: Source,
        key: Callable[[Json], datetime],
        listing: Callable[[Json], Listing],
    ) -> Callable[[Cursor | None], Iterator[Step]]:
        walk = Backward(
            key=key,
            now=self._traffic.now(),
            source=source.name,
            since=source.since,
            overlap=timedelta(days=1),  # reviews are let through hours after their writing
            deep=timedelta(days=60),  # edits and answers
            deep_every=timedelta(days=1),
            max_pages=source.max_pages,
        )
        return partial(walk.walk, listing)

    @guarded
    def refresh(self, source: Source, native_ids: Sequence[str]) -> Iterator[Page]:
        """Ask again review by review, which takes a key; 404 is a tombstone."""
        if not _has_key(source):
            return
        connect = _Connect(source, self._traffic)
        for native_id in native_ids:
            raw = connect.find(native_id.partition("/")[0])
            page = make_page([] if raw is None else [raw], partial(parse_review, source), None)
            told = {post.native_id for post in page.posts}
            uid = make_uid("appstore", None, native_id)
            gone = Tombstone(uid, self._traffic.now(), "gone")
            yield Page(
                posts=page.posts,
                rejected=page.rejected,
                deleted=() if native_id in told or page.rejected else (gone,),
                budget=connect.http.budget,
            )


@dataclass(slots=True)
class _Connect:
    """The endpoints that we use of App Store Connect; each request carries a fresh token."""

    source: Source
    traffic: Traffic
    http: Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = Client(self.source, self.source.base_url or _CONNECT, self.traffic)

    def reviews(self, app: str, place: Json) -> Listing:
        """Reviews with their answers, newest first."""
        params = {"limit": 200, "sort": "-createdDate", "include": "response", "cursor": place}
        answer = self._ask(f"/v1/apps/{app}/customerReviews", params)
        reviews = self.http.pick(answer, "data", list)
        following = (answer.get("links") or {}).get("next")
        # only the cursor is taken from the address: a token goes to Apple and nowhere else
        query = parse_qs(urlsplit(following).query) if following else {}
        return Listing(_joined(reviews, answer), next(iter(query.get("cursor", ())), None))

    def find(self, review: str) -> Json | None:
        """One review as it stands now, or None where it is gone."""
        path = f"/v1/customerReviews/{quote(review)}"
        found = self.http.get(path, {"include": "response"}, headers=self._token(), good=(404,))
        if found.status == 404:
            return None
        answer = found.json_or_none()
        return _joined([self.http.pick(answer, "data", dict)], answer)[0]

    def _ask(self, path: str, params: Mapping[str, Any]) -> dict[str, Any]:
        answer = self.http.get_json(path, params, headers=self._token())
        return self.http.pick(answer, "", dict)

    def _token(self) -> dict[str, str]:
        secrets, now = self.source.secrets, self.traffic.now()
        claims = {
            "iss": secrets["issuer_id"],
            "aud": "appstoreconnect-v1",
            "iat": int(now.timestamp()),
            "exp": int((now + _TOKEN_LIFE).timestamp()),
        }
        try:
            token = signed_jwt(claims, secrets["private_key"], kid=secrets["key_id"])
        except ValueError as error:
            raise AuthError(
                "private_key is no key of App Store Connect; copy the .p8 file's text",
                source=self.source.name,
            ) from error
        self.http.keep_secret(token)
        return {"Authorization": f"Bearer {token}"}


def _feed(http: Client, app: str, country: str, place: Json) -> Listing:
    """A page of a country's feed. A single entry comes as an object, none not at all."""
    page = place or 1
    path = f"/{quote(country)}/rss/customerreviews/page={page}/id={app}/sortby=mostrecent/json"
    feed = http.pick(http.get_json(path), "feed", dict)
    entries = feed.get("entry") or []
    entries = entries if isinstance(entries, list) else [entries]
    items = [{**one, "country": country} if isinstance(one, dict) else one for one in entries]
    return Listing(items, page + 1 if items and page < _FEED_PAGES else None)


def parse_review(source: Source, raw: Json) -> Found:
    """Turn a review of App Store Connect into a post, with its `answer` as a second one.

    Raises KeyError, TypeError or ValueError for a record that is no review.
    """
    native_id, told = str(raw["id"]), raw["attributes"]
    review = _review(
        source,
        raw,
        native_id=native_id,
        author=Account(name=clean_text(told.get("reviewerNickname") or "") or None),
        title=told.get("title"),
        body=told.get("body"),
        rating=told["rating"],
        created=_created(raw),
        country=told.get("territory"),
    )
    said = (raw.get("answer") or {}).get("attributes") or {}
    if not said.get("responseBody"):
        return review
    modified = said.get("lastModifiedDate")
    answer = Post(
        platform="appstore",
        source=source.name,
        native_id=f"{native_id}/answer",
        kind="comment",
        author_role="company",
        text=clean_text(said["responseBody"]),
        created_at=parse_moment(modified) if modified else None,
        parent_id=native_id,
        root_id=native_id,
        raw=raw["answer"],
    )
    return [review, answer]


def parse_entry(source: Source, raw: Json) -> Post | None:
    """Turn an entry of the feed, with its `country`, into a post; None for the app itself."""
    if "im:rating" not in raw:
        return None
    who = raw["author"]
    account = (who.get("uri") or {}).get("label", "").rsplit("/id", 1)
    return _review(
        source,
        raw,
        native_id=str(raw["id"]["label"]),
        author=Account(
            id=account[1] if len(account) == 2 else None, name=clean_text(who["name"]["label"])
        ),
        title=raw["title"]["label"],
        body=raw["content"]["label"],
        rating=raw["im:rating"]["label"],
        created=_updated(raw) if raw.get("updated") else None,
        country=raw.get("country"),
    )


def _review(
    source: Source,
    raw: Json,
    *,
    native_id: str,
    author: Account,
    title: str | None,
    body: str | None,
    rating: str | float,
    created: datetime | None,
    country: str | None,
) -> Post:
    parts = [clean_text(part or "") for part in (title, body)]
    return Post(
        platform="appstore",
        source=source.name,
        native_id=native_id,
        kind="review",
        author=author,
        title=parts[0] or None,
        text="\n\n".join(part for part in parts if part),
        created_at=created,
        root_id=native_id,
        rating=float(rating),
        rating_max=5.0,
        tags=(country,) if country else (),
        raw=raw,
    )


def _joined(reviews: Sequence[Json], answer: Json) -> list[Json]:
    """Reviews with the answers that were sent beside them."""
    beside = {one.get("id"): one for one in answer.get("included") or () if isinstance(one, dict)}
    joined: list[Json] = []
    for raw in reviews:
        relations = raw.get("relationships") if isinstance(raw, dict) else None
        told = ((relations or {}).get("response") or {}).get("data") or {}
        found = beside.get(told.get("id"))
        joined.append({**raw, "answer": found} if found else raw)
    return joined


def _has_key(source: Source) -> bool:
    return all(source.secrets.get(name) for name in FACTS.optional_secrets)


def _countries(source: Source) -> list[str]:
    given = source.options.get("countries") or ("us", "gb", "de", "at", "ch")
    found = given.split(",") if isinstance(given, str) else given
    return [str(one).strip().lower() for one in found]


def _created(raw: Json) -> datetime:
    return parse_moment(raw["attributes"]["createdDate"])


def _updated(raw: Json) -> datetime:
    return parse_moment(raw["updated"]["label"])

"""The story of one pass: rows and pages come in, posts are labelled. A newcomer's first file.

    connectors --pages of posts--> store --> models --labels--> store --> measure --> alerts

What decides lives in the rooms; here things are only called in their order. The stories of
warning (`warning.py`) and reporting (`reporting.py`) go on from here.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from connectors.base import Connector, Refreshes
from connectors.budget import costs_of
from connectors.errors import ConnectorError, Unavailable
from connectors.files import parse_record
from connectors.types import Counts, Followers, Gap, Page, Post, Rejected, Source
from models.base import Classifier
from models.relevance import judge_relevance
from models.types import Labels, ThreadContext, ThreadPost, Utterance
from monitor.errors import MonitorError
from monitor.store.labels import BOOLEANS
from monitor.store.store import Store
from monitor.types.posts import Fetched, Imported, Saved, StoredPost

T = TypeVar("T")

ROWS_A_BATCH = 5_000
POSTS_A_BATCH = 512

Progress = Callable[[int], None]
"""Told after each step how many more were done."""

REFRESH_SCHEDULE: tuple[tuple[timedelta, timedelta], ...] = (
    (timedelta(hours=6), timedelta(minutes=30)),
    (timedelta(days=2), timedelta(hours=3)),
    (timedelta(days=7), timedelta(hours=12)),
    (timedelta(days=30), timedelta(days=2)),
)
"""(age of a post, how often it is looked at again until then): young posts move, old ones rest."""


class Rejects:
    """The file beside the store that keeps what could not be read, one JSON object a line."""

    def __init__(
        self,
        folder: Path | None,
        name: str,
        may_keep: Callable[[object], bool] = lambda _raw: True,
    ) -> None:
        """`may_keep` is asked of each refused row: whoever was erased is not kept here either."""
        suffix = "" if name.endswith(".jsonl") else ".jsonl"
        self.path = None if folder is None else folder / "rejects" / f"{name}{suffix}"
        self.count = 0
        self._may_keep = may_keep

    def start_anew(self) -> None:
        """Forget the rejects of an earlier import of the same file."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def add(self, rejected: Iterable[Rejected]) -> None:
        """Append records with their line and reason."""
        rows = list(rejected)
        self.count += len(rows)
        if not rows or self.path is None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                for row in filter(lambda row: self._may_keep(row.raw), rows):
                    record = {"line": row.line, "reason": row.reason, "raw": row.raw}
                    file.write(json.dumps(record, ensure_ascii=True, default=str) + "\n")
        except OSError as error:
            raise MonitorError(
                "{path}: rejected rows cannot be written: {error}; make room or change rights",
                path=self.path,
                error=error,
            ) from error

    @property
    def shown(self) -> str | None:
        """The file's path if anything was refused."""
        return str(self.path) if self.count and self.path is not None else None


@dataclass(frozen=True, slots=True)
class Labelled:
    """How labelling went."""

    labelled: int
    took_s: float
    model: str


# --- files ------------------------------------------------------------------------------------


def import_rows(
    rows: Iterable[tuple[int, dict[str, Any] | Rejected]],
    store: Store,
    rejects: Rejects,
    now: datetime,
    *,
    default_source: str,
    mapping: Mapping[str, str] | None = None,
    values: Mapping[tuple[str, str], str] | None = None,
    words: CompanyWords | None = None,
    progress: Progress = lambda _n: None,
    stop: Callable[[], bool] = lambda: False,
) -> Imported:
    """Save the rows of a posts file. Good rows always arrive; bad ones land in `rejects`.

    Each batch is one transaction: an import that is cut goes on by running it again. Rows that
    bring labels but do not say whether they are about the company are asked for `words` that
    mark a stranger of the same name.
    """
    rejects.start_anew()
    read, total = 0, Saved()
    early: list[Counts] = []
    for batch in _batches(rows, ROWS_A_BATCH):
        page, looks = _parse_batch(batch, default_source, mapping, values)
        if words is not None and words.exclude:
            page = replace(page, posts=tuple(_without_strangers(page.posts, words)))
        saved, homeless = _save_rows(store, page, looks, now)
        total += saved
        early += homeless
        rejects.add(page.rejected)
        read += len(batch)
        progress(len(batch))
        if stop():
            break
    # a look at counters may stand before its post: tried again now that all posts are in
    homeless = _save_looks(store, early)
    return Imported(
        read=read,
        new=total.new,
        updated=total.updated,
        unchanged=read - total.new - total.updated - rejects.count,
        rejected=rejects.count,
        rejects_file=rejects.shown,
        homeless=len(homeless),
    )


def _parse_batch(
    batch: Sequence[tuple[int, dict[str, Any] | Rejected]],
    default_source: str,
    mapping: Mapping[str, str] | None,
    values: Mapping[tuple[str, str], str] | None,
) -> tuple[Page, list[Counts]]:
    """Read rows into a page; looks at counters come beside it."""
    posts: list[Post] = []
    looks: list[Counts] = []
    followers: list[Followers] = []
    gaps: list[Gap] = []
    rejected: list[Rejected] = []
    for line, row in batch:
        if isinstance(row, Rejected):
            rejected.append(replace(row, line=line))
            continue
        try:
            record = parse_record(
                row, default_source=default_source, mapping=mapping, values=values, line=line
            )
        except ValueError as error:
            rejected.append(Rejected(str(error), row, line))
            continue
        if isinstance(record, Post):
            posts.append(record)
        elif isinstance(record, Counts):
            looks.append(record)
        elif isinstance(record, Followers):
            followers.append(record)
        else:
            gaps.append(record)
    page = Page(
        posts=tuple(posts),
        followers=tuple(followers),
        gaps=tuple(gaps),
        rejected=tuple(rejected),
    )
    return page, looks


def _without_strangers(posts: Iterable[Post], words: CompanyWords) -> Iterator[Post]:
    """Mark labelled posts that name a stranger, as the classifier would have."""
    context = ThreadContext(names=words.names, exclude=words.exclude)
    for post in posts:
        if post.labels is not None and post.labels.get("relevant") is None:
            text = f"{post.title}\n{post.text}" if post.title else post.text
            if not judge_relevance(text, context).yes:
                post = replace(post, labels={**post.labels, "relevant": False})  # noqa: PLW2901
        yield post


def _save_rows(
    store: Store, page: Page, looks: Sequence[Counts], now: datetime
) -> tuple[Saved, list[Counts]]:
    """Save a batch as one transaction. Returns the looks too whose post is not held (yet)."""
    with store.db.transaction():
        saved = store.ingest.save_posts(page.posts, now)
        homeless = _save_looks(store, looks)
        store.ingest.save_followers(page.followers)
        store.ingest.save_gaps(page.gaps)
    return saved, homeless


def _save_looks(store: Store, looks: Sequence[Counts]) -> list[Counts]:
    """Save looks at counters. Returns those whose post is not held."""
    missing = store.ingest.save_counts(looks)
    return [look for look in looks if look.uid in missing]


def _batches(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, size)):
        yield batch


# --- platforms --------------------------------------------------------------------------------


def fetch_source(
    connector: Connector,
    source: Source,
    store: Store,
    rejects: Rejects,
    clock: Callable[[], datetime],
    *,
    look_again: int = 0,
    stop: Callable[[], bool] = lambda: False,
) -> Fetched:
    """Pull what is new in one source, page by page, each saved together with its cursor.

    So many of the newest known posts that the pull did not meet are asked for again by name
    (`look_again`): whether they were edited, or are gone. Trouble with the platform is a value in
    the result; it touches no other source. `stop` is asked after each page, so that an
    interrupted run ends with the page in hand.
    """
    started = clock()
    store.sources.register(source.name, source.platform, own=source.own)
    saved, pages, error = Saved(), 0, None
    met: set[str] = set()
    try:
        for page in connector.fetch(source, store.ingest.load_cursor(source.name)):
            saved += store.ingest.save_page(source.name, page, clock())
            rejects.add(page.rejected)
            met.update(post.native_id for post in page.posts)
            pages += 1
            if stop():
                break
        else:
            saved += _look_again(connector, source, store, clock(), met=met, most=look_again)
    except ConnectorError as trouble:
        error = trouble
    fetched = Fetched(
        source=source.name,
        posts=saved.new,
        updated=saved.updated,
        deleted=saved.deleted,
        rejected=rejects.count,
        pages=pages,
        error=None if error is None else str(error),
        retry_after_s=error.retry_after if isinstance(error, Unavailable) else None,
    )
    kind = None if error is None else type(error).__name__
    store.sources.save_run(fetched, started, clock(), kind=kind)
    return fetched


def _look_again(
    connector: Connector, source: Source, store: Store, now: datetime, *, met: set[str], most: int
) -> Saved:
    """Ask for known posts by name. Not where each look is paid for."""
    is_paid = any(cost.price for cost in costs_of(source, connector.facts))
    if not most or is_paid or not isinstance(connector, Refreshes):
        return Saved()
    oldest = now - max(age for age, _ in REFRESH_SCHEDULE)
    known = store.posts.native_ids_to_refresh(source.name, oldest, now)
    wanted = list(islice((one for one in known if one not in met), most))
    saved = Saved()
    for page in connector.refresh(source, wanted) if wanted else ():
        saved += store.ingest.save_page(source.name, page, now)
    return saved


def refresh_source(
    connector: Connector, source: Source, store: Store, now: datetime, since_last: timedelta
) -> Saved:
    """Look again at recent posts whose turn it is: counts, edits, deletions.

    `since_last` is the time since this ran last: each age class of `REFRESH_SCHEDULE` is due
    when its period has passed within it. Raises a ConnectorError when the platform fails.
    """
    if not isinstance(connector, Refreshes):
        return Saved()
    saved, younger = Saved(), timedelta()
    for age, period in REFRESH_SCHEDULE:
        if is_due(now, since_last, period):
            ids = store.posts.native_ids_to_refresh(source.name, now - age, now - younger)
            for page in connector.refresh(source, ids) if ids else ():
                saved += store.ingest.save_page(source.name, page, now)
        younger = age
    return saved


def is_due(now: datetime, since_last: timedelta, period: timedelta) -> bool:
    """Whether a multiple of `period` lies within the `since_last` before `now`."""
    reached = now.timestamp() // period.total_seconds()
    return reached > (now - since_last).timestamp() // period.total_seconds()


# --- labels -----------------------------------------------------------------------------------


def label_posts(
    store: Store,
    classifier: Classifier,
    company: CompanyWords,
    now: datetime,
    *,
    left_out: Sequence[str] = (),
    everything: bool = False,
    limit: int | None = None,
    progress: Progress = lambda _n: None,
    stop: Callable[[], bool] = lambda: False,
) -> Labelled:
    """Label what is unlabelled (or all but what came labelled), in the order it came.

    `left_out` names sources whose platforms forbid to derive anything from their posts. Each
    batch is saved by itself, so that an interrupted run goes on where it ended.
    """
    started = time.monotonic()
    ids = store.labels.post_ids(everything=everything, limit=limit, left_out=left_out)
    done = 0
    for batch in _batches(ids, POSTS_A_BATCH):
        posts = store.posts.load_ids(batch)
        labels = classifier.classify(utterances_of(store, posts, company))
        copies = store.posts.copies(batch)
        keys = store.posts.text_keys(batch)
        labelled = [
            (post.id, _as_corrected(store, keys.get(post.id), given), post.id in copies)
            for post, given in zip(posts, labels, strict=True)
        ]
        store.labels.save(labelled, now)
        done += len(labelled)
        progress(len(batch))
        if stop():
            break
    return Labelled(done, time.monotonic() - started, classifier.name)


@dataclass(frozen=True, slots=True)
class CompanyWords:
    """What a text may call the company, and what marks a stranger of the same name."""

    name: str | None = None
    names: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


def utterances_of(
    store: Store, posts: Sequence[StoredPost], company: CompanyWords
) -> list[Utterance]:
    """Put every post into its thread, as a classifier wants to see it."""
    own = {state.source: state.own for state in store.sources.states()}
    threads = store.posts.above_many(posts)
    return [
        Utterance(
            text=spoken(post),
            lang=post.lang,
            context=ThreadContext(
                author=post.author_key,
                author_role=None if post.role == "unknown" else post.role,
                company=company.name,
                names=company.names,
                exclude=company.exclude,
                platform=post.platform,
                own=own.get(post.source),
                parent=post.parent_uid,
                thread=tuple(_thread_post(above) for above in thread),
            ),
        )
        for post, thread in zip(posts, threads, strict=True)
    ]


def spoken(post: StoredPost) -> str:
    """Return all that a post says: its title, its text, and hashtags that stand beside the text.

    Platforms that keep tags apart would else hide what a post is about.
    """
    text = f"{post.title}\n{post.text}" if post.title else post.text
    said = text.casefold()
    return " ".join([text, *(f"#{tag}" for tag in post.tags if tag.casefold() not in said)])


def _thread_post(post: StoredPost) -> ThreadPost:
    return ThreadPost(
        text=spoken(post),
        role=None if post.role == "unknown" else post.role,
        author=post.author_key,
        id=post.uid,
        parent=post.parent_uid,
    )


def _as_corrected(store: Store, key: int | None, labels: Labels) -> Labels:
    """Let a post with the same words follow what a person said of its twin."""
    said = store.labels.corrections_of_text(key) if key is not None else {}
    if not said:
        return labels
    changes: dict[str, Any] = {
        label: value == "yes" if label in BOOLEANS else value for label, value in said.items()
    }
    return replace(labels, **changes)

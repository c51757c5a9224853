"""The story of a pass: rows and pages come in, posts are labelled."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connectors.errors import AuthError, BadResponse, ConnectorError, SourceGone, Unavailable
from connectors.files import open_rows
from connectors.types import Account, Page, Source, Tombstone
from monitor.pipeline import (
    CompanyWords,
    Rejects,
    fetch_source,
    import_rows,
    is_due,
    label_posts,
    utterances_of,
)
from monitor.store.store import Store
from monitor.types.posts import Imported
from tests.conftest import NOW
from tests.fakes import FakeClassifier, FakeConnector, make_post

SOURCE = Source(name="acme-page", platform="fake")


def clock() -> datetime:
    return NOW


def import_text(store: Store, folder: Path, content: bytes, name: str = "posts.jsonl") -> Imported:
    path = folder / name
    path.write_bytes(content)
    rejects = Rejects(folder, name)
    return import_rows(open_rows(path), store, rejects, NOW, default_source="acme-page")


BAD_LINES: list[tuple[str, bytes]] = [
    ("broken JSON", b'{"text": "half'),
    ("no object", b"[1, 2]"),
    ("no text", b'{"native_id": "9"}'),
    ("wrong encoding", b'{"native_id": "9", "text": "\xff\xfe"}'),
    ("a date of the year 1", b'{"native_id": "9", "text": "x", "created_at": "0001-01-01"}'),
    ("a date that is none", b'{"native_id": "9", "text": "x", "created_at": "yesterday"}'),
    ("10 MB of text", b'{"native_id": "9", "text": "' + b"x" * 10_000_000 + b'"}'),
    ("a NUL byte", b'{"native_id": "9", "text": "a\\u0000b"}'),
    ("a lone surrogate", b'{"native_id": "9", "text": "a\\ud800b"}'),
    ("a count that is text", b'{"native_id": "9", "text": "x", "likes": "many"}'),
    ("an unknown kind", b'{"native_id": "9", "text": "x", "kind": "poem"}'),
]


@pytest.mark.parametrize("bad", [line for _, line in BAD_LINES], ids=[n for n, _ in BAD_LINES])
def test_a_bad_row_costs_no_neighbour_and_is_kept_with_line_and_reason(
    store: Store, tmp_path: Path, bad: bytes
) -> None:
    good = b'{"native_id": "1", "text": "gut"}\n%s\n{"native_id": "2", "text": "auch gut"}\n'
    imported = import_text(store, tmp_path, good % bad)
    assert (imported.read, imported.new, imported.rejected) == (3, 2, 1)
    assert imported.rejects_file is not None
    (kept,) = Path(imported.rejects_file).read_text(encoding="utf-8").splitlines()
    record = json.loads(kept)
    assert record["line"] == 2
    assert record["reason"]
    assert set(record) == {"line", "reason", "raw"}


def test_rows_read_are_new_updated_unchanged_or_rejected(store: Store, tmp_path: Path) -> None:
    lines = b"\n".join(
        [
            b'{"native_id": "1", "text": "eins"}',
            b'{"native_id": "1", "text": "eins"}',
            b'{"native_id": "2", "text": "zwei"}',
            b"nonsense",
            b'{"type": "followers", "source": "acme-page", "at": "2026-03-01T00:00:00Z", '
            b'"followers": 5000}',
        ]
    )
    assert import_text(store, tmp_path, lines) == Imported(
        read=5,
        new=2,
        updated=0,
        unchanged=2,
        rejected=1,
        rejects_file=str(tmp_path / "rejects" / "posts.jsonl"),
    )


def test_a_look_at_counters_may_stand_before_its_post(store: Store, tmp_path: Path) -> None:
    look = (
        b'{"type": "counts", "uid": "file:acme-page:%s", "at": "2026-03-02T00:00:00Z", "likes": 9}'
    )
    post = b'{"native_id": "1", "text": "gut", "created_at": "2026-03-01T00:00:00Z"}'
    imported = import_text(store, tmp_path, b"\n".join([look % b"1", post, look % b"7"]))
    assert (imported.read, imported.new, imported.rejected) == (3, 1, 0)
    assert imported.homeless == 1
    assert store.db.value("SELECT likes FROM posts") == 9


@pytest.mark.parametrize(
    ("text", "labels", "relevant"),
    [
        ("Minister Acme resigns", {}, 0),
        ("Minister Acme resigns", {"relevant": True}, 1),
        ("Minister Acme resigns, and the shops of Acme strike too", {}, 1),
        ("The lid of my Acme leaks", {}, 1),
    ],
)
def test_a_stranger_of_the_same_name_is_told_in_labelled_rows_too(
    store: Store, text: str, labels: dict[str, bool], relevant: int
) -> None:
    given = {"sentiment": "negative", "initiator": "customer", "kind": "activity", **labels}
    words = CompanyWords("Acme", ("Acme",), ("Minister Acme",))
    rows = [(1, {"native_id": "1", "text": text, "labels": given})]
    import_rows(rows, store, Rejects(None, "x"), NOW, default_source="x", words=words)
    assert store.db.value("SELECT relevant FROM labels") == relevant


def test_a_second_import_forgets_the_rejects_of_the_first(store: Store, tmp_path: Path) -> None:
    import_text(store, tmp_path, b"nonsense")
    again = import_text(store, tmp_path, b'{"native_id": "1", "text": "gut"}')
    assert again.rejects_file is None
    assert not (tmp_path / "rejects" / "posts.jsonl").exists()


def test_a_cyclic_chain_of_parents_ends_somewhere(store: Store) -> None:
    store.ingest.save_posts(
        [
            make_post("1", parent_id="3"),
            make_post("2", parent_id="1"),
            make_post("3", parent_id="2"),
        ],
        NOW,
    )
    post = store.posts.load("facebook:1")
    assert post is not None
    assert [p.uid for p in store.posts.above(post)] == ["facebook:2", "facebook:3"]
    done = label_posts(store, FakeClassifier(), CompanyWords(), NOW)
    assert done.labelled == 3


def test_a_run_that_is_cut_goes_on_from_the_last_saved_page(store: Store, tmp_path: Path) -> None:
    pages = [[make_post("1")], [make_post("2")], [make_post("3")]]
    stops = iter([False, True])
    cut = fetch_source(
        FakeConnector(pages), SOURCE, store, Rejects(tmp_path, "s"), clock, stop=lambda: next(stops)
    )
    rest = fetch_source(FakeConnector(pages), SOURCE, store, Rejects(tmp_path, "s"), clock)
    assert (cut.posts, cut.pages, rest.posts, rest.pages) == (2, 2, 1, 1)
    assert store.posts.count() == 3


@pytest.mark.parametrize(
    ("error", "state", "retry_after_s"),
    [
        (Unavailable("503", source="acme-page", retry_after=90.0), "failing", 90.0),
        (AuthError("401", source="acme-page"), "stopped", None),
        (SourceGone("404", source="acme-page"), "stopped", None),
        (BadResponse("HTML", source="acme-page"), "failing", None),
    ],
)
def test_trouble_of_a_source_is_a_value_and_what_came_before_it_is_kept(
    store: Store, tmp_path: Path, error: ConnectorError, state: str, retry_after_s: float | None
) -> None:
    connector = FakeConnector([[make_post("1")]], error)
    fetched = fetch_source(connector, SOURCE, store, Rejects(tmp_path, "s"), clock)
    assert fetched.error == str(error)
    assert fetched.retry_after_s == retry_after_s
    assert fetched.posts == store.posts.count() == 1
    held = store.sources.state("acme-page")
    assert held is not None
    assert held.state == state


class Forgetful(FakeConnector):
    """A platform whose listing shows new posts only; one of the older ones has gone meanwhile."""

    asked: list[str]

    def refresh(self, source: Source, native_ids: Sequence[str]) -> Iterator[Page]:
        self.asked = list(native_ids)
        gone = tuple(Tombstone(f"fake:{one}", NOW, "gone") for one in native_ids if one == "1")
        yield Page(deleted=gone)


def test_a_pull_looks_again_at_known_posts_that_it_did_not_meet(
    store: Store, tmp_path: Path
) -> None:
    posts = [
        make_post(platform="fake", source="acme-page", native_id=str(n), created_at=NOW)
        for n in range(1, 5)
    ]
    first = Forgetful([posts[:3]])
    rejects = Rejects(tmp_path, "s")
    earlier = lambda: NOW - timedelta(hours=1)  # noqa: E731
    fetch_source(first, SOURCE, store, rejects, earlier)
    assert not hasattr(first, "asked"), "nobody wanted that"
    second = Forgetful([posts[:3], posts[2:]])
    later = lambda: NOW + timedelta(hours=1)  # noqa: E731
    fetched = fetch_source(second, SOURCE, store, rejects, later, look_again=10)
    assert sorted(second.asked) == ["1", "2"]
    assert (fetched.posts, fetched.deleted) == (1, 1)


def test_a_bug_in_a_connector_is_raised_with_its_traceback(store: Store, tmp_path: Path) -> None:
    connector = FakeConnector([], error=ZeroDivisionError("a bug"))  # type: ignore[arg-type]
    with pytest.raises(ZeroDivisionError):
        fetch_source(connector, SOURCE, store, Rejects(tmp_path, "s"), clock)


def test_an_outage_becomes_a_gap_that_ends_with_the_first_success(
    store: Store, tmp_path: Path
) -> None:
    times = [NOW + timedelta(hours=h) for h in range(6)]
    ticking: Callable[[int], Callable[[], datetime]] = lambda h: lambda: times[h]  # noqa: E731
    well = FakeConnector([[make_post("1")]])
    down = FakeConnector([], Unavailable("503", source="acme-page"))
    for hour, connector in enumerate((well, down, down, FakeConnector([]))):
        fetch_source(connector, SOURCE, store, Rejects(tmp_path, "s"), ticking(hour))
    assert store.sources.gaps("acme-page", NOW, times[5]) == [(times[0], times[2])]
    state = store.sources.state("acme-page")
    assert state is not None
    assert state.state == "ok"


def test_a_post_is_labelled_in_its_thread_with_the_roles_of_its_authors(store: Store) -> None:
    store.ingest.save_posts(
        [
            make_post("1", "Unser neuer Becher", author=Account(id="acme")),
            make_post("2", "Der leckt!", parent_id="1", root_id="1", kind="comment"),
            make_post("3", "Bei mir nicht", parent_id="2", root_id="1", kind="comment"),
        ],
        NOW,
    )
    posts = [p for uid in ("1", "2", "3") if (p := store.posts.load(f"facebook:{uid}"))]
    said = utterances_of(store, posts, CompanyWords("Acme", ("acme",)))
    assert [p.role for p in said[2].context.thread] == ["company", "customer"]
    assert [p.text for p in said[2].context.thread] == ["Unser neuer Becher", "Der leckt!"]
    assert said[2].context.parent == "facebook:2"
    assert said[1].context.own is True
    assert said[0].context.thread == ()


def test_a_tag_beside_the_text_takes_part_in_what_a_post_says(store: Store) -> None:
    posts = [make_post("1", "Schon wieder.", tags=("AcmeLeckt",)),
             make_post("2", "Schon wieder. #acmeleckt", tags=("AcmeLeckt",))]  # fmt: skip
    store.ingest.save_posts(posts, NOW)
    held = [p for uid in ("1", "2") if (p := store.posts.load(f"facebook:{uid}"))]
    said = utterances_of(store, held, CompanyWords("Acme", ("#acmeleckt",)))
    assert [u.text for u in said] == ["Schon wieder. #AcmeLeckt", "Schon wieder. #acmeleckt"]


def test_labelling_that_is_interrupted_goes_on_where_it_ended(store: Store) -> None:
    store.ingest.save_posts([make_post(str(i), f"Beitrag {i}") for i in range(600)], NOW)
    first = label_posts(store, FakeClassifier(), CompanyWords(), NOW, stop=lambda: True)
    rest = label_posts(store, FakeClassifier(), CompanyWords(), NOW)
    assert first.labelled + rest.labelled == 600
    assert store.labels.count_unlabelled() == 0


def test_a_correction_survives_relabelling_and_copies_of_the_text_follow_it(store: Store) -> None:
    text = "Na super, schon wieder vierzig Minuten Verspätung, ganz toll"
    store.ingest.save_posts([make_post("1", text)], NOW)
    label_posts(store, FakeClassifier(), CompanyWords(), NOW)
    store.labels.correct("facebook:1", "sentiment", "negative", "anna", NOW)
    store.ingest.save_posts([make_post("2", text.upper(), author=Account(id="u2"))], NOW)
    label_posts(store, FakeClassifier(), CompanyWords(), NOW, everything=True)
    for uid in ("facebook:1", "facebook:2"):
        post = store.posts.load(uid)
        assert post is not None
        assert post.labels is not None
        assert post.labels.sentiment == "negative"


def test_a_copied_text_is_marked_but_the_first_of_its_kind_is_not(store: Store) -> None:
    text = "Boykottiert diese Firma, jetzt und für immer!"
    posts = [
        make_post(str(i), text, author=Account(id=f"u{i}"), created_at=NOW + timedelta(minutes=i))
        for i in range(3)
    ]
    store.ingest.save_posts(posts, NOW)
    label_posts(store, FakeClassifier(), CompanyWords(), NOW)
    held = [store.posts.load(f"facebook:{i}") for i in range(3)]
    assert [p.copy for p in held if p] == [False, True, True]


def test_labels_that_came_with_a_row_are_taken_as_they_are(store: Store) -> None:
    given = {"sentiment": "positive", "initiator": "company", "kind": "demand", "idea": True}
    store.ingest.save_posts([make_post("1", "Mist!", labels=given)], NOW)
    label_posts(store, FakeClassifier(), CompanyWords(), NOW, everything=True)
    post = store.posts.load("facebook:1")
    assert post is not None
    assert post.labels is not None
    assert (post.labels.sentiment, post.labels.idea, post.labels.model) == (
        "positive",
        True,
        "given",
    )


def test_single_given_labels_are_filled_up_by_the_classifier(store: Store) -> None:
    store.ingest.save_posts([make_post("1", "Mist!", labels={"kind": "activity"})], NOW)
    label_posts(store, FakeClassifier(), CompanyWords(), NOW)
    post = store.posts.load("facebook:1")
    assert post is not None
    assert post.labels is not None
    assert (post.labels.sentiment, post.labels.kind) == ("negative", "activity")


@pytest.mark.parametrize(
    ("minutes_ago", "period_m", "due"),
    [(30, 30, True), (30, 180, True), (10, 180, True), (10, 5000, False)],
)
def test_a_period_is_due_when_one_of_its_multiples_has_passed(
    minutes_ago: int, period_m: int, due: bool
) -> None:
    moment = NOW + timedelta(minutes=1)
    assert is_due(moment, timedelta(minutes=minutes_ago), timedelta(minutes=period_m)) is due

"""What terms ask for: looked at again or let go, and nothing derived where forbidden."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from connectors.types import Page
from monitor.app import App
from monitor.config import Secrets, parse_settings
from monitor.pipeline import CompanyWords, label_posts
from monitor.store.store import Store
from monitor.terms import Terms, let_go
from tests.conftest import NOW
from tests.fakes import FakeClassifier, make_post

DAY = timedelta(days=1)
TERMS = Terms("acme-page", keep=29 * DAY, derive=False)


def test_a_post_that_is_not_shown_again_in_time_is_let_go_and_its_figure_stays(
    store: Store,
) -> None:
    page = Page(posts=(make_post("1", likes=4), make_post("2")))
    store.ingest.save_page("acme-page", page, NOW)
    store.ingest.save_page("acme-page", Page(posts=(make_post("2"),)), NOW + 20 * DAY)
    assert let_go(store, [TERMS], NOW + 28 * DAY) == 0
    assert let_go(store, [TERMS], NOW + 30 * DAY) == 1
    gone, kept = store.posts.load("facebook:1"), store.posts.load("facebook:2")
    assert gone is not None
    assert kept is not None
    assert (gone.text, gone.likes) == ("", 4)
    assert kept.text
    assert store.posts.search("Deckel") == [kept]


def test_a_post_out_of_a_file_is_its_owners_to_keep(store: Store) -> None:
    store.ingest.save_posts([make_post()], NOW)
    assert let_go(store, [TERMS], NOW + 400 * DAY) == 0


def test_nothing_is_derived_where_the_terms_forbid_it(store: Store) -> None:
    store.ingest.save_posts([make_post("1"), make_post("2", source="forum")], NOW)
    done = label_posts(store, FakeClassifier(), CompanyWords(), NOW, left_out=[TERMS.source])
    assert done.labelled == 1


def test_the_operator_who_agreed_with_the_platform_may_say_otherwise(tmp_path: Path) -> None:
    sources = [
        {"name": "a", "platform": "youtube", "target": "x"},
        {"name": "b", "platform": "youtube", "target": "y", "derive": True, "keep": "90d"},
    ]
    settings = parse_settings({"sources": sources}, "test")
    app = App(settings, tmp_path / "s.db", clock=lambda: NOW, secrets=Secrets({}))
    assert app.places.terms == (
        Terms("a", 29 * DAY, derive=False),
        Terms("b", 90 * DAY, derive=True),
    )

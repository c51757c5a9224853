"""Real communities: what a digest counts equals a plain recount of the file."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connectors.files import open_rows
from monitor.pipeline import Rejects, import_rows
from monitor.reporting import House, choose_period, make_digest
from monitor.store.store import Store
from tests.conftest import NOW

pytestmark = pytest.mark.data

FILES = ("costco_delta_facebook_2025.jsonl.gz", "customer_care_threads.jsonl.gz")


def folder() -> Path:
    return Path(os.environ["STURMGLAS_DATA"]) / "real"


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    found = []
    for name in FILES:
        with gzip.open(folder() / name, "rt", encoding="utf-8") as file:
            found += [json.loads(line) for line in file]
    return found


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Store:
    path = tmp_path_factory.mktemp("real")
    store = Store(path / "store.db")
    for name in FILES:
        imported = import_rows(
            open_rows(folder() / name), store, Rejects(path, name), NOW, default_source="real"
        )
        assert imported.rejected == 0
    return store


def test_every_post_of_the_files_is_held_once(filled: Store, rows: list[dict[str, Any]]) -> None:
    assert filled.posts.count() == len({(row["platform"], row["native_id"]) for row in rows})


@pytest.mark.parametrize("day", ["2025-01-10", "2025-02-15", "2025-03-09", "2020-04-01"])
def test_a_digest_counts_what_a_plain_recount_counts(
    filled: Store, rows: list[dict[str, Any]], day: str
) -> None:
    posts = {
        row["native_id"]: row["source"] for row in rows if (row["created_at"] or "").startswith(day)
    }
    period = choose_period("day", date.fromisoformat(day), NOW, "UTC")
    digest = make_digest(filled, House(), NOW, period)
    counted = {s.source: s.posts.value for s in digest.sources if s.posts.value}
    assert digest.posts.value == len(posts)
    assert counted == dict(Counter(posts.values()))


def test_posts_without_a_time_are_kept_and_searchable(filled: Store) -> None:
    untimed = filled.db.value("SELECT count(*) FROM posts WHERE created_at IS NULL")
    assert untimed > 0
    assert filled.posts.search("membership", limit=5)

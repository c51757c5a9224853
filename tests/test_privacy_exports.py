"""What leaves in an export reaches nobody, and comes back without harm."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.files import open_rows
from monitor.app import App
from monitor.cli.context import to_json
from monitor.config import parse_settings
from monitor.pipeline import import_rows
from tests.conftest import NOW

PHONE, MAIL = "0171 2345678", "anna@post.example.org"
TEXT = f"@anna_b, ruf {PHONE} an oder schreib {MAIL}, Deckel 2026-03-02 08:15 undicht"
ROW = {
    "platform": "facebook", "source": "page", "native_id": "123456789012", "author_id": "u1",
    "author_handle": "anna_b", "author_name": "Anna", "title": f"Bitte {PHONE}", "text": TEXT,
    "created_at": "2026-03-02T08:15:00Z", "order": {"id": "202600012345", "remark": f"Tel {PHONE}"},
}  # fmt: skip


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = App(parse_settings({}, "test"), tmp_path / "s.db", clock=lambda: NOW)
    bring(app, tmp_path, [ROW])
    yield app
    app.close()


def bring(app: App, folder: Path, rows: list[Any]) -> Any:
    file = folder / "rows.jsonl"
    file.write_text("\n".join(json.dumps(row, default=to_json) for row in rows), encoding="utf-8")
    return import_rows(
        open_rows(str(file)), app.store, app.rejects("rows"), NOW, default_source="page"
    )


def export(app: App, **wishes: bool) -> list[dict[str, Any]]:
    rows = app.export("posts", None, None, **{"with_authors": False} | wishes)
    read: list[dict[str, Any]] = json.loads(json.dumps(list(rows), default=to_json))
    return read


@pytest.mark.parametrize("with_authors", [True, False])
def test_numbers_and_addresses_in_texts_stay_in_the_house(app: App, with_authors: bool) -> None:
    (row,) = export(app, with_authors=with_authors)
    assert PHONE not in json.dumps(row)
    assert MAIL not in json.dumps(row)
    assert row["text"] == "@anna_b, ruf ▮▮▮ an oder schreib ▮▮▮, Deckel 2026-03-02 08:15 undicht"
    assert (row["uid"], row["native_id"]) == ("facebook:123456789012", "123456789012")
    if with_authors:
        assert row["order"] == {"id": "202600012345", "remark": "Tel ▮▮▮"}


def test_for_moving_house_everything_is_written_and_the_log_says_so(app: App) -> None:
    (row,) = export(app, with_authors=True, unmasked=True)
    assert {key: row[key] for key in ROW} == ROW
    *_, entry = app.guard.log.entries()
    assert entry.facts["unmasked"]


@pytest.mark.parametrize("with_authors", [True, False])
def test_a_masked_export_that_comes_back_changes_nothing(
    app: App, tmp_path: Path, with_authors: bool
) -> None:
    back = export(app, with_authors=with_authors)
    bring(app, tmp_path, back)
    (kept,) = export(app, with_authors=True, unmasked=True)
    assert {key: kept[key] for key in ("title", "text", "author_id", "author_name")} == {
        key: ROW[key] for key in ("title", "text", "author_id", "author_name")
    }
    assert app.store.posts.versions(1) == []
    assert app.guard.find("facebook:u1").is_held


def test_an_edit_in_a_masked_row_is_an_edit(app: App, tmp_path: Path) -> None:
    (row,) = export(app)
    bring(app, tmp_path, [row | {"text": row["text"] + "!", "edited_at": "2026-03-04T00:00:00Z"}])
    (kept,) = export(app, unmasked=True)
    assert kept["text"].endswith("undicht!")
    assert kept["title"] == ROW["title"]


def test_evidence_gives_no_number_away(app: App) -> None:
    app.store.db.connection.execute(
        "INSERT INTO labels (post_id, sentiment, initiator, kind, idea, toxic, spam, relevant, "
        "copy, lang, probabilities, unsure, evidence, model, labelled_at) VALUES "
        "(1, 'negative', 'customer', 'demand', 0, 0, 0, 1, 0, 'de', '{}', '[]', ?, 'm', 1)",
        (json.dumps({"kind": {"rule": None, "words": [[PHONE, 1.0], ["Deckel", 0.5]]}}),),
    )
    (row,) = app.export("labels", None, None, with_authors=False)
    assert row["evidence"]["kind"]["words"] == [["▮▮▮", 1.0], ["Deckel", 0.5]]

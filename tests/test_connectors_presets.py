"""Exports of platforms, read by their headings."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.files import parse_record
from connectors.presets import PRESETS, apply
from connectors.records import FIELDS
from connectors.types import Post


def read(name: str, row: dict[str, object]) -> Post:
    preset = PRESETS[name]
    filled, mapping = apply(preset, row)
    found = parse_record(filled, default_source="export", mapping=mapping, values=preset.values)
    assert isinstance(found, Post)
    return found


def test_a_german_export_of_meta_is_read() -> None:
    row: dict[str, object] = {
        "Beitrags-ID": "77_1",
        "Beschreibung": "Unsere neue Mühle",
        "Veröffentlichungszeitpunkt": "2026-03-02 08:15",
        "Reaktionen": "40",
        "Kommentare": "3",
        "Reichweite": "900",
    }
    found = read("meta", row)
    assert (found.uid, found.likes, found.replies) == ("facebook:77_1", 40, 3)
    assert found.created_at == datetime(2026, 3, 2, 8, 15, tzinfo=UTC)
    assert found.author_role == "company"
    assert found.raw == {"Reichweite": "900"}


def test_stars_in_words_are_read() -> None:
    found = read("google-reviews", {"reviewId": "AbC", "comment": "Gut", "starRating": "FOUR"})
    assert (found.rating, found.rating_max, found.kind) == (4.0, 5.0, "review")


def test_what_the_file_says_wins_over_the_preset() -> None:
    found = read("meta", {"Post ID": "1", "Description": "x", "platform": "instagram"})
    assert found.platform == "instagram"


@pytest.mark.parametrize("name", list(PRESETS))
def test_presets_speak_of_known_fields_and_name_their_origin(name: str) -> None:
    preset = PRESETS[name]
    assert set(preset.columns) | set(preset.constants) <= set(FIELDS)
    assert "text" in preset.columns
    assert "20" in preset.origin

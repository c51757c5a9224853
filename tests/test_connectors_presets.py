"""Exports of platforms, read by their headings."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.errors import BadResponse
from connectors.files import parse_record
from connectors.presets import PRESETS, apply, translate
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


def test_an_english_export_of_a_facebook_page_is_read() -> None:
    """The caption stands under either heading; the id is the one that the API gives."""
    row: dict[str, object] = {
        "Post ID": "182772",
        "Page ID": "77",
        "Page name": "Mill & Co",
        "Title": "Our new mill is here, with a longer text",
        "Description": "Our new mill",
        "Publish time": "09/28/2026 18:12",
        "Post type": "Photos",
        "Date": "Lifetime",
        "Views": "27",
        "Reactions, Comments and Shares": "4",
        "Reactions": "4",
        "Comments": "0",
        "Shares": "0",
    }
    found = read("meta", row)
    assert (found.uid, found.likes, found.views) == ("facebook:77_182772", 4, 27)
    assert found.text == "Our new mill is here, with a longer text"
    assert found.created_at == datetime(2026, 9, 28, 18, 12, tzinfo=UTC)


def test_an_export_of_instagram_is_no_facebook_page() -> None:
    row: dict[str, object] = {
        "Post ID": "1789",
        "Account ID": "17841",
        "Account username": "mill",
        "Account name": "Mill & Co",
        "Description": "New",
        "Publish time": "03/02/2026 08:15",
        "Likes": "9",
        "Saves": "1",
    }
    found = read("meta", row)
    assert (found.uid, found.likes) == ("instagram:1789", 9)
    assert found.author is not None
    assert found.author.handle == "mill"


def test_the_row_of_sums_of_youtube_is_no_video() -> None:
    rows: list[tuple[int, Any]] = [
        (2, {"Content": "Total", "Views": "9"}),
        (
            3,
            {
                "Content": "abc",
                "Video title": "Grind",
                "Video publish time": "Jan 6, 2026",
                "Views": 9,
            },
        ),
    ]
    ((line, row),) = translate(PRESETS["youtube-studio"], rows)
    assert line == 3
    assert (row["native_id"], row["created_at"]) == ("abc", "2026-01-06T00:00:00+00:00")


def test_unknown_headings_are_listed_with_the_way_out() -> None:
    rows: list[tuple[int, Any]] = [(2, {"Kennung": "1", "Anmerkung": "gut"})]
    with pytest.raises(BadResponse, match=r"Review Content.*has Kennung, Anmerkung.*--map text="):
        list(translate(PRESETS["trustpilot"], rows))
    ((_, row),) = translate(PRESETS["trustpilot"], rows, {"text": "Anmerkung"})
    assert (row["text"], row["platform"]) == ("gut", "trustpilot")


def test_a_picture_without_caption_is_a_post_all_the_same() -> None:
    rows: list[tuple[int, Any]] = [
        (2, {"Post ID": "1", "Page ID": "7", "Likes": "3"}),
        (3, {"Post ID": "2", "Page ID": "7", "Title": "Mill"}),
    ]
    found = [row["text"] for _, row in translate(PRESETS["meta"], rows)]
    assert found == ["", "Mill"]


def test_objects_inside_of_a_json_export_are_read() -> None:
    found = read(
        "google-reviews", {"reviewId": "a", "comment": "x", "reviewer": {"displayName": "Kim"}}
    )
    assert found.author is not None
    assert found.author.name == "Kim"


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
    assert all(set(more) <= set(FIELDS) for more in preset.constants_with.values())
    assert "text" in preset.columns
    assert "20" in preset.origin

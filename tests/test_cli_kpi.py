"""The KPI sheet as people and scripts use it, and what stands behind a KPI."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import openpyxl
import pytest

from tests import kpi_cases
from tests.kpi_cases import CLICKS, HEAD, Run, bring, post, sheet, write_posts

run = kpi_cases.run


# --- the sheet --------------------------------------------------------------------------------


def test_the_sheet_counts_the_store_and_what_was_imported(run: Run) -> None:
    posts = [
        post(1, "Neu da", author_id="acme", author_role="company", likes=200, replies=30),
        post(2, "Wann kommt es?", likes=20, replies=0, created_at="2026-03-02T11:00:00Z"),
        post(3, "Morgen.", author_id="acme", author_role="company", parent_id="2",
             created_at="2026-03-02T11:30:00Z", likes=0, replies=0),
        post(4, "Schön", mood="positive", likes=0, replies=0),
        post(5, "Kaputt", mood="negative", likes=0, replies=0),
        {"type": "followers", "source": "page", "at": "2026-03-01T00:00:00Z", "followers": 5000},
    ]  # fmt: skip
    assert run("import", write_posts(posts))[0] == 0
    bring(
        run, "date,source,metric,value\n2026-03-02,web,clicks,17\n2026-03-02,web,impressions,1000\n"
    )
    found = sheet(run)
    engagement = found["engagement_rate"]
    assert (engagement["value"], engagement["numerator"], engagement["denominator"]) == (
        5,
        250,
        5000,
    )
    assert engagement["low"] < 5 < engagement["high"]
    assert engagement["missing"] is None
    assert found["click_through_rate"]["value"] == 1.7
    # the complaint is asked too, and nobody answered it
    assert (found["answer_rate"]["numerator"], found["answer_rate"]["denominator"]) == (1, 2)
    assert found["time_to_first_answer"]["value"] == 1800
    assert found["echo_balance"]["value"] == 3 - 10


def test_a_script_finds_the_promised_names_in_every_line(run: Run) -> None:
    promised = {"kpi", "value", "unit", "numerator", "denominator", "low", "high", "missing"}
    found = sheet(run)
    assert all(promised <= set(row) for row in found.values())
    assert all(row["value"] is None and row["missing"] for row in found.values())


def test_the_sheet_stands_beside_the_period_before_and_a_year_ago(run: Run) -> None:
    rows = ("2026-03-02,web,reach,30", "2026-02-20,web,reach,20", "2025-03-03,web,reach,10")
    bring(run, HEAD + "\n".join(rows))
    reach = sheet(run, "--period", "7d")["potential_reach"]
    assert reach["value"] == 30
    assert reach["previous"]["value"] == 20
    assert reach["previous_year"]["value"] == 10
    week = sheet(run, "--period", "14d")["potential_reach"]
    assert (week["value"], week["previous"]["value"]) == (50, None)


def test_one_source_alone_is_shown_where_it_is_asked_for(run: Run) -> None:
    posts = [
        post(1, "a", likes=10, replies=0),
        post(2, "b", source="forum", likes=90, replies=0),
        {"type": "followers", "source": "page", "at": "2026-03-01T00:00:00Z", "followers": 100},
        {"type": "followers", "source": "forum", "at": "2026-03-01T00:00:00Z", "followers": 100},
    ]
    run("import", write_posts(posts))
    assert sheet(run)["engagement_rate"]["value"] == 50
    assert sheet(run, "--source", "forum")["engagement_rate"]["value"] == 90
    beside = sheet(run)["engagement_rate"]["by_source"]
    assert {row["source"]: row["value"] for row in beside} == {"page": 10, "forum": 90}
    code, _out, err = run("kpi", "--source", "nowhere")
    assert code == 2
    assert "forum, page" in err


def test_a_rivals_page_stands_beside_the_company_and_never_in_its_figures(run: Run) -> None:
    Path("config.toml").write_text(
        '[[sources]]\nname = "rival"\nplatform = "files"\ntarget = "x.jsonl"\nown = false\n',
        encoding="utf-8",
    )
    posts = [
        post(1, "a", likes=10, replies=0),
        post(2, "b", source="rival", likes=90, replies=0),
        {"type": "followers", "source": "page", "at": "2026-03-01T00:00:00Z", "followers": 100},
        {"type": "followers", "source": "rival", "at": "2026-03-01T00:00:00Z", "followers": 100},
    ]
    run("import", write_posts(posts))
    rate = sheet(run)["engagement_rate"]
    assert (rate["value"], rate["sources"]) == (10, ["page"])
    assert {row["source"]: (row["own"], row["value"]) for row in rate["by_source"]} == {
        "page": (True, 10),
        "rival": (False, 90),
    }


@pytest.mark.parametrize("lang", ["de", "en"])
def test_a_person_reads_what_is_known_and_what_to_import(run: Run, lang: str) -> None:
    bring(
        run, "date,source,metric,value\n2026-03-02,web,clicks,17\n2026-03-02,web,impressions,1000\n"
    )
    _code, out, _err = run("kpi", "--lang", lang)
    assert ("1,70" if lang == "de" else "1.70") in out
    assert "baskets_abandoned" in out
    assert ("Klickrate" if lang == "de" else "Click-through rate") in out


@pytest.mark.parametrize("ending", ["csv", "xlsx", "json"])
def test_the_sheet_goes_into_files_as_it_is(run: Run, ending: str) -> None:
    bring(
        run,
        "date,source,metric,value\n2026-03-02,=1+1,clicks,17\n2026-03-02,=1+1,impressions,1000\n",
    )
    assert run("kpi", "--out", f"sheet.{ending}")[0] == 0
    if ending == "csv":
        with Path("sheet.csv").open(encoding="utf-8", newline="") as file:
            rows = {row["kpi"]: row for row in csv.DictReader(file)}
        assert rows["click_through_rate"]["value"] == "1.7"
        assert rows["click_through_rate"]["sources"] == "'=1+1"
    elif ending == "xlsx":
        cells = openpyxl.load_workbook("sheet.xlsx").active
        assert cells is not None
        values = {row[0]: row for row in cells.iter_rows(values_only=True)}
        assert values["click_through_rate"][1] == 1.7
    else:
        rows = {row["kpi"]: row for row in json.loads(Path("sheet.json").read_text("utf-8"))}
        assert rows["click_through_rate"]["value"] == 1.7


def test_a_file_of_another_kind_is_refused(run: Run) -> None:
    code, _out, err = run("kpi", "--out", "sheet.pdf")
    assert code == 2
    assert ".csv, .xlsx or .json" in err


# --- what stands behind a KPI -------------------------------------------------------------------


@pytest.fixture
def two_places(run: Run) -> Run:
    """Post 1 was found in two own places; post 2 in one of them; 3 is a rival's."""
    rows = [
        post(1, "Neu", likes=100, replies=10, shares=5, views=1000),
        post(1, "Neu", likes=100, replies=10, shares=5, views=1000, source="search"),
        post(2, "Alt?", likes=20, replies=0, shares=1, views=100),
        post(4, "Gern.", parent_id="2", author_role="company", likes=0, replies=0, shares=0,
             created_at="2026-03-02T12:00:00Z"),
        post(3, "Rivale", likes=500, replies=0, source="rival"),
        *({"type": "followers", "source": source, "at": "2026-03-01T00:00:00Z", "followers": n}
          for source, n in (("page", 800), ("search", 200), ("rival", 100))),
    ]  # fmt: skip
    Path("config.toml").write_text(
        '[[sources]]\nname = "rival"\nplatform = "rss"\ntarget = "https://rival.example/f"\n'
        "own = false\n",
        encoding="utf-8",
    )
    code, _out, err = run("import", write_posts(rows))
    assert code == 0, err
    return run


def test_a_post_of_two_own_places_counts_once_for_the_company(two_places: Run) -> None:
    found = sheet(two_places)
    parts = {
        name: (found[name]["numerator"], found[name]["denominator"])
        for name in ("engagement_rate", "engagement_rate_with_shares", "engagement_rate_by_reach")
    }
    assert parts == {
        "engagement_rate": (130, 1000),
        "engagement_rate_with_shares": (136, 1000),
        "engagement_rate_by_reach": (130, 1100),
    }
    beside = {row["source"]: row["numerator"] for row in found["engagement_rate"]["by_source"]}
    assert beside == {"page": 130, "search": 110, "rival": 500}


@pytest.mark.parametrize(
    ("figure", "numerator", "posts"),
    [
        ("engagement_rate", 130, 3),
        ("engagement_rate:search", 110, 1),
        ("engagement_rate_with_shares", 136, 3),
        ("engagement_rate_by_reach", 130, 2),
        ("answer_rate", 1, 1),
        ("time_to_first_answer", 1, 1),
        ("click_through_rate", 0, 0),
    ],
)
def test_a_kpi_is_explained_by_the_posts_of_its_numerator(
    two_places: Run, figure: str, numerator: int, posts: int
) -> None:
    code, out, err = two_places("explain", figure, "--json")
    assert code == 0, err
    rows = [json.loads(line) for line in out.splitlines()]
    assert (sum(row["value"] for row in rows), len(rows)) == (numerator, posts)


def test_an_imported_kpi_names_where_it_came_from(run: Run) -> None:
    bring(run, CLICKS)
    code, out, err = run("explain", "click_through_rate", "--lang", "en")
    assert (code, out) == (0, "click_through_rate = 1.7 (0 posts)\n")
    assert "imported from web" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("answer_rate:page",), "of all sources together; take answer_rate"),
        (("engagement_rate:nowhere",), "not known; take one of"),
        (("answer_rate", "--as-of", "2026-03-03T00:00:00Z"), "is a KPI"),
        (("posts", "--period", "30d"), "take day, week or month"),
    ],
)
def test_what_cannot_be_explained_says_what_can(
    two_places: Run, arguments: tuple[str, ...], words: str
) -> None:
    code, out, err = two_places("explain", *arguments)
    assert (code, out) == (2, "")
    assert words in err

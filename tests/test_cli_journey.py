"""Matrix over time, customer journey and Datasette as people and scripts use them."""

from __future__ import annotations

import csv
import json
import sqlite3
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests import kpi_cases
from tests.kpi_cases import CLICKS, Run, bring, post, write_posts

run = kpi_cases.run


# --- matrix over time, journey, Datasette -------------------------------------------------------


def test_the_matrix_over_time_holds_nine_cells_a_day(run: Run) -> None:
    run("import", write_posts([post(1, "a"), post(2, "b", created_at="2026-03-03T10:00:00Z")]))
    _code, out, _err = run("matrix", "--period", "3d", "--by", "day", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert len(rows) == 27
    full = [row for row in rows if row["posts"]]
    assert [(row["from"], row["share"]) for row in full] == [("2026-03-03", 1)]
    assert all(row["share"] is None for row in rows if row["from"] != "2026-03-03")


def a_launch() -> list[dict[str, Any]]:
    """Sixty posts about supply on 3 March, sixty about demand on 4 March."""

    def made(number: int, at: str, kind: str) -> dict[str, Any]:
        row = post(number, f"a{number}", created_at=at)
        row["labels"]["kind"] = kind
        return row

    before = [made(n, "2026-03-03T10:00:00Z", "supply") for n in range(60)]
    return before + [made(n, "2026-03-04T10:00:00Z", "demand") for n in range(100, 160)]


def test_a_shift_between_the_cells_is_told_below_the_matrix(run: Run) -> None:
    run("import", write_posts(a_launch()))
    _code, out, _err = run("matrix", "--period", "4d", "--by", "day")
    assert "Shifts beyond chance" not in out
    _code, out, _err = run("matrix", "--period", "day", "--date", "2026-03-04", "--by", "day")
    assert "Customers/Demand: 100.0" in out
    assert "Customers/Supply: 0.0" in out


@pytest.mark.parametrize(("lang", "told"), [("de", "verschoben: "), ("en", "moved: ")])
def test_the_digest_tells_the_shift_too_and_a_quiet_day_stays_short(
    run: Run, lang: str, told: str
) -> None:
    run("import", write_posts(a_launch()))
    _code, out, _err = run("digest", "--date", "2026-03-04", "--format", "text", "--lang", lang)
    assert len(out.splitlines()) <= 12
    assert told in out
    _code, out, _err = run("digest", "--date", "2026-03-04", "--json")
    shifts = [(s["kind"], s["share"], s["previous"]) for s in json.loads(out)["shifts"]]
    assert shifts == [("supply", 0, 1), ("demand", 1, 0)]
    _code, out, _err = run("digest", "--date", "2026-03-03", "--format", "text", "--lang", lang)
    assert told not in out


def test_the_digest_of_a_week_lists_every_shift(run: Run) -> None:
    rows = a_launch()
    for row in rows[:60]:
        row["created_at"] = "2026-02-25T10:00:00Z"
    run("import", write_posts(rows))
    week = ("digest", "--period", "week", "--date", "2026-03-04", "--format", "text")
    _code, out, _err = run(*week, "--lang", "en")
    assert "Shifts beyond chance" in out
    assert "Customers/Demand: 100.0" in out


CONFIG = """
[[touchpoints]]
name = "Versand"
phase = "action"
topics = ["Paket"]
owner = "Logistik"
goal = { satisfaction = 80, by = "2026-12-31" }

[[touchpoints]]
name = "Seite <b>"
phase = "information"
sources = ["page"]
"""


@pytest.fixture
def journey(run: Run) -> Run:
    Path("config.toml").write_text(CONFIG, encoding="utf-8")
    late = [post(n, f"Pakete kommen zu spät, Nummer {n}. Mail an a{n}@example.com", mood="negative",
                 source="forum", likes=n) for n in range(12)]  # fmt: skip
    glad = [post(n, "Gut erklärt", mood="positive") for n in range(20, 24)]
    run("import", write_posts(late + glad))
    return run


def test_touchpoints_are_mapped_by_source_and_topic(journey: Run) -> None:
    _code, out, _err = journey("touchpoints", "--json")
    page, shipping = (json.loads(line) for line in out.splitlines())
    assert (shipping["touchpoint"], shipping["posts"], shipping["satisfaction"]) == (
        "Versand",
        12,
        0,
    )
    assert shipping["weak_rank"] == 1
    assert shipping["goal"]["state"] == "open"
    assert (page["voices"], page["too_few"], page["satisfaction"]) == (4, True, None)
    assert len(shipping["quotes"]) == 2
    assert all("@example.com" not in quote for quote in shipping["quotes"])


@pytest.mark.parametrize("lang", ["de", "en"])
def test_the_map_is_readable_on_a_terminal(journey: Run, lang: str) -> None:
    _code, out, _err = journey("touchpoints", "--lang", lang)
    assert "Versand" in out
    assert ("zu wenige Stimmen" if lang == "de" else "too few voices") in " ".join(out.split())
    assert "Pakete kommen zu spät" in out


def test_the_map_is_drawn_the_same_each_time_and_says_itself_in_words(journey: Run) -> None:
    for name in ("one.svg", "two.svg", "map.html", "map.png"):
        assert journey("touchpoints", "--out", name)[0] == 0
    svg = Path("one.svg").read_text("utf-8")
    assert svg == Path("two.svg").read_text("utf-8")
    assert "<desc>" in svg
    assert "Versand" in svg
    page = Path("map.html").read_text("utf-8")
    assert "<svg" in page
    assert "Seite <b>" not in page
    assert Path("map.png").read_bytes().startswith(b"\x89PNG")
    code, _out, err = journey("touchpoints", "--out", "map.pdf")
    assert code == 2
    assert ".svg, .png or .html" in err


def test_the_map_is_written_as_a_table_too(journey: Run) -> None:
    for name in ("map.csv", "map.json", "map.xlsx"):
        assert journey("touchpoints", "--out", name)[0] == 0
    told = json.loads(Path("map.json").read_text("utf-8"))
    with Path("map.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["touchpoint"] for row in rows] == [row["touchpoint"] for row in told]
    shipping = next(row for row in rows if row["touchpoint"] == "Versand")
    assert (shipping["posts"], shipping["goal_state"]) == ("12", "open")
    assert "@example.com" not in shipping["quotes"]
    head = next(openpyxl.load_workbook("map.xlsx").worksheets[0].iter_rows(values_only=True))
    assert list(head) == list(rows[0])


@pytest.mark.parametrize(("by", "lines"), [((), 9), (("--by", "day"), 27)])
def test_the_matrix_is_written_as_a_table(run: Run, by: tuple[str, ...], lines: int) -> None:
    run("import", write_posts([post(1, "a", created_at="2026-03-04T10:00:00Z")]))
    for name in ("matrix.csv", "matrix.json"):
        code, out, _err = run("matrix", "--period", "3d", *by, "--out", name)
        assert (code, out) == (0, "")
    with Path("matrix.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(json.loads(Path("matrix.json").read_text("utf-8"))) == lines
    (full,) = (row for row in rows if row["posts"] == "1")
    assert (full["initiator"], full["kind"], full["sentiment_neutral"]) == (
        "customer",
        "supply",
        "1",
    )
    code, _out, err = run("matrix", "--out", "matrix.pdf")
    assert code == 2
    assert ".csv, .xlsx or .json" in err


def test_a_touchpoint_without_a_place_is_refused(run: Run) -> None:
    Path("config.toml").write_text('[[touchpoints]]\nname = "x"\n', encoding="utf-8")
    code, _out, err = run("touchpoints")
    assert code == 2
    assert "needs sources or topics" in err


def test_without_posts_the_map_says_so(run: Run) -> None:
    _code, out, _err = run("touchpoints")
    assert "no labelled post" in out


def test_datasette_shows_no_table_with_personal_data_and_its_queries_run(run: Run) -> None:
    run("import", write_posts([post(1, "a")]))
    assert run("kpi", "datasette", "metadata.json")[0] == 0
    described = json.loads(Path("metadata.json").read_text("utf-8"))["databases"]["sturmglas"]
    assert described["allow_sql"] is False
    for table in ("posts", "authors", "posts_readable", "posts_fts", "versions", "votes"):
        assert described["tables"].get(table, {"allow": False}) == {"allow": False}
    connection = sqlite3.connect("sturmglas.db")
    held = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type IN "
                                                 "('table', 'view')")}  # fmt: skip
    assert held <= set(described["tables"])
    for query in described["queries"].values():
        connection.execute(query["sql"]).fetchall()
    connection.close()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("kpi",), "Click-through rate"),
        (("matrix", "--period", "week"), "Customers: Supply 3"),
        (("matrix", "--period", "week", "--by", "day"), "Customers/Supply"),
    ],
)
def test_sheet_and_matrix_are_drawn_the_same_each_time_and_say_themselves_in_words(
    run: Run, command: tuple[str, ...], words: str
) -> None:
    run("import", write_posts([post(n, f"Text {n} kostet $5 und $6", mood="negative")
                               for n in range(3)]))  # fmt: skip
    bring(run, CLICKS)
    for name in ("one.svg", "two.svg", "one.png"):
        code, _out, err = run(*command, "--date", "2026-03-02", "--out", name)
        assert code == 0, err
    svg = Path("one.svg").read_text("utf-8")
    assert svg == Path("two.svg").read_text("utf-8")
    assert words in svg[: svg.index("</desc>")]
    assert Path("one.png").read_bytes().startswith(b"\x89PNG")
    assert run(*command, "--out", "sheet.pdf")[0] == 2

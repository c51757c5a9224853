"""The KPI sheet, its imports and the customer's journey as people and scripts use them."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import openpyxl
import pytest
import respx

from monitor.cli.main import main

Run = Callable[..., tuple[int, str, str]]
HEAD = "date,source,metric,value\n"
CLICKS = HEAD + "2026-03-02,web,clicks,17\n2026-03-02,web,impressions,1000\n"
NOW = ("--now", "2026-03-05T12:00:00Z")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = 0
        try:
            main((*arguments, *NOW))
        except SystemExit as leave:
            code = leave.code if isinstance(leave.code, int) else int(leave.code is not None)
        out, err = capsys.readouterr()
        return code, out, err

    return call


def post(number: int, text: str, **fields: Any) -> dict[str, Any]:
    labels = {
        "sentiment": fields.pop("mood", "neutral"), "initiator": "customer", "kind": "supply",
        "lang": "de",
    }  # fmt: skip
    given = {
        "platform": "facebook", "source": "page", "native_id": str(number), "text": text,
        "author_id": f"u{number}", "created_at": "2026-03-02T10:00:00Z", "labels": labels,
    }  # fmt: skip
    return given | fields


def write_posts(rows: list[dict[str, Any]]) -> str:
    Path("posts.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return "posts.jsonl"


def sheet(run: Run, *arguments: str) -> dict[str, dict[str, Any]]:
    code, out, err = run("kpi", "--json", *arguments)
    assert code == 0, err
    return {row["kpi"]: row for row in map(json.loads, out.splitlines())}


def bring(run: Run, text: str, *arguments: str, name: str = "figures.csv") -> dict[str, Any]:
    Path(name).write_text(text, encoding="utf-8")
    _code, out, err = run("kpi", "import", name, "--json", *arguments)
    assert out, err
    return json.loads(out)


def reasons(name: str = "figures.csv") -> dict[int, str]:
    lines = Path("rejects", f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["line"]: row["reason"] for row in map(json.loads, lines)}


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


# --- imports ----------------------------------------------------------------------------------


def test_an_import_is_safe_to_repeat_and_takes_corrections(run: Run) -> None:
    text = "date,source,metric,value\n2026-03-01,web,visits,100\n2026-03-02,web,visits,200\n"
    first, again = bring(run, text), bring(run, text)
    assert (first["new"], first["updated"], first["unchanged"]) == (2, 0, 0)
    assert (again["new"], again["updated"], again["unchanged"]) == (0, 0, 2)
    corrected = bring(run, text.replace("200", "250"))
    assert (corrected["new"], corrected["updated"], corrected["unchanged"]) == (0, 1, 1)


def test_bad_rows_are_kept_with_line_and_reason_and_good_ones_arrive(run: Run) -> None:
    rows = (
        "2026-03-01,web,visits,100", "2026-03-01,web,bounces,101", "2026-03-01,web,clicks,-1",
        "2026-03-01,web,visits,120", "2026-03-01/2026-03-31,web,visits,9",
        "2026-03-02,web,visits,9",
    )  # fmt: skip
    told = bring(run, HEAD + "\n".join(rows))
    assert (told["read"], told["new"], told["rejected"]) == (6, 2, 4)
    found = reasons()
    assert set(found) == {3, 4, 5, 6}
    assert "more than visits 100" in found[3]
    assert "never negative" in found[4]
    assert "line 2 already" in found[5]
    assert "overlap" in found[6]
    code, _out, _err = run("kpi", "import", "figures.csv")
    assert code == 1


def test_german_columns_numbers_and_semicolons_are_read(run: Run) -> None:
    bring(run, "Datum;Quelle;Kennzahl;Wert\n02.03.2026;Netz;Impressionen;1.000\n"
               "02.03.2026;Netz;Klicks;17\n")  # fmt: skip
    assert sheet(run)["click_through_rate"]["value"] == 1.7


def test_a_survey_counts_once_however_often_it_is_imported(run: Run) -> None:
    scores = [10, 10, 9, 8, 7, 3]
    text = "date,question,score\n" + "".join(f"2026-03-01,nps,{score}\n" for score in scores)
    assert bring(run, text)["new"] == 6
    assert bring(run, text)["unchanged"] == 6
    nps = sheet(run)["net_promoter_score"]
    assert (nps["numerator"], nps["denominator"]) == (2, 6)
    assert nps["parts"] == {"promoters": 3, "passives": 2, "detractors": 1}
    assert bring(run, text + "2026-03-01,nps,0\n")["new"] == 1
    assert sheet(run)["net_promoter_score"]["denominator"] == 7


def test_an_empty_survey_gives_unknown_and_not_zero(run: Run) -> None:
    told = bring(run, "date,question,score\n")
    assert (told["read"], told["rejected"]) == (0, 0)
    assert sheet(run)["net_promoter_score"]["value"] is None


def test_customers_at_start_and_end_are_the_counts_around_the_period(run: Run) -> None:
    rows = (
        "2026-02-28,crm,customers,1000",
        "2026-03-04,crm,customers,1100",
        "2026-03-02,crm,customers_new,200",
        "2026-03-03,crm,customers_lost,84",
        "2026-03-04,crm,customers_multiple,275",
    )
    bring(run, HEAD + "\n".join(rows))
    found = sheet(run, "--period", "5d")
    assert found["customer_retention_rate"]["value"] == 90
    assert found["customer_churn_rate"]["value"] == 8
    assert found["upselling_ratio"]["value"] == 0.25
    # without a count before the period nobody knows with how many it began
    assert sheet(run, "--period", "30d")["customer_retention_rate"]["value"] is None


def test_a_row_may_say_itself_how_many_customers_there_were_at_start_and_end(run: Run) -> None:
    rows = (
        "2026-03-01,crm,customers_start,1000",
        "2026-03-04,crm,customers_end,1100",
        "2026-03-04,crm,customers_new,200",
    )
    bring(run, HEAD + "\n".join(rows))
    assert sheet(run)["customer_retention_rate"]["value"] == 90


def test_a_matomo_export_in_utf16_and_a_google_export_with_remarks_are_read(run: Run) -> None:
    Path("matomo.csv").write_bytes(
        "date,nb_visits,bounce_count,sum_visit_length\n2026-03-01,100,40,9000\n".encode("utf-16")
    )
    google = (
        "# ------\n# Traffic\n# ------\n\nDate,Sessions,Engaged sessions\n20260302,300,260\nx,1,1\n"
    )
    Path("ga.csv").write_text(google, encoding="utf-8")
    assert run("kpi", "import", "matomo.csv")[0] == 0
    assert run("kpi", "import", "ga.csv")[0] == 1
    assert list(reasons("ga.csv")) == [7]
    bounce = sheet(run)["bounce_rate"]
    assert (bounce["value"], bounce["numerator"], bounce["denominator"]) == (20, 80, 400)


def test_a_table_of_something_else_is_refused_with_what_is_wanted(run: Run) -> None:
    Path("x.csv").write_text("name,age\nA,1\n", encoding="utf-8")
    code, _out, err = run("kpi", "import", "x.csv")
    assert code == 2
    assert "date,source,metric,value" in err
    assert run("kpi", "import", "missing.csv")[0] == 2


def test_answers_are_told_by_source_and_by_the_local_hour_of_the_question(run: Run) -> None:
    rows = [
        post(1, "Wann kommt es?", created_at="2026-03-02T10:05:00Z"),
        post(2, "Morgen.", parent_id="1", author_role="company",
             created_at="2026-03-02T10:35:00Z"),
        post(3, "Und wann das?", created_at="2026-03-02T10:50:00Z"),
        post(4, "Wo bleibt es?", created_at="2026-03-03T22:00:00Z", source="forum"),
    ]  # fmt: skip
    Path("config.toml").write_text('[general]\ntimezone = "Europe/Berlin"\n', encoding="utf-8")
    run("import", write_posts(rows))
    found = sheet(run)
    rate, wait = found["answer_rate"], found["time_to_first_answer"]
    assert [(r["source"], r["numerator"], r["denominator"]) for r in rate["by_source"]] == [
        ("forum", 0, 1),
        ("page", 1, 2),
    ]
    assert [(r["hour"], r["numerator"], r["denominator"]) for r in rate["by_hour"]] == [
        (11, 1, 2),
        (23, 0, 1),
    ]
    assert [(r["source"], r["value"]) for r in wait["by_source"]] == [("page", 1800)]
    assert [(r["hour"], r["value"]) for r in wait["by_hour"]] == [(11, 1800)]
    assert found["engagement_rate"]["by_hour"] == []
    _code, out, _err = run("kpi", "--lang", "de")
    assert "Antworten nach der Stunde der Frage" in out
    assert "11:00" in out


# --- Matomo's API -------------------------------------------------------------------------------

TOKEN = "0123456789abcdef0123456789abcdef"
VISITS = {
    "2026-03-03": {
        "nb_uniq_visitors": 105, "nb_users": 0, "nb_visits": 111, "nb_actions": 213,
        "nb_visits_converted": 0, "bounce_count": 76, "sum_visit_length": 9307, "max_actions": 18,
        "bounce_rate": "68%", "nb_actions_per_visit": 1.9, "avg_time_on_site": 84,
    },
    "2026-03-04": [],
    "2026-03-05": {"nb_visits": 10, "bounce_count": 4, "sum_visit_length": 300},
}  # fmt: skip
ACTIONS = {
    "2026-03-03": {"nb_pageviews": 180, "nb_uniq_pageviews": 150, "nb_downloads": 3},
    "2026-03-04": [],
    "2026-03-05": {"nb_pageviews": 20, "nb_uniq_pageviews": 18},
}
ASK = ("kpi", "import", "--matomo", "https://matomo.example/", "--site", "7", "--period", "3d")


@pytest.fixture
def matomo(monkeypatch: pytest.MonkeyPatch) -> Iterator[respx.Route]:
    """A server that answers as Matomo does; the token is set."""

    def answer(request: httpx.Request) -> httpx.Response:
        form = dict(parse_qsl(request.content.decode()))
        assert TOKEN not in str(request.url)
        assert form["token_auth"] == TOKEN
        assert (form["idSite"], form["period"]) == ("7", "day")
        assert form["date"] == "2026-03-03,2026-03-05"
        answers = {"VisitsSummary.get": VISITS, "Actions.get": ACTIONS}
        return httpx.Response(200, json=answers[form["method"]])

    monkeypatch.setenv("STURMGLAS_KPI__MATOMO__TOKEN", TOKEN)
    with respx.mock() as mock:
        yield mock.post("https://matomo.example/index.php").mock(side_effect=answer)


def test_matomo_is_asked_for_its_days_and_asked_again_counts_nothing_twice(
    run: Run, matomo: respx.Route
) -> None:
    code, out, err = run(*ASK, "--json")
    assert code == 0, err
    assert (json.loads(out)["read"], json.loads(out)["new"]) == (2, 8)
    assert matomo.call_count == 2
    found = sheet(run)
    assert (found["bounce_rate"]["numerator"], found["bounce_rate"]["denominator"]) == (80, 121)
    assert found["page_views"]["value"] == 200
    assert found["page_views"]["sources"] == ["matomo"]
    assert (found["time_on_site"]["numerator"], found["time_on_site"]["denominator"]) == (9607, 121)
    _code, out, _err = run(*ASK, "--json")
    assert (json.loads(out)["new"], json.loads(out)["unchanged"]) == (0, 8)


def test_the_token_of_matomo_may_stand_in_a_file(
    run: Run, matomo: respx.Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STURMGLAS_KPI__MATOMO__TOKEN")
    Path("token").write_text(TOKEN + "\n", encoding="utf-8")
    monkeypatch.setenv("STURMGLAS_KPI__MATOMO__TOKEN_FILE", "token")
    assert run(*ASK)[0] == 0
    assert matomo.called


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (200, {"result": "error", "message": "You can't access this resource as it requires "
               "'view' access for the website id = 7."}, "check --site and the rights of STURM"),
        (401, {"result": "error", "message": "Unable to authenticate with the provided token."},
         "rights of STURMGLAS_KPI__MATOMO__TOKEN"),
        (200, {"result": "error", "message": "The plugin is not activated"}, "plugin is not activ"),
        (200, {"result": "error", "message": f"bad {TOKEN} access"}, "bad *** access"),
        (404, "nothing", "no Matomo there"),
        (200, {"nb_visits": 3}, "days were wanted"),
        (200, "<html>", "JSON was wanted"),
    ],
)  # fmt: skip
def test_what_matomo_refuses_is_told_and_nothing_is_kept(
    run: Run, matomo: respx.Route, status: int, body: object, words: str
) -> None:
    content = body if isinstance(body, str) else json.dumps(body)
    matomo.mock(side_effect=None, return_value=httpx.Response(status, text=content))
    code, out, err = run(*ASK)
    assert (code, out) == (1, "")
    assert words in err
    assert TOKEN not in err
    assert sheet(run)["page_views"]["value"] is None


def test_a_day_that_does_not_add_up_is_refused_of_matomo_too(
    run: Run, matomo: respx.Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(VISITS, "2026-03-05", {"nb_visits": 10, "bounce_count": 40})
    assert run(*ASK)[0] == 1
    assert "more than visits 10" in next(iter(reasons("matomo").values()))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "name a file, or a server"),
        (("x.csv", "--matomo", "https://matomo.example"), "name a file, or a server"),
        (("--matomo", "https://matomo.example"), "--site 1"),
        (("--matomo", "https://matomo.example", "--site", "1"), "set STURMGLAS_KPI__MATOMO__TOKEN"),
    ],
)
def test_what_an_import_lacks_is_named(run: Run, arguments: tuple[str, ...], words: str) -> None:
    code, out, err = run("kpi", "import", *arguments)
    assert (code, out) == (2, "")
    assert words in err


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
    assert "Customers/Demand 100.0" in out
    assert "Customers/Supply 0.0" in out


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
    assert "Customers/Demand 100.0" in out


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

"""Figures and surveys come in: from files and from Matomo."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl

import httpx
import pytest
import respx

from tests import kpi_cases
from tests.kpi_cases import HEAD, Run, bring, post, reasons, sheet, write_posts

run = kpi_cases.run


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
GOALS = [{"idgoal": 1, "name": "Newsletter"}]
CONVERSIONS = {"2026-03-03": {"nb_conversions": 4, "revenue": 0}, "2026-03-04": [],
               "2026-03-05": {"nb_conversions": 1}}  # fmt: skip
FREQUENCY = {
    "2026-03-03": {"nb_visits_new": 80, "nb_visits_returning": 31, "sum_visit_length_new": 5307,
                   "sum_visit_length_returning": 4000, "bounce_count_returning": 9},
    "2026-03-04": [],
    "2026-03-05": {"nb_visits_returning": 3, "sum_visit_length_returning": 100},
}  # fmt: skip
ASK = ("kpi", "import", "--matomo", "https://matomo.example/", "--site", "7", "--period", "3d")


@pytest.fixture
def matomo(monkeypatch: pytest.MonkeyPatch) -> Iterator[respx.Route]:
    """A server that answers as Matomo does; the token is set."""

    def answer(request: httpx.Request) -> httpx.Response:
        form = dict(parse_qsl(request.content.decode()))
        assert TOKEN not in str(request.url)
        assert form["token_auth"] == TOKEN
        assert form["idSite"] == "7"
        if form["method"] == "Goals.getGoals":
            return httpx.Response(200, json=GOALS)
        assert form["period"] == "day"
        assert form["date"] == "2026-03-03,2026-03-05"
        answers = {"VisitsSummary.get": VISITS, "Actions.get": ACTIONS, "Goals.get": CONVERSIONS,
                   "VisitFrequency.get": FREQUENCY}  # fmt: skip
        return httpx.Response(200, json=answers[form["method"]])

    monkeypatch.setenv("STURMGLAS_KPI__MATOMO__TOKEN", TOKEN)
    with respx.mock() as mock:
        yield mock.post("https://matomo.example/index.php").mock(side_effect=answer)


def test_matomo_is_asked_for_its_days_and_asked_again_counts_nothing_twice(
    run: Run, matomo: respx.Route
) -> None:
    code, out, err = run(*ASK, "--json")
    assert code == 0, err
    assert (json.loads(out)["read"], json.loads(out)["new"]) == (2, 16)
    assert matomo.call_count == 5
    found = sheet(run)
    assert (found["bounce_rate"]["numerator"], found["bounce_rate"]["denominator"]) == (80, 121)
    assert found["page_views"]["value"] == 200
    assert found["page_views"]["sources"] == ["matomo"]
    assert (found["time_on_site"]["numerator"], found["time_on_site"]["denominator"]) == (9607, 121)
    _code, out, _err = run(*ASK, "--json")
    assert (json.loads(out)["new"], json.loads(out)["unchanged"]) == (0, 16)


def test_matomo_tells_conversions_and_new_and_returning_visitors(
    run: Run, matomo: respx.Route
) -> None:
    assert run(*ASK)[0] == 0
    found = sheet(run)
    rate = found["conversion_rate"]
    assert (rate["numerator"], rate["denominator"]) == (5, 121)
    assert (found["time_on_site_new"]["numerator"], found["time_on_site_new"]["denominator"]) == (
        5307, 80,
    )  # fmt: skip
    assert found["time_on_site_returning"]["numerator"] == 4100


def test_without_goals_conversions_stay_unknown(
    run: Run, matomo: respx.Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{__name__}.GOALS", [])
    assert run(*ASK)[0] == 0
    assert sheet(run)["conversion_rate"]["value"] is None


def test_a_plugin_that_is_switched_off_takes_nothing_else_away(
    run: Run, matomo: respx.Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    off = {"result": "error", "message": "The plugin VisitFrequency is not enabled."}
    monkeypatch.setattr(f"{__name__}.FREQUENCY", off)
    code, _out, err = run(*ASK)
    assert code == 0, err
    assert sheet(run)["conversion_rate"]["numerator"] == 5
    assert sheet(run)["time_on_site_new"]["value"] is None


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

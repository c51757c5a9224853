"""The commands about warning as people and scripts use them: verdicts, tuning, looking back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from communities import PAGE, START, Community

from monitor.cli.main import main

Run = Callable[..., tuple[int, str, str]]

NOON = START + timedelta(days=9, hours=10)
WARNED = NOON + timedelta(hours=3)
ANSWER = "Wir tauschen jeden Deckel kostenlos um."


def stamp(**later: float) -> str:
    return (WARNED + timedelta(**later)).isoformat()


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a posts file in which a storm rises at NOON, and a store that saw it."""
    folder = tmp_path_factory.mktemp("storm")
    community = Community(5).live(10).burst(NOON, 8, 60, (0.8, 0.15, 0.05), ramp_h=2)
    community.say(NOON, (1, 0, 0), [PAGE], "star", author_followers=40_000)
    community.say(WARNED, (0, 1, 0), [PAGE], "acme", author_role="company")
    community.rows[-1] |= {"text": ANSWER, "parent_id": "0"}
    lines = [json.dumps(row) for _, row in community.numbered()]
    (folder / "week.jsonl").write_text("\n".join(lines), encoding="utf-8")
    for command in (
        ("import", str(folder / "week.jsonl")),
        ("tick", "--now", WARNED.isoformat()),
    ):
        with pytest.raises(SystemExit) as leave:
            main([*command, "--db", str(folder / "sturmglas.db")])
        assert not leave.value.code
    return folder


@pytest.fixture
def run(
    history: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run a command beside a copy of the store; returns exit code, stdout, stderr."""
    shutil.copytree(history, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = 0
        try:
            main(arguments)
        except SystemExit as leave:
            code = leave.code if isinstance(leave.code, int) else int(leave.code is not None)
        out, err = capsys.readouterr()
        return code, out, err

    return call


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def storm_id(run: Run) -> str:
    (storm,) = (a for a in rows(run("alerts", "--json")[1]) if a["rule"] == "storm")
    return str(storm["id"])


def test_alerts_have_the_promised_keys_and_name_their_reasons(run: Run) -> None:
    code, out, _ = run("alerts", "--open", "--json")
    (storm,) = (alert for alert in rows(out) if alert["rule"] == "storm")
    promised = {
        "id", "rule", "source", "level", "state", "opened_at", "updated_at", "closed_at",
        "headline", "why", "parts", "posts",
    }  # fmt: skip
    assert code == 0
    assert promised <= storm.keys()
    assert storm["source"] is None
    assert storm["level"] >= 3
    assert storm["posts"]
    assert {"part", "value", "baseline", "weight"} == storm["parts"][0].keys()


@pytest.mark.parametrize(
    ("lang", "words"), [("de", "kritische Stimmen"), ("en", "critical voices")]
)
def test_people_read_alerts_with_reasons_and_what_to_do(run: Run, lang: str, words: str) -> None:
    _, out, _ = run("alerts", "--lang", lang)
    assert words in out
    assert "    - " in out


def test_a_span_without_alerts_is_said_to_be_empty(run: Run) -> None:
    assert run("alerts", "--since", "2031-01-01", "--open", "--lang", "de")[0] == 0
    empty = ("alerts", "--open", "--db", "new.db")
    assert "Kein Alarm ist offen." in run(*empty, "--lang", "de")[2]
    assert run(*empty, "--json") == (0, "", "")


@pytest.mark.parametrize(
    ("command", "german"),
    [
        (("ack",), "Jemand kümmert sich"),
        (("snooze", "--for", "4h"), "Ruhe bis"),
        (("noise",), "Als Fehlalarm notiert"),
        (("useful",), "Als nützlich notiert"),
    ],
)
def test_a_verdict_answers_with_the_alert_and_is_kept(
    run: Run, command: tuple[str, ...], german: str
) -> None:
    alert = storm_id(run)
    said = (*command, alert, "--by", "anna", "--reason", "FAQ ist raus", "--now", stamp(minutes=5))
    code, out, err = run(*said, "--lang", "de")
    assert code == 0
    assert alert in out
    assert german in err
    _, out, err = run(*said, "--json")
    assert [row["id"] for row in rows(out)] == [alert]
    _, review, _ = run("alerts", "review", alert)
    assert "anna" in review
    assert "FAQ ist raus" in review


@pytest.mark.parametrize("command", ["ack", "snooze", "noise", "useful"])
def test_a_verdict_on_nothing_says_where_the_alerts_are(run: Run, command: str) -> None:
    code, _, err = run(command, "storm-999")
    assert code == 1
    assert "storm-999: no such alert; `sturmglas alerts` lists them" in err


@pytest.mark.parametrize("span", ["soon", "0h", "4"])
def test_a_snooze_needs_a_span(run: Run, span: str) -> None:
    code, _, err = run("snooze", storm_id(run), "--for", span)
    assert code == 2
    assert f"--for {span}" in err


def test_tuning_shows_thresholds_and_what_they_would_have_fired(run: Run) -> None:
    alert = storm_id(run)
    run("useful", alert)
    code, out, _ = run(
        "alerts", "tune", "--budget", "1", "--weeks", "1", "--now", stamp(), "--json"
    )
    found = {row["rule"]: row for row in rows(out)}
    assert code == 0
    assert found["storm"]["fired"] == 1
    for row in found.values():
        assert {"current", "threshold", "fired", "missed", "useful_missed"} <= row.keys()
    held = [row["fired"] for rule, row in found.items() if rule.endswith("_spike")]
    assert sum(held) <= 1
    _, out, _ = run("alerts", "tune", "--weeks", "1", "--now", stamp(), "--lang", "de")
    assert "fürs Budget" in out
    assert "storm: 1 nützlich, 0 Fehlalarm" in out


def test_tuning_an_empty_store_says_that_nothing_stood_out(run: Run) -> None:
    code, out, err = run("alerts", "tune", "--db", "new.db", "--lang", "de")
    assert (code, out) == (0, "")
    assert "fiel nichts auf" in err


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("de", ("Nachbetrachtung", "erster Verstärker", "unsere Antworten: 1")),
        ("en", ("Post-mortem", "first amplifier", "our answers: 1")),
    ],
)
def test_a_review_tells_the_storm_from_spark_to_answer(
    run: Run, lang: str, words: tuple[str, ...]
) -> None:
    later = stamp(hours=2)
    code, out, _ = run("alerts", "review", storm_id(run), "--lang", lang, "--now", later)
    assert code == 0
    for word in words:
        assert word in out
    _, page, _ = run("alerts", "review", storm_id(run), "--html", "--lang", lang, "--now", later)
    assert page.startswith(f'<!doctype html>\n<html lang="{lang}">')


def test_the_clock_of_a_replay_warns_as_the_tick_did(run: Run) -> None:
    code, out, _ = run("replay", "week.jsonl", "--from", NOON.isoformat(), "--json")
    storms = [event for event in rows(out) if event["rule"] == "storm"]
    assert code == 0
    assert storms[0]["event"] == "opened"
    assert len({event["alert"] for event in storms}) == 1
    _, of_the_store, _ = run("replay", "--from", NOON.isoformat(), "--json")
    assert [e["at"] for e in rows(of_the_store) if e["rule"] == "storm"] == [
        event["at"] for event in storms
    ]


def test_a_backtest_scores_every_row_as_it_was_written(run: Run, tmp_path: Path) -> None:
    series = [
        f"{(START + timedelta(hours=h)):%Y-%m-%d %H:%M:%S},{400 if h == 600 else 10 + h % 3}"
        for h in range(700)
    ]
    (tmp_path / "series.csv").write_text("\n".join(["timestamp,value", *series]))
    code, out, _ = run("backtest", "series.csv", "--scores", "scores.csv", "--json")
    assert code == 0
    assert [row["timestamp"] for row in rows(out)] == [series[600].split(",")[0]]
    scored = (tmp_path / "scores.csv").read_text().splitlines()
    assert scored[0] == "timestamp,value,score,alarm"
    assert [line.rsplit(",", 2)[0] for line in scored[1:]] == series
    assert scored[601].endswith(",1")


def test_one_alert_is_shown_as_its_message_tells_it(run: Run) -> None:
    storm = storm_id(run)
    run("ack", storm, "--by", "anna")
    code, out, _ = run("alerts", "show", storm, "--lang", "de")
    assert code == 0
    order = ["Worauf es sich stützt", "\nStimmen", "Wer kümmert sich", "anna", "Zu tun", storm]
    places = [out.index(word) for word in order]
    assert places == sorted(places)
    assert [row["id"] for row in rows(run("alerts", "show", storm, "--json")[1])] == [storm]
    assert run("alerts", "show", "storm-of-nobody")[0] == 1


def test_the_companys_own_steps_stand_in_place_of_ours(run: Run, tmp_path: Path) -> None:
    def storm(lang: str) -> dict[str, Any]:
        found = rows(run("alerts", "--json", "--lang", lang)[1])
        return next(row for row in found if row["rule"] == "storm")

    level = storm("de")["level"]
    (tmp_path / "config.toml").write_text(
        f'[alerts.playbook.de]\n{level} = ["Frau Muster anrufen"]\n', encoding="utf-8"
    )
    assert storm("de")["playbook"] == ["Frau Muster anrufen"]
    assert "Frau Muster anrufen" in run("alerts", "--lang", "de")[1]
    assert "Frau Muster anrufen" in run("alerts", "show", storm("de")["id"], "--lang", "de")[1]
    assert len(storm("en")["playbook"]) > 1


@pytest.mark.parametrize(
    "table", ['[alerts.playbook.fr]\n3 = ["x"]', "[alerts.playbook.de]\n7 = []"]
)
def test_steps_for_what_does_not_exist_are_refused(run: Run, tmp_path: Path, table: str) -> None:
    (tmp_path / "config.toml").write_text(table, encoding="utf-8")
    code, _, told = run("alerts")
    assert code == 2
    assert "alerts.playbook" in told

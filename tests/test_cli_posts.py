"""The command line as scripts and people use it: posts, labels, set-up."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from monitor.cli.main import hoist, main

Run = Callable[..., tuple[int, str, str]]

ROWS = [
    {
        "platform": "facebook", "source": "acme-page", "native_id": "100", "kind": "post",
        "author_id": "acme", "author_role": "company", "text": "Unser neuer Becher ist da.",
        "created_at": "2026-03-02T08:00:00Z", "likes": 3, "lang": "de",
    },
    {
        "platform": "facebook", "source": "acme-page", "native_id": "123", "kind": "comment",
        "author_id": "u9", "author_handle": "anna", "author_name": "Anna", "text": "Der Deckel ist "
        "undicht, nach einer Woche!", "created_at": "2026-03-02T08:15:00Z", "parent_id": "100",
        "root_id": "100", "likes": 2, "lang": "de", "color": "blau",
    },
]  # fmt: skip


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in an empty folder; returns exit code, stdout, stderr."""
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


@pytest.fixture
def filled(run: Run, tmp_path: Path) -> Run:
    file = tmp_path / "posts.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in ROWS), encoding="utf-8")
    assert run("import", "posts.jsonl")[0] == 0
    return run


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_import_answers_with_the_promised_keys_and_is_safe_to_repeat(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "p.jsonl").write_text("\n".join(map(json.dumps, ROWS)), encoding="utf-8")
    code, out, _ = run("import", "p.jsonl", "--json")
    assert code == 0
    assert lines(out) == [
        {"read": 2, "new": 2, "updated": 0, "unchanged": 0, "rejected": 0, "rejects_file": None}
    ]
    _, out, _ = run("--json", "import", "p.jsonl")
    assert lines(out)[0]["unchanged"] == 2


def test_a_rejected_row_makes_exit_1_but_the_rest_arrives(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('nonsense\n{"text": "gut"}', encoding="utf-8")
    code, out, _ = run("import", "p.jsonl", "--source", "forum", "--json")
    (answer,) = lines(out)
    assert code == 1
    assert (answer["new"], answer["rejected"]) == (1, 1)
    assert Path(answer["rejects_file"]).name == "p.jsonl"
    _, out, _ = run("posts", "--json")
    assert lines(out)[0]["uid"].startswith("file:forum:")


def test_a_csv_with_its_own_column_names_is_read_by_map_and_value(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(
        "Nr;Kommentar;Art\n7;Der Deckel klemmt;Bewertung\n", encoding="utf-8"
    )
    code, out, err = run(
        "import", "x.csv", "--source", "reviews", "--json",
        "--map", "native_id=Nr", "--map", "text=Kommentar", "--map", "kind=Art",
        "--value", "kind:Bewertung=review",
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert lines(out)[0]["new"] == 1
    _, out, _ = run("posts", "--json")
    (post,) = lines(out)
    assert (post["uid"], post["kind"], post["text"]) == (
        "file:reviews:7",
        "review",
        "Der Deckel klemmt",
    )


def test_an_export_of_a_platform_is_read_by_its_preset(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "Review Id,Review Content,Review Stars,Review Created (UTC),Consumer User Id,Reference\n"
        "r1,Lieferung kam nie an,1,2026-03-01 10:00:00,c9,A-77\n",
        encoding="utf-8",
    )
    assert run("import", "t.csv", "--preset", "trustpilot", "--source", "shop")[0] == 0
    _, out, _ = run("posts", "--json")
    (post,) = lines(out)
    assert (post["uid"], post["kind"], post["rating"], post["rating_max"]) == (
        "trustpilot:r1",
        "review",
        1.0,
        5.0,
    )
    code, _, err = run("import", "t.csv", "--preset", "myspace")
    assert code == 2
    assert "trustpilot" in err


def test_posts_carry_the_names_of_a_posts_file_and_their_labels(filled: Run) -> None:
    assert filled("label")[0] == 0
    code, out, _ = filled("posts", "--json")
    newest = lines(out)[0]
    assert code == 0
    for key, value in ROWS[1].items():
        if key not in ("color", "author_role"):
            assert newest[key] == value
    assert newest["author_role"] == "customer"
    assert set(newest["labels"]) >= {"sentiment", "initiator", "kind", "idea", "toxic", "spam"}


def test_an_export_can_be_imported_again_and_names_nobody(filled: Run, tmp_path: Path) -> None:
    filled("label")
    code, out, _ = filled("export", "posts")
    assert code == 0
    assert '"anna"' not in out
    assert '"u9"' not in out
    (tmp_path / "again.jsonl").write_text(out, encoding="utf-8")
    code, answer, _ = filled("import", "again.jsonl", "--json", "--db", "second.db")
    assert (code, lines(answer)[0]["new"]) == (0, 2)
    before = {row["native_id"]: row["labels"] for row in lines(out)}
    _, again, _ = filled("export", "posts", "--db", "second.db")
    for row in lines(again):
        assert row["labels"] == before[row["native_id"]] | {"model": "given"}


def test_scripts_get_every_post_and_people_a_screenful(run: Run, tmp_path: Path) -> None:
    rows = "".join(json.dumps({"native_id": str(n), "text": f"Post {n}"}) + "\n" for n in range(60))
    (tmp_path / "many.jsonl").write_text(rows, encoding="utf-8")
    run("import", "many.jsonl")
    assert len(lines(run("posts", "--json")[1])) == 60
    assert len(lines(run("search", "Post", "--json")[1])) == 60
    assert len(lines(run("posts", "--json", "--limit", "7")[1])) == 7
    shown = run("posts")[1]
    assert "Post 59" in shown
    assert "Post 9 " not in shown


def test_authors_leave_in_clear_only_on_request_and_the_request_is_logged(filled: Run) -> None:
    _, out, _ = filled("export", "posts", "--with-authors")
    assert [row["author_id"] for row in lines(out)] == ["acme", "u9"]
    _, out, _ = filled("privacy", "log", "--json")
    assert any("export" in row["action"] for row in lines(out))


def test_a_spreadsheet_is_not_made_to_run_what_somebody_wrote(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"text": "=HYPERLINK(1)"}', encoding="utf-8")
    run("import", "p.jsonl")
    _, out, _ = run("export", "posts", "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(out))
    assert row["text"] == "'=HYPERLINK(1)"


def test_search_finds_words_newest_first_and_takes_signs_as_they_are(filled: Run) -> None:
    _, out, _ = filled("search", "deckel undicht", "--json")
    assert [row["native_id"] for row in lines(out)] == ["123"]
    for hostile in ('"', "AND", "a OR", "NEAR(", "text:x", "*", "-", "'; DROP TABLE posts"):
        code, _, err = filled("search", hostile)
        assert code in (0, 2)
        assert "Traceback" not in err


def test_show_gives_the_thread_and_the_counts_over_time(filled: Run) -> None:
    code, out, _ = filled("show", "facebook:123", "--json")
    (post,) = lines(out)
    assert code == 0
    assert [other["native_id"] for other in post["thread"]] == ["100", "123"]
    assert post["counts"][0]["likes"] == 2
    assert filled("show", "facebook:999")[0] == 1


def test_a_correction_is_kept_and_shown(filled: Run) -> None:
    code, out, _ = filled("correct", "facebook:123", "idea=yes", "sentiment=negative", "--json")
    assert code == 0
    assert lines(out)[0]["corrections"] == {"idea": "yes", "sentiment": "negative"}
    filled("label", "--all")
    _, out, _ = filled("posts", "--label", "idea=yes", "--json")
    assert [row["native_id"] for row in lines(out)] == ["123"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("import", "missing.jsonl"), ["missing.jsonl", "no such file"]),
        (("import", "."), ["is a folder", "name one file"]),
        (("import", "posts.jsonl", "--map", "nonsense"), ["FIELD=COLUMN", "text"]),
        (("posts", "--label", "mood=bad"), ["mood=bad", "sentiment"]),
        (("posts", "--label", "idea=maybe"), ["idea=maybe", "yes, no"]),
        (("correct", "facebook:123", "idea=perhaps"), ["idea=perhaps", "yes, no"]),
        (("export", "gossip"), ["gossip", "posts, labels, counts"]),
        (("export", "posts", "--format", "pdf"), ["pdf", "jsonl, csv"]),
        (("posts", "--now", "soon"), ["--now soon", "2026-03-02"]),
        (("fetch", "nowhere"), ["nowhere", "no such source"]),
        (("eval",), ["GOLD", "--sample"]),
        (("eval", "posts.jsonl", "--min", "kind=high"), ["kind=high"]),
        (("posts", "--config", "other.toml"), ["other.toml", "sturmglas init"]),
        (("nonsense",), ["nonsense"]),
        (("posts", "--lang", "fr"), ["fr"]),
    ],
)
def test_wrong_use_leaves_with_2_and_says_what_is_allowed(
    filled: Run, arguments: tuple[str, ...], words: list[str]
) -> None:
    code, out, err = filled(*arguments)
    assert (code, out) == (2, "")
    for word in words:
        assert word in err


def test_errors_are_told_in_the_language_of_the_call(run: Run, tmp_path: Path) -> None:
    assert run("import", "missing.jsonl", "--lang", "de")[2] == (
        "sturmglas: missing.jsonl: diese Datei gibt es nicht\n"
    )
    (tmp_path / "config.toml").write_text('[general]\nlanguage = "de"\n', encoding="utf-8")
    assert "möglich sind jsonl, csv" in run("export", "posts", "--format", "pdf")[2]


def test_a_correction_of_an_unknown_post_leaves_with_1(filled: Run) -> None:
    code, _, err = filled("correct", "facebook:999", "idea=yes")
    assert code == 1
    assert "facebook:999" in err


def test_wrong_configuration_leaves_with_2(filled: Run, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[general]\nlang = 'de'\n", encoding="utf-8")
    code, _, err = filled("posts")
    assert code == 2
    assert "general.lang" in err


def test_init_writes_a_config_once(run: Run, tmp_path: Path) -> None:
    assert run("init", "--lang", "de")[0] == 0
    text = (tmp_path / "config.toml").read_text(encoding="utf-8")
    code, _, err = run("init", "--lang", "en")
    assert code == 2
    assert "exists" in err
    assert (tmp_path / "config.toml").read_text(encoding="utf-8") == text
    assert run("config")[0] == 0


def test_init_answers_a_script_in_json(run: Run) -> None:
    code, told, err = run("--json", "init")

    assert (code, json.loads(told)) == (0, {"config": "config.toml"})
    assert "Next" in err


def test_config_masks_what_is_secret(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text(
        "[[sources]]\nname = 'm'\nplatform = 'mastodon'\ntarget = '#x'\n"
        "base_url = 'https://m.example'\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("STURMGLAS_SOURCES__M__TOKEN", "hush-hush")
    for arguments in (("config",), ("config", "--json"), ("sources", "--json")):
        code, out, err = run(*arguments)
        assert code == 0
        assert "hush-hush" not in out + err


class Feed(BaseHTTPRequestHandler):
    """A feed with one entry, in the own network."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/rss+xml")
        self.end_headers()
        self.wfile.write(
            b"<rss version='2.0'><channel><title>x</title><item><guid>1</guid>"
            b"<title>The lid leaks</title></item></channel></rss>"
        )

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


def test_a_place_in_the_own_network_is_added_only_when_that_is_meant(
    run: Run, tmp_path: Path
) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Feed) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/feed.xml"
        code, _, err = run("sources", "add", url)
        assert code == 1
        assert "allow_private = true" in err
        assert not (tmp_path / "config.toml").exists()
        code, out, _ = run("sources", "add", url, "--name", "inside", "--allow-private")
        assert code == 0
        assert "The lid leaks" in out
        (source,) = lines(run("sources", "--json")[1])
        assert source["allow_private"] is True
        (fetched,) = lines(run("fetch", "--json")[1])
        assert (fetched["posts"], fetched["error"]) == (1, None)
        code, out, err = run("--json", "sources", "add", url, "--name", "too", "--allow-private")
        assert (code, [entry["name"] for entry in lines(out)]) == (0, ["too"])
        assert "The lid leaks" in err
        server.shutdown()


def test_a_store_is_also_found_by_its_folder(run: Run, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "one.jsonl").write_text('{"text": "hello"}', encoding="utf-8")
    assert run("import", "one.jsonl", "--db", "kept/sturmglas.db")[0] == 0
    assert len(lines(run("posts", "--json", "--db", "kept")[1])) == 1


def test_the_schema_names_every_key(run: Run) -> None:
    code, out, _ = run("config", "--schema")
    assert code == 0
    for key in (
        "timezone",
        "budget_per_week",
        "third_party",
        "quiet_hours",
        "from",
        "unsure_below",
    ):
        assert f'"{key}"' in out


@pytest.mark.parametrize("out", ["nowhere/labels.jsonl", ".", "posts.jsonl"])
def test_classify_writes_no_folder_and_not_the_file_that_it_reads(
    run: Run, tmp_path: Path, out: str
) -> None:
    posts = tmp_path / "posts.jsonl"
    posts.write_text('{"id": "1", "text": "Der Deckel ist undicht."}\n', encoding="utf-8")

    code, told, err = run("classify", "posts.jsonl", "--out", out)

    assert (code, told) == (2, "")
    assert err.startswith(f"sturmglas: --out {out}: ")
    assert "undicht" in posts.read_text(encoding="utf-8")


def test_ids_and_texts_are_shown_as_they_are_written(run: Run, tmp_path: Path) -> None:
    row = {"source": "x", "native_id": "7", "text": "Lob :fire: [bold]an[/bold] alle [/i]"}
    (tmp_path / "posts.jsonl").write_text(json.dumps(row), encoding="utf-8")
    run("import", "posts.jsonl")

    code, told, _ = run("posts")

    assert code == 0
    assert "file:x:7" in told
    assert row["text"] in told


def test_classify_answers_row_by_row_in_order(run: Run, tmp_path: Path) -> None:
    rows = [
        '{"id": 1, "text": "Danke, klasse Service!", "thread": null}',
        "nonsense",
        '{"id": 3}',
        '{"id": "x4", "text": "", "author_role": null}',
        '{"id": "x5", "text": "a \\u0000 b"}',
        '{"id": "x6", "text": "a \\ud800 b"}',
        '{"id": "x7 \\ud800", "text": "b"}',
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(rows), encoding="utf-8")
    code, out, _ = run("classify", "in.jsonl")
    answers = lines(out)
    assert code == 1
    assert [row["id"] for row in answers] == [1, None, 3, "x4", "x5", "x6", None]
    assert "error" in answers[1]
    assert "text" in answers[2]["error"]
    assert all("error" in row for row in answers[4:])
    assert set(answers[0]) >= {
        "id", "lang", "sentiment", "initiator", "kind", "idea", "toxic", "spam", "probabilities",
        "unsure", "evidence", "model",
    }  # fmt: skip
    assert not (tmp_path / "sturmglas.db").exists(), "classify works without the store"


def test_eval_leaves_with_1_below_the_bar(run: Run, tmp_path: Path) -> None:
    rows = [
        {"id": n, "lang": "de", "text": text, "gold": {"sentiment": mood}}
        for n, (text, mood) in enumerate(
            [("Großartig, ich liebe es!", "positive"), ("So ein Mist, nie wieder!", "negative")] * 4
        )
    ]
    (tmp_path / "gold.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    code, out, _ = run("eval", "gold.jsonl", "--json")
    assert code == 0
    assert {row["label"] for row in lines(out)} == {"sentiment"}
    upside_down = [{**row, "gold": {"sentiment": "neutral"}} for row in rows]
    (tmp_path / "bad.jsonl").write_text("\n".join(map(json.dumps, upside_down)), encoding="utf-8")
    code, _, err = run("eval", "bad.jsonl", "--min", "sentiment=0.9")
    assert code == 1
    assert "wanted 0.9" in err


def test_a_sample_to_label_by_hand_can_be_given_back_to_eval(filled: Run) -> None:
    code, out, _ = filled("eval", "--sample", "5")
    assert code == 0
    assert len(lines(out)) == 2
    assert all(row["gold"]["kind"] is None for row in lines(out))


def test_help_answers_at_once() -> None:
    command = [sys.executable, "-m", "monitor", "--help"]
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    # Ten times the wish of 0.5 s: this guards against heavy imports, it is no stop watch.
    assert time.perf_counter() - started < 5
    for name in ("demo", "import", "digest", "campaign", "privacy"):
        assert name in done.stdout


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom monitor.cli.main import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print([m for m in ('numpy','scipy','onnxruntime','httpx','pydantic_core','jinja2') "
        "if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["posts", "--json"], ["--json", "posts"]),
        (["posts", "--db", "x.db", "--limit", "3"], ["--db", "x.db", "posts", "--limit", "3"]),
        (["posts", "--now=2026-01-01"], ["--now=2026-01-01", "posts"]),
        (["search", "--", "--json"], ["search", "--", "--json"]),
        (["posts", "--db"], ["--db", "posts"]),
    ],
)
def test_global_options_may_stand_after_the_command(given: list[str], expected: list[str]) -> None:
    assert hoist(given) == expected


def test_nothing_but_results_stands_on_stdout_while_a_source_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        "[[sources]]\nname = 'm'\nplatform = 'rss'\ntarget = 'http://127.0.0.1:9/feed'\n"
        "allow_private = true\n",
        encoding="utf-8",
    )
    code = (
        "import stamina; stamina.set_testing(True, attempts=2)\n"
        "from monitor.cli.main import main; main(['fetch', '--json'])"
    )
    root = str(Path(__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=False,
    )
    (answer,) = lines(done.stdout)
    assert done.returncode == 1
    assert "cannot be reached" in answer["error"]


def test_a_reader_that_has_seen_enough_is_no_failure(run: Run, tmp_path: Path) -> None:
    rows = (json.dumps({"native_id": str(n), "text": "viel " * 400}) for n in range(300))
    (tmp_path / "posts.jsonl").write_text("\n".join(rows), encoding="utf-8")
    assert run("import", "posts.jsonl")[0] == 0

    command = [sys.executable, "-m", "monitor", "export", "posts"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as leaving:
        assert leaving.stdout is not None
        assert leaving.stderr is not None
        leaving.stdout.readline()
        leaving.stdout.close()
        told = leaving.stderr.read()

    assert (leaving.returncode, told) == (0, b"")

"""Reports and messages on the command line, as scripts and people call them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.cli.main import main

Run = Callable[..., tuple[int, str, str]]
FULL = {"sentiment": "negative", "initiator": "customer", "kind": "supply"}


def row(number: int, at: str | None, **fields: object) -> dict[str, object]:
    return {
        "platform": "facebook", "source": "acme-page", "native_id": str(number),
        "author_id": f"u{number % 3}", "text": f"Beitrag {number}?", "created_at": at,
        "likes": 20, "replies": 5, "labels": FULL, **fields,
    }  # fmt: skip


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in a folder whose store holds ten posts of 2 March and two beside them."""
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

    rows = [row(n, f"2026-03-02T{n + 8:02}:00:00Z") for n in range(10)]
    rows += [row(20, "2026-03-01T23:59:59Z"), row(21, "2026-03-03T00:00:00Z"), row(22, None)]
    rows.append(
        {
            "type": "followers",
            "source": "acme-page",
            "at": "2026-03-01T00:00:00Z",
            "followers": 5000,
        }
    )
    Path("posts.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert call("import", "posts.jsonl")[0] == 0
    return call


def test_the_digest_s_counts_equal_a_plain_recount_of_the_file(run: Run) -> None:
    code, out, _err = run("digest", "--date", "2026-03-02", "--format", "json")
    told = json.loads(out)
    assert code == 0
    assert (told["posts"], told["authors"]) == (10, 3)
    (page,) = told["sources"]
    assert page["posts"] == 10
    assert page["engagement"]["value"] == 5.0
    assert page["sentiment"] == {"negative": 10, "neutral": 0, "positive": 0}
    assert sum(cell["posts"] for cell in told["matrix"]) == 10


def test_the_digest_is_of_yesterday_unless_told_otherwise(run: Run) -> None:
    _code, out, _err = run("digest", "--json", "--now", "2026-03-03T07:00:00Z")
    assert json.loads(out)["from"] == "2026-03-02T00:00:00Z"


@pytest.mark.parametrize("form", ["terminal", "html", "text", "markdown", "slack", "json"])
def test_every_form_is_printed(run: Run, form: str) -> None:
    code, out, _err = run("digest", "--date", "2026-03-02", "--format", form)
    assert code == 0
    assert "10" in out


def test_explain_lists_as_many_posts_as_the_figure_says(run: Run) -> None:
    code, out, _err = run("explain", "posts:acme-page", "--date", "2026-03-02", "--json")
    assert code == 0
    assert len(out.splitlines()) == 10
    assert {"uid", "source", "created_at", "text"} <= set(json.loads(out.splitlines()[0]))
    code, out, _err = run("explain", "engagement:acme-page", "--date", "2026-03-02", "--json")
    assert sum(json.loads(line)["value"] for line in out.splitlines()) == 250


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("digest", "--date", "gestern"), "no day; write 2026-03-02"),
        (("digest", "--as-of", "gestern"), "no time"),
        (("matrix", "--period", "lang"), "take day, week, month"),
        (("explain", "posten", "--date", "2026-03-02"), "take one of posts"),
        (("digest", "--send"), "no receivers"),
        (("notify", "test"), "no receivers"),
    ],
)
def test_wrong_use_says_what_is_allowed_and_exits_with_2(
    run: Run, arguments: tuple[str, ...], words: str
) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert words in err


def test_the_matrix_has_nine_lines_for_scripts(run: Run) -> None:
    code, out, _err = run("matrix", "--json", "--now", "2026-03-03T09:00:00Z")
    cells = [json.loads(line) for line in out.splitlines()]
    assert (code, len(cells)) == (0, 9)
    assert sum(cell["posts"] for cell in cells) == 12


def test_a_dry_run_shows_what_would_go_to_whom_and_sends_nothing(run: Run) -> None:
    Path("config.toml").write_text(
        '[[notify]]\nname = "ops"\nkind = "slack"\nto = "#ops"\n'
        '[[notify]]\nname = "eva"\nkind = "smtp"\nhost = "127.0.0.1"\nport = 1\n'
        'security = "none"\nto = "eva@acme.example"\n',
        encoding="utf-8",
    )
    code, out, _err = run("digest", "--date", "2026-03-02", "--dry-run")
    assert code == 0
    assert "--- ops: " in out
    assert "--- eva: " in out
    code, out, _err = run("notify", "test", "--dry-run", "--json")
    assert (code, len(out.splitlines())) == (0, 4)
    assert run("notify", "queue", "--json")[1] == ""


def test_a_missing_secret_stops_before_anything_is_queued(run: Run) -> None:
    Path("config.toml").write_text(
        '[[notify]]\nname = "ops"\nkind = "slack"\nto = "#ops"\n', encoding="utf-8"
    )
    code, _out, err = run("digest", "--date", "2026-03-02", "--send")
    assert code == 2
    assert "STURMGLAS_NOTIFY__OPS__SECRET" in err
    assert run("notify", "queue", "--json")[1] == ""


def test_a_receiver_that_does_not_answer_is_told_in_one_line(run: Run) -> None:
    Path("config.toml").write_text(
        '[[notify]]\nname = "eva"\nkind = "smtp"\nhost = "127.0.0.1"\nport = 1\n'
        'security = "none"\nto = "eva@acme.example"\n',
        encoding="utf-8",
    )
    code, out, err = run("digest", "--date", "2026-03-02", "--send")
    assert code == 1
    assert "0 sent, 1 waiting" in out
    assert err.splitlines() == ["eva: 127.0.0.1:1: [Errno 111] Connection refused"]
    code, out, _err = run("digest", "--date", "2026-03-02", "--send", "--json")
    assert json.loads(out)["waiting"] == 1, "the same digest is queued once"

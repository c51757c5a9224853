"""A folder with a store in which sheets are made: running commands, posts, figures, rejects."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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

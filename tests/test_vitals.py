"""Metrics and the dead man's switch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import respx

from monitor.app import App
from monitor.config import Settings
from monitor.types.posts import Fetched
from monitor.vitals import CONTENT_TYPE, metrics_served, render_metrics, tell_alive
from tests.conftest import NOW
from tests.fakes import make_post

ROOT = Path(__file__).parent.parent


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    opened = App(Settings(), tmp_path / "store.db", clock=lambda: NOW)
    opened.store.ingest.save_posts([make_post("1"), make_post("2")], NOW)
    yield opened
    opened.close()


def test_metrics_are_open_metrics_text(app: App) -> None:
    name = 'a "quoted"\\\nname'
    app.store.sources.register(name, "rss", own=True)
    app.store.sources.save_run(Fetched(source=name), NOW, NOW + timedelta(seconds=1))
    text = render_metrics(app)
    assert text.endswith("# EOF\n")
    assert "sturmglas_posts 2\n" in text
    assert "sturmglas_unlabelled_posts 2\n" in text
    assert 'last_success_timestamp_seconds{source="a \\"quoted\\"\\\\\\nname"} 177' in text
    for line in text.splitlines()[:-1]:
        assert re.fullmatch(r'# (TYPE|HELP) \w+ .+|\w+(\{\w+=".*"\})? [-\d.e+]+', line), line


def test_every_metric_of_the_example_rules_exists(app: App) -> None:
    rules = (ROOT / "deploy" / "alert-rules.yml").read_text(encoding="utf-8")
    for name in set(re.findall(r"sturmglas_\w+", rules)):
        assert f"# TYPE {name} gauge" in render_metrics(app)


def test_metrics_are_served_on_the_loopback_address_while_the_service_runs(app: App) -> None:
    with metrics_served(app, 0) as port:
        answer = httpx.get(f"http://127.0.0.1:{port}/metrics")
        assert answer.headers["content-type"] == CONTENT_TYPE
        assert "sturmglas_posts 2" in answer.text
        assert httpx.get(f"http://127.0.0.1:{port}/other").status_code == 404
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/metrics")


def test_without_a_port_nothing_listens(app: App) -> None:
    with metrics_served(app, None) as port:
        assert port is None


@pytest.mark.parametrize(("status", "well"), [(200, True), (500, False), (None, False)])
def test_a_switch_that_does_not_answer_stops_nothing(status: int | None, well: bool) -> None:
    with respx.mock() as mock:
        route = mock.get("https://alive.example/x")
        if status is None:
            route.mock(side_effect=httpx.ConnectTimeout("no answer"))
        else:
            route.respond(status)
        assert tell_alive("https://alive.example/x") is well
    assert tell_alive(None) is False

"""Doctor: says what is not well and what a person can do about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.errors import AuthError
from connectors.types import Budget, Page
from monitor.app import App
from monitor.config import Secrets, parse_settings
from monitor.health import Check, run_checks
from tests.conftest import NOW
from tests.fakes import FakeClassifier, FakeConnector, make_post


def app_of(tmp_path: Path, **config: Any) -> App:
    app = App(
        parse_settings(config, "test"), tmp_path / "s.db", clock=lambda: NOW, secrets=Secrets({})
    )
    app.__dict__["classifier"] = FakeClassifier()
    return app


def checks(app: App, config_file: Path | None = None) -> dict[str, Check]:
    return {check.check: check for check in run_checks(app, config_file)}


def test_a_fresh_folder_without_a_config_is_well(tmp_path: Path) -> None:
    found = checks(app_of(tmp_path))
    assert all(check.ok for check in found.values() if check.check != "file rights")
    assert found["store"].detail.endswith("0 posts")
    assert "sturmglas init" in (found["config"].remedy or "")


def test_a_store_that_everybody_may_read_is_named_with_the_command_that_mends_it(
    tmp_path: Path,
) -> None:
    app = app_of(tmp_path)
    app.store.close()
    path = tmp_path / "s.db"
    path.chmod(0o644)
    check = checks(app_of(tmp_path))["file rights"]
    assert not check.ok
    assert check.remedy == f"chmod 600 {path}"
    path.chmod(0o600)
    assert "file rights" not in checks(app_of(tmp_path))


def test_a_secret_in_the_config_is_found(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[[sources]]\ntoken = 'abc'\n", encoding="utf-8")
    config.chmod(0o600)
    check = checks(app_of(tmp_path), config)["secrets in config"]
    assert not check.ok
    assert "abc" not in f"{check.detail}{check.remedy}"


def test_a_source_whose_token_expired_is_told_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = FakeConnector([], AuthError("401: token expired", source="one"))
    monkeypatch.setattr(App, "connector", lambda *_: refused)
    app = app_of(tmp_path, sources=[{"name": "one", "platform": "fake"}])
    check = checks(app)["reach of one"]
    assert (check.ok, check.remedy) == (False, "renew the token")


def test_what_is_left_of_a_budget_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Metered(FakeConnector):
        def fetch(self, source: Any, cursor: Any) -> Any:
            yield Page(posts=(make_post(),), budget=Budget(remaining=298, limit=300))

    monkeypatch.setattr(App, "connector", lambda *_: Metered([]))
    app = app_of(tmp_path, sources=[{"name": "one", "platform": "fake"}])
    found = checks(app)
    assert "298 requests left" in found["reach of one"].detail
    assert app.store.posts.count() == 0, "doctor looks, it does not fetch"


def test_a_plan_that_cannot_fit_is_refused_with_the_arithmetic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    class Rationed(FakeConnector):
        facts = replace(FakeConnector.facts, requests_per_day=100)

    monkeypatch.setattr(App, "connector", lambda *_: Rationed([]))
    app = app_of(tmp_path, sources=[{"name": "one", "platform": "fake", "interval": "1m"}])
    check = checks(app)["budget of one"]
    assert not check.ok
    assert "1,440 looks x 1 = 1,440 of 100 requests a day" in check.detail
    assert "interval" in (check.remedy or "")


def test_a_processing_log_that_was_tampered_with_is_found(tmp_path: Path) -> None:
    app = app_of(tmp_path)
    app.guard.object("facebook:u1")
    assert checks(app)["processing log"].ok
    (tmp_path / "s.db.log-head").write_text("rubbish", encoding="ascii")
    check = checks(app)["processing log"]
    assert not check.ok
    assert "s.db.log-head" in check.detail


def test_tombstones_that_are_gone_from_their_file_are_found(tmp_path: Path) -> None:
    app = app_of(tmp_path)
    app.guard.object("facebook:u1")
    assert checks(app)["tombstones"].ok
    (tmp_path / "s.db.tombstones").write_bytes(b"")
    assert "are missing" in checks(app)["tombstones"].detail
    (tmp_path / "s.db.tombstones").write_bytes(b"\xff")
    assert not checks(app)["tombstones"].ok

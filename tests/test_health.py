"""Doctor: says what is not well and what a person can do about it."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from keyring.backends import null

from connectors.errors import AuthError
from connectors.types import Budget, Page
from monitor.app import App
from monitor.cli.context import Context
from monitor.cli.setup import show_check
from monitor.config import Secrets, parse_settings
from monitor.health import Check, run_checks
from monitor.locale.language import load_language
from monitor.places import Places
from tests.conftest import NOW
from tests.fakes import FakeClassifier, FakeConnector, make_post
from tests.test_locale import messages


def app_of(tmp_path: Path, secrets: Mapping[str, str] | None = None, **config: Any) -> App:
    app = App(
        parse_settings(config, "test"),
        tmp_path / "s.db",
        clock=lambda: NOW,
        secrets=Secrets(secrets or {}),
    )
    app.__dict__["classifier"] = FakeClassifier()
    return app


def checks(app: App, config_file: Path | None = None) -> dict[str, Check]:
    return {str(check.check): check for check in run_checks(app, config_file)}


def test_a_fresh_folder_without_a_config_is_well(tmp_path: Path) -> None:
    found = checks(app_of(tmp_path))
    assert all(check.ok for check in found.values() if str(check.check) != "file rights")
    assert str(found["store"].detail).endswith(": 0 posts")
    assert "sturmglas init" in str(found["config"].remedy)


def test_a_store_that_everybody_may_read_is_named_with_the_command_that_mends_it(
    tmp_path: Path,
) -> None:
    app = app_of(tmp_path)
    app.store.close()
    path = tmp_path / "s.db"
    path.chmod(0o644)
    check = checks(app_of(tmp_path))["file rights"]
    assert not check.ok
    assert str(check.remedy) == f"chmod 600 {path}"
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
    monkeypatch.setattr(Places, "connector", lambda *_: refused)
    app = app_of(tmp_path, sources=[{"name": "one", "platform": "fake"}])
    check = checks(app)["reach of one"]
    assert (check.ok, str(check.remedy)) == (False, "renew the token")


def test_what_is_left_of_a_budget_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Metered(FakeConnector):
        def fetch(self, source: Any, cursor: Any) -> Any:
            yield Page(posts=(make_post(),), budget=Budget(remaining=298, limit=300))

    monkeypatch.setattr(Places, "connector", lambda *_: Metered([]))
    app = app_of(tmp_path, sources=[{"name": "one", "platform": "fake"}])
    found = checks(app)
    assert "298 requests left" in str(found["reach of one"].detail)
    assert app.store.posts.count() == 0, "doctor looks, it does not fetch"


def test_a_plan_that_cannot_fit_is_refused_with_the_arithmetic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    class Rationed(FakeConnector):
        facts = replace(FakeConnector.facts, requests_per_day=100)

    monkeypatch.setattr(Places, "connector", lambda *_: Rationed([]))
    app = app_of(tmp_path, sources=[{"name": "one", "platform": "fake", "interval": "1m"}])
    check = checks(app)["budget of one"]
    assert not check.ok
    assert "1,440 looks x 1 = 1,440 of 100 requests a day" in str(check.detail)
    assert "interval" in str(check.remedy)


def test_a_processing_log_that_was_tampered_with_is_found(tmp_path: Path) -> None:
    app = app_of(tmp_path)
    app.guard.object("facebook:u1")
    assert checks(app)["processing log"].ok
    (tmp_path / "s.db.log-head").write_text("rubbish", encoding="ascii")
    check = checks(app)["processing log"]
    assert not check.ok
    assert "s.db.log-head" in str(check.detail)


def test_tombstones_that_are_gone_from_their_file_are_found(tmp_path: Path) -> None:
    app = app_of(tmp_path)
    app.guard.object("facebook:u1")
    assert checks(app)["tombstones"].ok
    (tmp_path / "s.db.tombstones").write_bytes(b"")
    assert "are missing" in str(checks(app)["tombstones"].detail)
    (tmp_path / "s.db.tombstones").write_bytes(b"\xff")
    assert not checks(app)["tombstones"].ok


TEAM = {"name": "team", "kind": "slack", "to": "#ops"}


def test_a_secret_that_cannot_be_read_stops_no_other_check(tmp_path: Path) -> None:
    gone = {"STURMGLAS_NOTIFY__TEAM__SECRET_FILE": str(tmp_path / "gone")}
    found = checks(app_of(tmp_path, gone, notify=[TEAM]))
    assert not found["receiver team"].ok
    assert "SECRET_FILE" in str(found["receiver team"].detail)


def test_a_secret_file_that_everybody_may_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "slack").write_text("xoxb", encoding="utf-8")
    (tmp_path / "slack").chmod(0o644)
    named = {"STURMGLAS_NOTIFY__TEAM__SECRET_FILE": str(tmp_path / "slack")}
    assert not checks(app_of(tmp_path, named, notify=[TEAM]))["file rights"].ok


@pytest.mark.parametrize("is_open", [True, False])
def test_a_keyring_that_keeps_secrets_in_clear_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_open: bool
) -> None:
    class PlaintextKeyring(null.Keyring):
        name = "a file in clear"

    backend = PlaintextKeyring if is_open else null.Keyring
    monkeypatch.setattr("keyring.get_keyring", backend)
    named = {"STURMGLAS_NOTIFY__TEAM__SECRET_KEYRING": "sturmglas/team"}
    found = checks(app_of(tmp_path, named, notify=[TEAM]))
    assert found["keyring"].ok is not is_open
    assert ("unencrypted" in str(found["keyring"].detail)) is is_open


def test_without_a_secret_in_it_no_keyring_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert "keyring" not in checks(app_of(tmp_path))


COMMANDS = ("chmod", "pip")
PLACE = re.compile(r"\{\w+\}")


def is_prose(message: str) -> bool:
    """Whether there are words to translate: no command, no facts alone."""
    return message.split()[0] not in COMMANDS and any(map(str.isalpha, PLACE.sub("", message)))


@pytest.mark.parametrize("message", sorted({m for _, m in messages("told") if is_prose(m)}))
def test_what_doctor_says_it_says_in_german_too(message: str) -> None:
    held = load_language("de").say_as_is(message)
    assert held != message
    assert set(PLACE.findall(held)) == set(PLACE.findall(message))


def test_a_check_is_english_for_scripts_and_german_for_people(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check = checks(app_of(tmp_path))["processing log"]
    assert check.row()["detail"] == "0 entries, unchanged"
    show_check(Context(lang_option="de"), check)
    assert "Verarbeitungsprotokoll: 0 Einträge, unverändert" in capsys.readouterr().out

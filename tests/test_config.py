"""Wishes are checked: a wrong one is named with its key, what is allowed, and the place."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.app import App
from monitor.cli.setup import TEMPLATE
from monitor.config import (
    Secrets,
    find_config,
    load_settings,
    parse_duration,
    parse_settings,
    show_duration,
)
from monitor.errors import ConfigError
from tests.conftest import NOW
from tests.fakes import make_post


def complaint(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_settings(tomllib.loads(text), "config.toml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[genral]\nlanguage = 'de'", ["config.toml", "genral", "general, store, company"]),
        ("[general]\nlang = 'de'", ["general.lang", "language, timezone"]),
        ("[general]\nlanguage = 'fr'", ["general.language", "'de' or 'en'", "'fr'"]),
        ("[general]\ntimezone = 'Mars'", ["general.timezone", "Europe/Berlin", "'Mars'"]),
        ("[alerts]\nquiet_period = '6 fortnights'", ["alerts.quiet_period", "6h"]),
        ("[alerts]\nstorm_level = 9", ["alerts.storm_level", "6", "9"]),
        ("[alerts]\nbudget_per_week = 'two'", ["alerts.budget_per_week", "number"]),
        ("[[sources]]\nname = 'a b'\nplatform = 'rss'", ["sources.0.name", "'a b'"]),
        ("[[sources]]\nplatform = 'rss'", ["sources.0.name", "required"]),
        ("[[sources]]\nname = 'a'\nplatform = 'rss'\ntoken = 'x'", ["sources.0.token", "allowed"]),
        (
            "[[sources]]\nname = 'a-b'\nplatform = 'rss'\n"
            "[[sources]]\nname = 'a_b'\nplatform = 'rss'",
            ["named twice"],
        ),
        ("[[notify]]\nname = 'm'\nkind = 'smtp'", ["notify.0", "host and to"]),
        ("[[notify]]\nname = 'm'\nkind = 'fax'", ["notify.0.kind", "slack"]),
        (
            "[[events]]\nname = 'x'\nfrom = 2026-03-02T00:00:00Z\nto = 2026-03-01T00:00:00Z",
            ["events.0", "later"],
        ),
    ],
)
def test_a_wrong_wish_is_named_with_its_key_and_what_is_allowed(
    text: str, parts: list[str]
) -> None:
    message = complaint(text)
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    "written",
    ["2026-03-02T00:00:00Z", "2026-03-02T00:00:00", "2026-03-02", "'2026-03-02T01:00+01:00'"],
)
def test_a_time_without_a_zone_is_utc(written: str) -> None:
    text = f"[[events]]\nname = 'x'\nfrom = {written}\nto = 2026-03-03"
    settings = parse_settings(tomllib.loads(text), "config.toml")
    assert settings.events[0].from_ == datetime(2026, 3, 2, tzinfo=UTC)
    assert settings.events[0].to == datetime(2026, 3, 3, tzinfo=UTC)


def test_every_wrong_key_is_named_at_once() -> None:
    message = complaint("[general]\nlanguage = 'fr'\ntimezone = 'Mars'")
    assert "general.language" in message
    assert "general.timezone" in message


def test_without_a_config_every_default_holds() -> None:
    settings = load_settings(None)
    assert (settings.general.language, settings.general.timezone) == ("en", "UTC")
    assert settings.store.path == Path("sturmglas.db")
    assert settings.sources == settings.notify == ()


@pytest.mark.parametrize("lang", ["de", "en"])
def test_the_written_template_is_a_valid_config(lang: str) -> None:
    text = TEMPLATE.format(lang=lang, timezone="Europe/Berlin")
    assert parse_settings(tomllib.loads(text), "template").general.language == lang


def test_the_commented_entries_of_the_template_are_valid_too() -> None:
    text = TEMPLATE.format(lang="de", timezone="Europe/Berlin")
    uncommented = "\n".join(
        line.removeprefix("# ") if line.startswith("# ") and ("=" in line or "[[" in line) else line
        for line in text.splitlines()
    )
    settings = parse_settings(tomllib.loads(uncommented), "template")
    assert settings.sources[0].platform == "mastodon"
    assert settings.events[0].name.startswith("Launch")


def test_the_config_that_was_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="sturmglas init"):
        find_config(tmp_path / "missing.toml")


@pytest.mark.parametrize("content", [b"[general", b"\xff\xfe", b"a = "])
def test_a_file_that_is_no_toml_is_refused_with_its_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"config\.toml"):
        load_settings(path)


@given(st.integers(1, 10**6))
def test_a_duration_is_read_back_as_it_was_written(seconds: int) -> None:
    span = timedelta(seconds=seconds)
    assert parse_duration(show_duration(span)) == span


@pytest.mark.parametrize("text", ["", "15", "m", "15 minutes", "-5m", "5m!", "5m 6"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


def test_a_platform_that_nobody_could_check_is_off_until_it_is_asked_for(tmp_path: Path) -> None:
    entry = {"name": "ideas", "platform": "canny", "target": "acme"}
    for wish, fate in (({}, "experimental = true"), ({"experimental": True}, "TOKEN")):
        settings = parse_settings({"sources": [entry | wish]}, "test")
        app = App(settings, tmp_path / "s.db", clock=lambda: NOW, secrets=Secrets({}))
        with pytest.raises(ConfigError, match=fate):
            app.places.sources()


def test_a_search_filled_by_a_file_is_still_no_place_of_the_company(tmp_path: Path) -> None:
    def app_of(own: bool) -> App:
        settings = parse_settings(
            {"sources": [{"name": "acme-page", "platform": "files", "own": own}]}, "test"
        )
        return App(settings, tmp_path / "s.db", clock=lambda: NOW, secrets=Secrets({}))

    app = app_of(own=False)
    app.store.ingest.save_posts([make_post()], NOW)
    assert [state.own for state in app.store.sources.states()] == [False]
    app.close()
    again = app_of(own=True)
    assert [state.own for state in again.store.sources.states()] == [True]
    again.close()


def test_the_config_at_the_top_is_what_init_writes() -> None:
    path = Path(__file__).parent.parent / "config.toml"
    assert path.read_text(encoding="utf-8") == TEMPLATE.format(lang="en", timezone="UTC")
    assert load_settings(path).company.name == ""


def test_a_platform_that_nobody_reads_is_named_with_the_one_likely_meant(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[[sources]]\nname = "tag"\nplatform = "Mastadon"\n', encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: sources.tag.platform: there is no platform 'Mastadon'")
    assert "allowed are mastodon, files, rss" in message

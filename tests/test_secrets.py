"""Secrets come from the environment, from files or from the keyring, and show nowhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.errors import KeyringError, KeyringLocked

from monitor.config import Secrets
from monitor.errors import ConfigError


def test_secrets_come_from_the_environment_or_a_file_named_there(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n", encoding="utf-8")
    secrets = Secrets(
        {
            "STURMGLAS_SOURCES__HELP_FORUM__TOKEN": "direct",
            "STURMGLAS_NOTIFY__TEAM__SECRET_FILE": str(tmp_path / "token"),
        }
    )
    direct = secrets.get("sources", "help-forum", "token")
    filed = secrets.get("notify", "team", "secret")
    assert direct is not None
    assert filed is not None
    assert direct.get_secret_value() == "direct"
    assert filed.get_secret_value() == "from-file"
    assert secrets.get("sources", "other", "token") is None
    assert "direct" not in f"{secrets!r} {direct!r} {direct}"


def test_a_secret_file_that_is_missing_is_named() -> None:
    secrets = Secrets({"STURMGLAS_NOTIFY__TEAM__SECRET_FILE": "/nowhere/token"})
    with pytest.raises(ConfigError, match="STURMGLAS_NOTIFY__TEAM__SECRET_FILE"):
        secrets.get("notify", "team", "secret")


class Memory(KeyringBackend):
    """Keeps what it is given for the length of a test; `answer` may be an error instead."""

    priority = 1
    name = "memory"

    def __init__(self, answer: str | KeyringError | None) -> None:
        self.answer = answer

    def get_password(self, service: str, username: str) -> str | None:
        if isinstance(self.answer, KeyringError):
            raise self.answer
        return self.answer if (service, username) == ("sturmglas/ops", "team") else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise AssertionError("secrets are read, never written")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[KeyringBackend], None]]:
    """Puts a keyring in the place of the machine's own, for the length of a test."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    before = keyring.get_keyring()
    yield keyring.set_keyring
    keyring.set_keyring(before)


KEYRING_VARIABLE = "STURMGLAS_NOTIFY__TEAM__SECRET_KEYRING"


def test_a_secret_comes_from_the_keyring_of_the_machine(
    machine: Callable[[KeyringBackend], None],
) -> None:
    machine(Memory("from-keyring"))
    secret = Secrets({KEYRING_VARIABLE: "sturmglas/ops/team"}).get("notify", "team", "secret")
    assert secret is not None
    assert secret.get_secret_value() == "from-keyring"


@pytest.mark.parametrize(
    ("backend", "entry", "told"),
    [
        (null.Keyring, "ops/team", "holds nothing under ops/team; run: keyring set ops team"),
        (fail.Keyring, "ops/team", "does not answer"),
        (lambda: Memory(KeyringLocked("locked")), "sturmglas/ops/team", "unlock it"),
        (lambda: Memory("x"), "team", "write SERVICE/NAME"),
    ],
    ids=["empty", "none there", "locked", "no entry"],
)
def test_a_keyring_that_gives_no_secret_is_told_with_what_to_do(
    machine: Callable[[KeyringBackend], None],
    backend: Callable[[], KeyringBackend],
    entry: str,
    told: str,
) -> None:
    machine(backend())
    secrets = Secrets({KEYRING_VARIABLE: entry})
    with pytest.raises(ConfigError, match=told) as raised:
        secrets.get("notify", "team", "secret")
    assert KEYRING_VARIABLE in str(raised.value)


def test_without_the_package_a_keyring_entry_is_told_with_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigError, match=r"sturmglas\[keyring\]"):
        Secrets({KEYRING_VARIABLE: "ops/team"}).get("notify", "team", "secret")

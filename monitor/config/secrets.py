"""Secrets: from the environment, or from a file or a keyring entry named there.

Never from `config.toml`. The keyring is that of the machine (macOS Keychain, Windows Credential
Locker, Secret Service, KWallet), read by the package `keyring`, which is optional.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from pydantic import SecretStr

from monitor.errors import ConfigError

SECRET_PREFIX = "STURMGLAS_"  # noqa: S105 - a prefix of names, no secret


def secret_name(name: str) -> str:
    """Return a name as it stands inside an environment variable: upper case, `_` for the rest."""
    return re.sub(r"[^A-Z0-9]", "_", name.upper())


class Secrets:
    """Secrets by section, name and word: `STURMGLAS_SOURCES__HELP_FORUM__TOKEN`.

    `..._FILE` names a file that holds it, `..._KEYRING` an entry of the keyring as SERVICE/NAME.
    Values are read at use, kept nowhere, and never shown by `repr`.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment

    def __repr__(self) -> str:
        return "Secrets(**********)"

    @staticmethod
    def variable(section: str, name: str, word: str) -> str:
        """Return the name of the environment variable that would hold it."""
        return f"{SECRET_PREFIX}{section.upper()}__{secret_name(name)}__{word.upper()}"

    def get(self, section: str, name: str, word: str) -> SecretStr | None:
        """Return a secret, or None where it is not set.

        Raises ConfigError where `..._FILE` or `..._KEYRING` names what cannot be read.
        """
        variable = self.variable(section, name, word)
        value = self._environment.get(variable)
        if value:
            return SecretStr(value.strip())
        path = self._environment.get(f"{variable}_FILE")
        if path:
            return _from_file(f"{variable}_FILE", path)
        entry = self._environment.get(f"{variable}_KEYRING")
        if entry:
            return _from_keyring(f"{variable}_KEYRING", entry)
        return None

    def named(self, ending: str) -> dict[str, str]:
        """Return the variables of ours with an ending (`_FILE`, `_KEYRING`) and what they name."""
        return {
            variable: value
            for variable, value in self._environment.items()
            if variable.startswith(SECRET_PREFIX) and variable.endswith(ending) and value
        }


def _from_file(variable: str, path: str) -> SecretStr:
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            "{variable}: {path} cannot be read: {error}", variable=variable, path=path, error=error
        ) from error
    return SecretStr(text.strip())


def _from_keyring(variable: str, entry: str) -> SecretStr:
    service, _, name = entry.rpartition("/")
    if not (service and name):
        raise ConfigError(
            "{variable}: {entry} is no entry of a keyring; write SERVICE/NAME",
            variable=variable,
            entry=entry,
        )
    keyring = load_keyring()
    try:
        value = keyring.get_password(service, name)
    except keyring.errors.KeyringError as error:
        raise ConfigError(
            "{variable}: the keyring does not answer ({error}); unlock it, or name a file with "
            "..._FILE where nobody is logged in",
            variable=variable,
            error=error,
        ) from error
    if value is None:
        raise ConfigError(
            "{variable}: the keyring holds nothing under {entry}; "
            "run: keyring set {service} {name}",
            variable=variable,
            entry=entry,
            service=service,
            name=name,
        )
    return SecretStr(value.strip())


def load_keyring() -> ModuleType:
    """Return the package `keyring`. Raises ConfigError where it is missing."""
    try:
        import keyring.errors
    except ImportError as error:
        raise ConfigError(
            "secrets: the package keyring is not installed; run: pip install 'sturmglas[keyring]', "
            "or name a file with ..._FILE"
        ) from error
    return keyring


def keyring_in_force() -> tuple[str, bool]:
    """Return the name of the machine's keyring and whether it keeps secrets encrypted.

    Raises ConfigError where the package is missing.
    """
    backend = load_keyring().get_keyring()
    # One that chains several takes the first that answers; `keyrings.alt` offers files in clear.
    chained = getattr(backend, "backends", [backend])
    in_clear = any("plaintext" in type(one).__name__.casefold() for one in chained)
    return str(backend.name), not in_clear

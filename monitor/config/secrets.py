"""Secrets: from the environment or from files named there, never from `config.toml`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from monitor.errors import ConfigError

SECRET_PREFIX = "STURMGLAS_"  # noqa: S105 - a prefix of names, no secret


def secret_name(name: str) -> str:
    """Return a name as it stands inside an environment variable: upper case, `_` for the rest."""
    return re.sub(r"[^A-Z0-9]", "_", name.upper())


class Secrets:
    """Secrets by section, name and word: `STURMGLAS_SOURCES__HELP_FORUM__TOKEN`, or `..._FILE`.

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

        Raises ConfigError where `..._FILE` names a file that cannot be read.
        """
        variable = self.variable(section, name, word)
        value = self._environment.get(variable)
        if value:
            return SecretStr(value.strip())
        path = self._environment.get(f"{variable}_FILE")
        if not path:
            return None
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{variable}_FILE: {path} cannot be read: {error}") from error
        return SecretStr(text.strip())

"""`config.toml`, read once into frozen settings.

Unknown keys and wrong values are refused with their path and what is allowed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError, model_validator

from connectors.registry import CONNECTORS
from monitor.config.secrets import secret_name
from monitor.config.sections import (
    Alerts,
    Company,
    EventSettings,
    General,
    Models,
    Moderation,
    NotifySettings,
    Privacy,
    Retention,
    Service,
    SourceSettings,
    StoreSettings,
    TouchpointSettings,
)
from monitor.config.values import Section
from monitor.errors import ConfigError

CONFIG_NAME = "config.toml"


class Settings(Section):
    """Everything that is wished for. Secrets are kept beside it, see `Secrets`."""

    general: General = General()
    store: StoreSettings = StoreSettings()
    company: Company = Company()
    sources: tuple[SourceSettings, ...] = ()
    alerts: Alerts = Alerts()
    events: tuple[EventSettings, ...] = ()
    models: Models = Models()
    notify: tuple[NotifySettings, ...] = ()
    retention: Retention = Retention()
    privacy: Privacy = Privacy()
    moderation: Moderation = Moderation()
    service: Service = Service()
    touchpoints: tuple[TouchpointSettings, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> Settings:
        for section, entries in (("sources", self.sources), ("notify", self.notify)):
            names = [secret_name(entry.name) for entry in entries]
            twice = {name for name in names if names.count(name) > 1}
            if twice:
                raise ValueError(
                    f"{section}: {', '.join(sorted(twice))} is named twice; names must differ, "
                    "also without regard to case and punctuation"
                )
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which a day begins."""
        return ZoneInfo(self.general.timezone)


def find_config(explicit: Path | None, user_folder: Path | None = None) -> Path | None:
    """Return the config in force: the one named, `./config.toml`, the user's, or none.

    Raises ConfigError if the one named does not exist.
    """
    if explicit is not None:
        if not explicit.is_file():
            raise ConfigError(
                "--config {explicit}: no such file; `sturmglas init` writes one", explicit=explicit
            )
        return explicit
    candidates = [Path(CONFIG_NAME)]
    if user_folder is not None:
        candidates.append(user_folder / CONFIG_NAME)
    return next((path for path in candidates if path.is_file()), None)


def load_settings(path: Path | None) -> Settings:
    """Read a config file; without one every default holds. Raises ConfigError."""
    if path is None:
        return Settings()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            "{path}: cannot be read: {error}; it must be UTF-8 text", path=path, error=error
        ) from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError("{path}: no valid TOML: {error}", path=path, error=error) from error
    settings = parse_settings(data, str(path))
    for entry in settings.sources:
        _refuse_unknown_platform(entry, path)
    return settings


def _refuse_unknown_platform(entry: SourceSettings, path: Path) -> None:
    """Raise ConfigError for a platform that nobody reads, with the one that is likely meant."""
    if entry.platform in CONNECTORS:
        return
    known = list(CONNECTORS)
    near = get_close_matches(entry.platform.casefold(), known, 1)
    raise ConfigError(
        "{file}: sources.{source}.platform: there is no platform {platform!r}; allowed are {known}",
        file=path,
        source=entry.name,
        platform=entry.platform,
        # the likely one first
        known=", ".join(dict.fromkeys([*near, *known])),
    )


def parse_settings(data: Mapping[str, Any], where: str) -> Settings:
    """Check settings. Raises ConfigError naming each key, what is wrong and what is allowed."""
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        lines = [f"{where}: {_complaint(problem)}" for problem in error.errors()]
        raise ConfigError("{complaints}", complaints="\n".join(lines)) from error


def _complaint(problem: Any) -> str:
    path = [str(part) for part in problem["loc"]]
    key = ".".join(path) or "(file)"
    if problem["type"] == "extra_forbidden":
        allowed = ", ".join(_keys_at(path[:-1]))
        return f"{key}: unknown key; allowed here: {allowed}"
    message = str(problem["msg"]).removeprefix("Value error, ")
    given = problem.get("input")
    shown = f" (given: {given!r})" if isinstance(given, str | int | float | bool) else ""
    return f"{key}: {message}{shown}"


def _keys_at(path: list[str]) -> list[str]:
    """Return the keys that the table at `path` may hold, as they are written in the file."""
    model: Any = Settings
    for part in path:
        if part.isdigit():
            continue
        field = next((f for n, f in model.model_fields.items() if part in (n, f.alias)), None)
        if field is None:
            return []
        model = _model_in(field.annotation)
        if model is None:
            return []
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = _model_in(part)
        if found is not None:
            return found
    return None

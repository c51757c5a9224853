"""The configuration: `config.toml` and the environment, read once into frozen settings."""

from monitor.config.secrets import SECRET_PREFIX, Secrets, secret_name
from monitor.config.sections import (
    DROPPED,
    Alerts,
    Company,
    EventSettings,
    General,
    GoalSettings,
    ModelOverride,
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
from monitor.config.settings import (
    CONFIG_NAME,
    Settings,
    find_config,
    load_settings,
    parse_settings,
)
from monitor.config.values import Section, parse_duration, show_duration

__all__ = [
    "CONFIG_NAME",
    "DROPPED",
    "SECRET_PREFIX",
    "Alerts",
    "Company",
    "EventSettings",
    "General",
    "GoalSettings",
    "ModelOverride",
    "Models",
    "Moderation",
    "NotifySettings",
    "Privacy",
    "Retention",
    "Secrets",
    "Section",
    "Service",
    "Settings",
    "SourceSettings",
    "StoreSettings",
    "TouchpointSettings",
    "find_config",
    "load_settings",
    "parse_duration",
    "parse_settings",
    "secret_name",
    "show_duration",
]

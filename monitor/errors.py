"""Errors of the monitor. Those of fetching and labelling live with their rooms."""

from __future__ import annotations


class MonitorError(Exception):
    """Something expected went wrong; the message names subject, fact and remedy."""


class ConfigError(MonitorError):
    """A wish in `config.toml`, the environment or the command line cannot be met (exit 2)."""


class UsageError(MonitorError):
    """A command was asked for something that makes no sense (exit 2)."""


class StoreError(MonitorError):
    """The store cannot be opened, read or written (exit 1, or 2 where a person must choose)."""


class NotifyError(MonitorError):
    """A message could not be delivered."""


class NotFound(MonitorError):
    """Nothing of that name is held (exit 1)."""

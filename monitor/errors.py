"""Errors of the monitor. Those of fetching and labelling live with their rooms."""

from __future__ import annotations


class MonitorError(Exception):
    """Something expected went wrong; the message names subject, fact and remedy.

    `message` is English, with a place such as `{file}` for each of the `facts`; so it can be told
    in another language at the door: `language.say(error.message, **error.facts)`. A message
    without facts is taken as it is.
    """

    def __init__(self, message: str = "", /, **facts: object) -> None:
        super().__init__(message.format(**facts) if facts else message)
        self.message = message
        self.facts = facts


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

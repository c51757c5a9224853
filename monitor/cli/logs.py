"""Logs: structured, on stderr for people, or in files of their own for a service without a journal.

A line names sources and what happened to them, never a person or a text.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import structlog

from monitor.errors import ConfigError

LEVELS = (logging.ERROR, logging.INFO, logging.DEBUG)
NOISY = ("httpx", "httpcore", "apscheduler")


@dataclass(frozen=True, slots=True)
class LogFile:
    """Where a service writes: `keep` full files of `megabytes` beside the one at work."""

    path: Path
    megabytes: float = 5
    keep: int = 5


class OwnersFile(RotatingFileHandler):
    """A file that only its owner reads, and that begins anew when it is full."""

    def _open(self) -> TextIOWrapper:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        file = os.open(self.baseFilename, flags, 0o600)
        return os.fdopen(file, "a", encoding="utf-8")


def configure_logs(verbose: int, file: LogFile | None = None) -> None:
    """Show errors alone (0), steps (1), requests and library logs too (2 and more).

    Always called: libraries log through structlog, whose own default is stdout, where only
    results belong. With a `file` the lines go there, as JSON. Raises ConfigError where it cannot
    be written.
    """
    level = LEVELS[min(verbose, 2)]
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(logging.DEBUG if verbose > 2 else logging.WARNING)
    if file is None:
        logging.basicConfig(level=level, stream=sys.stderr, format="%(name)s %(message)s")
        factory: Any = structlog.PrintLoggerFactory(sys.stderr)
        last: Any = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        configure_structlog(level, factory, [last])
        return
    handler = _handler_of(file)
    # What libraries say comes as plain text; it is laid out as our own lines are.
    foreign = [*STEPS, structlog.stdlib.ExtraAdder()]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processor=structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
            foreign_pre_chain=foreign,
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    wrap = structlog.stdlib.ProcessorFormatter.wrap_for_formatter
    configure_structlog(level, structlog.stdlib.LoggerFactory(), [wrap])


STEPS: Sequence[Any] = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)
"""What is added to every line."""


def configure_structlog(level: int, factory: Any, last: Sequence[Any]) -> None:
    """Let our own lines pass through the same steps, wherever they end."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=factory,
        processors=[*STEPS, *last],
    )


def _handler_of(file: LogFile) -> OwnersFile:
    try:
        return OwnersFile(
            file.path,
            maxBytes=round(file.megabytes * 1_000_000),
            backupCount=file.keep,
            encoding="utf-8",
        )
    except OSError as error:
        raise ConfigError(
            "service.log_file: {file} cannot be written: {error}", file=file.path, error=error
        ) from error

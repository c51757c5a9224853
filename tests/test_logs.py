"""A service's own log: lines for machines, for its owner's eyes, of bounded size."""

from __future__ import annotations

import json
import logging
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from monitor.cli.logs import LogFile, configure_logs
from monitor.errors import ConfigError


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def test_a_full_log_begins_anew_and_the_oldest_goes(tmp_path: Path) -> None:
    path = tmp_path / "sturmglas.log"
    configure_logs(1, LogFile(path, megabytes=0.001, keep=2))
    for n in range(60):
        structlog.get_logger("sturmglas").info("fetched", source="Forum für Öl", n=n)
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["sturmglas.log", "sturmglas.log.1", "sturmglas.log.2"]
    for file in files:
        assert file.stat().st_size <= 1_000
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        for line in file.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            assert (row["event"], row["source"], row["level"]) == (
                "fetched",
                "Forum für Öl",
                "info",
            )
    assert json.loads(path.read_text(encoding="utf-8").splitlines()[-1])["n"] == 59


def test_what_libraries_say_stands_there_as_our_own_lines_do(tmp_path: Path) -> None:
    path = tmp_path / "sturmglas.log"
    configure_logs(1, LogFile(path))
    logging.getLogger("apscheduler").warning("a run was missed by %s", "5 s")
    logging.getLogger("apscheduler").info("nothing that matters")
    (row,) = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    assert (row["event"], row["level"]) == ("a run was missed by 5 s", "warning")


def test_a_log_that_cannot_be_written_is_named_with_its_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"service\.log_file: .*gone"):
        configure_logs(1, LogFile(tmp_path / "gone" / "sturmglas.log"))

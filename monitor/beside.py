"""Files that lie beside the store and may hold something of a person."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from monitor.privacy.traces import is_about
from monitor.store.erasure import is_distinct

UPGRADE_COPIES = ".before-upgrade-*"
"""Ending of the copies that an upgrade leaves; retention and erasure take them."""

COPIES_FOR = timedelta(days=7)


class Beside:
    """What lies beside one store. `path` is None for a store in memory: then there is nothing."""

    def __init__(self, path: Path | None) -> None:
        self.path = path

    @property
    def folder(self) -> Path | None:
        """The folder of the store."""
        return None if self.path is None else self.path.parent

    def named(self, ending: str) -> Path | None:
        """Return the file of the store's name with an ending."""
        return None if self.path is None else self.path.with_name(self.path.name + ending)

    def files(self) -> list[Path]:
        """Return every file of the store in which something of a person could stand."""
        if self.path is None:
            return []
        beside = sorted(self.path.parent.glob(self.path.name + "*"))
        return [*(path for path in beside if path.is_file()), *self.rejects()]

    def rejects(self) -> list[Path]:
        """Return the files of refused rows."""
        return [] if self.path is None else sorted((self.path.parent / "rejects").glob("*.jsonl"))

    def upgrade_copies(self) -> list[Path]:
        """Return the copies that upgrades left."""
        if self.path is None:
            return []
        return sorted(self.path.parent.glob(self.path.name + UPGRADE_COPIES))

    def let_go_rejects(self, before: datetime, *, dry_run: bool) -> int:
        """Delete files of refused rows that nobody added to since then. Returns how many."""
        return _let_go(self.rejects(), before, dry_run=dry_run)

    def let_go_copies(self, now: datetime, *, dry_run: bool) -> int:
        """Delete copies of upgrades that had their time. Returns how many."""
        return _let_go(self.upgrade_copies(), now - COPIES_FOR, dry_run=dry_run)

    def forget_rejects(self, names: Sequence[str]) -> None:
        """Take a person's rows out of the files of refused rows."""
        distinct = [name for name in names if is_distinct(name)]
        for file in self.rejects():
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
            kept = [line for line in lines if not _is_rejected_of(line, names, distinct)]
            if len(kept) < len(lines):
                draft = file.with_name(file.name + ".new")
                draft.write_text("".join(kept), encoding="utf-8")
                draft.replace(file)


def _let_go(files: Sequence[Path], before: datetime, *, dry_run: bool) -> int:
    old = [file for file in files if file.stat().st_mtime < before.timestamp()]
    for file in old if not dry_run else ():
        file.unlink(missing_ok=True)
    return len(old)


def _is_rejected_of(line: str, names: Sequence[str], distinct: Sequence[str]) -> bool:
    try:
        row = json.loads(line)
    except ValueError:
        return is_about(line, names, distinct)
    return is_about(row.get("raw") if isinstance(row, dict) else row, names, distinct)

"""Files as a platform: folders into which somebody drops exports of posts.

`sturmglas import` and `replay` read through the same two functions: `open_rows` and
`parse_record`.
"""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, ClassVar

from connectors.base import ConnectorFacts
from connectors.errors import Unavailable
from connectors.http import Traffic
from connectors.paging import guarded
from connectors.records import Record, parse_record
from connectors.rows import open_rows
from connectors.types import Counts, Cursor, Followers, Gap, Page, Post, Rejected, Source

__all__ = ["FACTS", "Files", "open_rows", "parse_record"]

FACTS = ConnectorFacts(
    platform="files",
    title="Files (JSONL, CSV, XLSX, each also .gz)",
    docs_url="https://jsonlines.org/",
    docs_read=date(2026, 11, 21),
    target="path of a file, or a pattern such as exports/*.csv",
    interval=timedelta(minutes=15),
    interval_reason="exports are dropped by people or by nightly jobs; looking costs nothing",
    grade="gold",
    options=("map", "values"),
    limits=(
        "a text has at most 1,000,000 characters",
        "a row taken out of a file is not a deletion",
    ),
    exempt=(
        ("deletions", "files have no memory of what they held"),
        ("limit headers", "nobody limits the reading of files"),
    ),
)

_ROWS_A_PAGE = 500
_HEAD = 4096


@dataclass(slots=True)
class _Basket:
    """Records on their way into a page."""

    posts: list[Post] = field(default_factory=list)
    counts: list[Counts] = field(default_factory=list)
    followers: list[Followers] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    rows: int = 0
    last: bool = False

    def add(self, record: Record) -> None:
        if isinstance(record, Post):
            self.posts.append(record)
        elif isinstance(record, Counts):
            self.counts.append(record)
        elif isinstance(record, Followers):
            self.followers.append(record)
        else:
            self.gaps.append(record)

    def page(self, cursor: Cursor) -> Page:
        return Page(
            posts=tuple(self.posts),
            counts=tuple(self.counts),
            followers=tuple(self.followers),
            gaps=tuple(self.gaps),
            rejected=tuple(self.rejected),
            cursor=cursor,
        )


class Files:
    """Reads files that match a pattern; a file that has grown is read from where we were."""

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        """Take `traffic` as every connector does; files need none."""

    @guarded
    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Yield the rows of new and changed files, 500 a page, oldest file first.

        The cursor is {path: {"size", "mtime", "head", "line"}}: how much of which file is known.
        Options: `map` = {FIELD: COLUMN}, `values` = {FIELD: {FROM: TO}}.
        """
        known: dict[str, dict[str, Any]] = dict(cursor or {})
        for path in _find_files(source):
            try:
                found = _look(path)
                before = known.get(str(path))
                if before and all(before[key] == found[key] for key in ("size", "mtime")):
                    continue
                skip = _lines_to_skip(path, before)
                for line, basket in _baskets(path, skip, source):
                    # no size yet: a run that is cut here finds the file changed and goes on
                    known[str(path)] = {**found, "size": None, "line": line}
                    if basket.last:
                        known[str(path)]["size"] = found["size"]
                    yield basket.page(dict(known))
            except OSError as error:
                raise Unavailable(f"cannot read {path}: {error}", source=source.name) from error


def _find_files(source: Source) -> list[Path]:
    """Files that the target names, oldest first, so that later exports have the last word."""
    target = Path(source.target).expanduser()
    if not glob.has_magic(str(target)):
        if not target.exists():
            message = f"no file {target}; put it there or change target"
            raise Unavailable(message, source=source.name)
        return sorted(p for p in target.iterdir() if p.is_file()) if target.is_dir() else [target]
    found = [Path(name) for name in glob.glob(str(target), recursive=True)]  # noqa: PTH207  # absolute patterns
    return sorted((p for p in found if p.is_file()), key=lambda p: (p.stat().st_mtime_ns, str(p)))


def _look(path: Path) -> dict[str, Any]:
    stat = path.stat()
    length = min(stat.st_size, _HEAD)
    return {"size": stat.st_size, "mtime": stat.st_mtime_ns, "head": [length, _hash(path, length)]}


def _hash(path: Path, length: int) -> str:
    with path.open("rb") as file:
        return hashlib.sha256(file.read(length)).hexdigest()[:16]


def _lines_to_skip(path: Path, before: dict[str, Any] | None) -> int:
    """How many lines are known; 0 where the file is another one than before.

    The last known line is read again: it may have been half written when we came by.
    """
    if before is None:
        return 0
    length, head = before["head"]
    # the same size with a newer time is an edit in place: everything is read again
    edited = before["size"] is not None and before["size"] >= path.stat().st_size
    return 0 if edited or _hash(path, length) != head else max(before["line"] - 1, 0)


def _baskets(path: Path, skip: int, source: Source) -> Iterator[tuple[int, _Basket]]:
    """Rows after line `skip`, sorted into baskets; the last one may be empty."""
    mapping = dict(source.options.get("map") or {})
    values = {
        (name, str(word)): meaning
        for name, words in (source.options.get("values") or {}).items()
        for word, meaning in words.items()
    }
    basket, line = _Basket(), skip
    for line, row in open_rows(path):
        if line <= skip:
            continue
        if isinstance(row, Rejected):
            basket.rejected.append(row)
        else:
            try:
                basket.add(
                    parse_record(row, default_source=source.name, mapping=mapping, values=values)
                )
            except ValueError as error:
                basket.rejected.append(Rejected(str(error), row, line))
        basket.rows += 1
        if basket.rows == _ROWS_A_PAGE:
            yield line, basket
            basket = _Basket()
    basket.last = True
    yield line, basket

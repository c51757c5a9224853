"""Zeroes what SQLite leaves behind inside its pages, and searches files byte by byte.

    python -I monitor/store/scrub.py STORE < needles.json

`PRAGMA secure_delete` overwrites cells that are deleted. But when a page is split or joined, the
cells that move away stay readable in the unallocated space between the page's cell pointers and
its cells (measured: 3 ids of 375 posts, after the rows were gone). `VACUUM` would rewrite the
file; for a store of a million posts that takes 7 s and as much disk again, this half a second.
The layout of a page: https://www.sqlite.org/fileformat2.html#b_tree_pages (read 2026-11-21).

Runs as a process of its own: closing a file drops every lock that the same process holds on it
(https://www.sqlite.org/howtocorrupt.html, section 2.2), SQLite's too. Whoever starts it holds the
write lock and has emptied the write-ahead log, so that no page changes meanwhile; the bytes that
it clears are read by nobody. It imports the standard library alone, to start at once.
"""

from __future__ import annotations

import json
import mmap
import struct
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

HEADER = b"SQLite format 3\0"
BTREE_PAGES = (2, 5, 10, 13)
INTERIOR_PAGES = (2, 5)
MOST_PAGES = 1 << 25
"""Beyond it the number of an overflow page's successor could look like the kind of a page."""

LOCK_BYTE = 1 << 30


class NotScrubbed(Exception):
    """The file is laid out in a way that this does not read; `VACUUM` is the way then."""


def scrub(data: mmap.mmap | bytearray) -> int:
    """Zero the unallocated space of every b-tree page. Returns how many pages had leftovers.

    Raises NotScrubbed, before anything is written, for a file that is laid out otherwise.
    """
    size = _page_size(data)
    zeros = bytes(size)
    dirty = 0
    for page in range(len(data) // size):
        start = page * size
        if start <= LOCK_BYTE < start + size:
            continue
        for begin, end in _unallocated(data, start, size):
            if data[begin:end] != zeros[: end - begin]:
                data[begin:end] = zeros[: end - begin]
                dirty += 1
    return dirty


def _page_size(data: mmap.mmap | bytearray) -> int:
    if data[:16] != HEADER:
        raise NotScrubbed("no SQLite file")
    size = int(struct.unpack_from(">H", data, 16)[0])
    size = 65536 if size == 1 else size
    pointer_maps = struct.unpack_from(">I", data, 52)[0]
    if pointer_maps or len(data) % size or len(data) // size >= MOST_PAGES:
        raise NotScrubbed("auto_vacuum, a cut file, or more than 33 million pages")
    return size


def _unallocated(data: mmap.mmap | bytearray, start: int, size: int) -> Iterable[tuple[int, int]]:
    """Yield (begin, end) of the space of one page that no cell uses."""
    header = start + (100 if start == 0 else 0)
    kind = data[header]
    if kind not in BTREE_PAGES:
        return
    free, cells, content = struct.unpack_from(">HHH", data, header + 1)
    begin = header + (12 if kind in INTERIOR_PAGES else 8) + 2 * cells
    end = start + (content or 65536)
    if not begin <= end <= start + size:
        raise NotScrubbed(f"page {start // size + 1} is damaged")
    yield begin, end
    while free:
        after, length = struct.unpack_from(">HH", data, start + free)
        if length < 4 or free + length > size or (after and after <= free):
            raise NotScrubbed(f"page {start // size + 1} is damaged")
        yield start + free + 4, start + free + length
        free = after


def count_traces(path: Path, needles: Sequence[bytes]) -> tuple[int, int]:
    """Return (bytes read, places where any of the needles stands) of a file."""
    size = path.stat().st_size
    if not size or not needles:
        return size, 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return size, sum(_count(data, needle) for needle in needles)


def _count(data: mmap.mmap, needle: bytes) -> int:
    found, at = 0, data.find(needle)
    while at >= 0:
        found += 1
        at = data.find(needle, at + len(needle))
    return found


def main() -> None:
    """Scrub the store named on the command line, search all files named in the JSON on stdin."""
    asked = json.load(sys.stdin)
    needles = [needle.encode("utf-8", "surrogatepass") for needle in asked["needles"]]
    answer: dict[str, object] = {"pages": None, "bytes": 0, "traces": {}}
    try:
        with Path(sys.argv[1]).open("r+b") as file, mmap.mmap(file.fileno(), 0) as data:
            answer["pages"] = scrub(data)
            data.flush()
    except NotScrubbed as reason:
        answer["reason"] = str(reason)
    searched, traces = 0, {}
    for name in asked["files"]:
        if Path(name).is_file():
            size, found = count_traces(Path(name), needles)
            searched += size
            if found:
                traces[name] = found
    json.dump(answer | {"bytes": searched, "traces": traces}, sys.stdout)


if __name__ == "__main__":
    main()

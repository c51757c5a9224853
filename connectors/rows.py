"""Files of rows, read as a stream: JSONL, CSV and XLSX, each also packed as .gz, `-` for stdin.

A file as a whole never fails for one bad row: it comes as a `Rejected` with its line.
"""

from __future__ import annotations

import gzip
import io
import json
import sys
from collections.abc import Iterator
from math import isinf
from pathlib import Path
from typing import IO, Any, Literal

from connectors.errors import BadResponse
from connectors.lines import (
    BROKEN_PACK,
    SAMPLE,
    Lent,
    as_utf8,
    excerpt,
    find_fault,
    numbered_lines,
    strip_mark,
)
from connectors.tables import RowDict, read_csv, read_xlsx
from connectors.types import Rejected

Format = Literal["jsonl", "csv", "xlsx"]

_SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".xlsx": "xlsx",
}
_SUSPECT = (b"\\u0000", b"\\ud", b"\\uD")
"""Only these escapes smuggle in what UTF-8 cannot carry: most lines need no search."""


def open_rows(
    path: str | Path, fmt: Format | None = None
) -> Iterator[tuple[int, RowDict | Rejected]]:
    """Yield (line, row) of a file in constant memory; `-` is stdin.

    `line` counts from 1 and names the first line of the row (the header of a table is line 1).
    Without `fmt` the file's name decides, and its first bytes where the name says nothing;
    packing is told by the bytes alone. Raises OSError for a file that cannot be opened and
    BadResponse for one that is no table at all.
    """
    if str(path) == "-":
        yield from _read(sys.stdin.buffer, "stdin", fmt)
        return
    path = Path(path)
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    named = _SUFFIXES.get(suffixes[-1]) if suffixes else None
    with path.open("rb") as file:
        yield from _read(file, path.name, fmt or named)


def _read(file: IO[bytes], name: str, fmt: Format | None) -> Iterator[tuple[int, Any]]:
    stream: io.BufferedReader[Any] = io.BufferedReader(Lent(file), SAMPLE)
    if stream.peek(2)[:2] == b"\x1f\x8b":
        packed = gzip.GzipFile(fileobj=stream)
        stream = io.BufferedReader(packed, SAMPLE)
    try:
        head = stream.peek(SAMPLE)
    except BROKEN_PACK as error:
        raise BadResponse(f"cannot be unpacked ({error}); pack it again", source=name) from error
    if head[:2] == b"PK":
        yield from read_xlsx(stream, name)
    elif fmt == "xlsx":
        raise BadResponse("is no Excel workbook (.xlsx); save it as one or as CSV", source=name)
    elif fmt == "jsonl" or (fmt is None and strip_mark(head).lstrip()[:1] in (b"{", b"[")):
        yield from _read_jsonl(as_utf8(stream, head))
    else:
        yield from read_csv(as_utf8(stream, head), head)


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if isinf(number):  # it could be kept nowhere: JSON has no word for it
        raise ValueError(f"the number {digits[:20]} is too large")
    return number


def _read_jsonl(stream: IO[bytes]) -> Iterator[tuple[int, RowDict | Rejected]]:
    decode = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite).decode
    for number, line in numbered_lines(stream):
        if isinstance(line, Rejected):
            yield number, line
            continue
        if line.isspace():
            continue
        try:
            row = decode(line.decode())
        except UnicodeDecodeError as error:
            reason = f"not UTF-8: byte {error.object[error.start]:#04x} at {error.start}"
            yield number, Rejected(reason, excerpt(line), number)
            continue
        except (ValueError, RecursionError) as error:
            yield number, Rejected(f"not JSON: {error}", excerpt(line), number)
            continue
        if not isinstance(row, dict):
            reason = f"one object a line is wanted, not {type(row).__name__}"
            yield number, Rejected(reason, excerpt(line), number)
        # only these escapes can smuggle in what UTF-8 cannot carry: most lines skip the search
        elif any(mark in line for mark in _SUSPECT) and (fault := find_fault(row)):
            yield number, Rejected(fault, excerpt(line), number)
        else:
            yield number, row

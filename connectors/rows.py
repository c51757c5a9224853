"""Files of rows, read as a stream: JSONL, CSV and XLSX, each also packed as .gz, `-` for stdin.

A file as a whole never fails for one bad row: it comes as a `Rejected` with its line.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Literal, TypeAlias

from connectors.errors import BadResponse
from connectors.types import Rejected

Format = Literal["jsonl", "csv", "xlsx"]
RowDict: TypeAlias = dict[str, Any]

MAX_LINE = 8_000_000
"""Bytes. A text of a million characters fits, written as escapes too."""
EXCERPT = 500
"""Characters of a bad row that a rejects file keeps."""

_SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".xlsx": "xlsx",
}
_SAMPLE = 256 * 1024
_SUSPECT = (b"\\u0000", b"\\ud", b"\\uD")
_BROKEN_PACK = (EOFError, gzip.BadGzipFile, zlib.error)


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
    stream: io.BufferedReader[Any] = io.BufferedReader(_Raw(file), _SAMPLE)
    if stream.peek(2)[:2] == b"\x1f\x8b":
        packed = gzip.GzipFile(fileobj=stream)
        stream = io.BufferedReader(packed, _SAMPLE)
    try:
        head = stream.peek(_SAMPLE)
    except _BROKEN_PACK as error:
        raise BadResponse(f"cannot be unpacked ({error}); pack it again", source=name) from error
    if head[:2] == b"PK":
        yield from _read_xlsx(stream, name)
    elif fmt == "xlsx":
        raise BadResponse("is no Excel workbook (.xlsx); save it as one or as CSV", source=name)
    elif fmt == "jsonl" or (fmt is None and _strip_bom(head).lstrip()[:1] in (b"{", b"[")):
        yield from _read_jsonl(_utf8(stream, head))
    else:
        yield from _read_csv(_utf8(stream, head), head)


class _Raw(io.RawIOBase):
    """Lends a byte stream to a BufferedReader, which would else close stdin with itself."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._file.read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)


def _strip_bom(head: bytes) -> bytes:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head.decode("utf-16", errors="ignore").encode()
    return head.removeprefix(codecs.BOM_UTF8)


def _utf8(stream: IO[bytes], head: bytes) -> IO[bytes]:
    """Turn UTF-16 (Excel's "Unicode text") into UTF-8; drop the mark of UTF-8."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return io.BufferedReader(_Raw(_Recoded(stream)), _SAMPLE)  # type: ignore[arg-type]
    if head.startswith(codecs.BOM_UTF8):
        stream.read(len(codecs.BOM_UTF8))
    return stream


class _Recoded:
    """Reads UTF-16 with a mark, gives UTF-8."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._rest = stream, b""
        self._decode = codecs.getincrementaldecoder("utf-16")(errors="replace").decode

    def read(self, size: int) -> bytes:
        while not self._rest:
            chunk = self._stream.read(size // 2 or 1)
            self._rest = self._decode(chunk, not chunk).encode("utf-8", "surrogatepass")
            if not chunk:
                break
        given, self._rest = self._rest[:size], self._rest[size:]
        return given


def _lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes | Rejected]]:
    """Physical lines with their number; one beyond MAX_LINE is skipped, never held."""
    number = 0
    while True:
        number += 1
        try:
            line = stream.readline(MAX_LINE)
        except _BROKEN_PACK as error:
            yield number, Rejected(f"the packed file is cut or broken here: {error}", None, number)
            return
        if not line:
            return
        if len(line) == MAX_LINE and not line.endswith(b"\n"):
            size = len(line)
            while (rest := stream.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                size += len(rest)
            reason = f"the line has more than {size + len(rest) - 1:,} bytes"
            yield number, Rejected(reason, _excerpt(line), number)
        else:
            yield number, line


def _excerpt(line: bytes | str) -> str:
    text = line[: 4 * EXCERPT].decode("utf-8", "replace") if isinstance(line, bytes) else line
    return text.rstrip("\r\n")[:EXCERPT].encode("utf-8", "replace").decode()


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def _read_jsonl(stream: IO[bytes]) -> Iterator[tuple[int, RowDict | Rejected]]:
    decode = json.JSONDecoder(parse_constant=_no_constant).decode
    for number, line in _lines(stream):
        if isinstance(line, Rejected):
            yield number, line
            continue
        if line.isspace():
            continue
        try:
            row = decode(line.decode())
        except UnicodeDecodeError as error:
            reason = f"not UTF-8: byte {error.object[error.start]:#04x} at {error.start}"
            yield number, Rejected(reason, _excerpt(line), number)
            continue
        except (ValueError, RecursionError) as error:
            yield number, Rejected(f"not JSON: {error}", _excerpt(line), number)
            continue
        if not isinstance(row, dict):
            reason = f"one object a line is wanted, not {type(row).__name__}"
            yield number, Rejected(reason, _excerpt(line), number)
        # only these escapes can smuggle in what UTF-8 cannot carry: most lines skip the search
        elif any(mark in line for mark in _SUSPECT) and (fault := find_fault(row)):
            yield number, Rejected(fault, _excerpt(line), number)
        else:
            yield number, row


def find_fault(value: Any) -> str | None:
    """Name what no store or screen can take in a value: NUL bytes and lone surrogates."""
    if isinstance(value, str):
        if "\0" in value:
            return "holds a NUL byte"
        try:
            value.encode()
        except UnicodeEncodeError:
            return "holds half a character (a lone surrogate)"
    elif isinstance(value, dict):
        return next((f for pair in value.items() for part in pair if (f := find_fault(part))), None)
    elif isinstance(value, list):
        return next((fault for part in value if (fault := find_fault(part))), None)
    return None


def _read_csv(stream: IO[bytes], head: bytes) -> Iterator[tuple[int, RowDict | Rejected]]:
    # a field may be as long as a text may be: the module's own limit is 128 KiB
    csv.field_size_limit(MAX_LINE)
    encoding = _guess_encoding(_strip_bom(head))
    # what does not fit the encoding becomes lone surrogates and is rejected row by row
    source = _Lines(stream, encoding)
    header: list[str] | None = None
    delimiter = _delimiter(_strip_bom(head).split(b"\n", 1)[0].decode(encoding, "replace"))
    for number, cells in _csv_rows(source, delimiter):
        if isinstance(cells, Rejected):
            yield number, cells
        elif header is None:
            header = [name.strip() for name in cells]
        elif len(cells) > len(header):
            reason = f"has {len(cells)} cells, but the header names {len(header)}"
            yield number, Rejected(reason, _excerpt(delimiter.join(cells)), number)
        elif any(cells):
            row = {name: cell for name, cell in zip(header, cells, strict=False) if cell}
            yield number, Rejected(fault, None, number) if (fault := find_fault(row)) else row


class _Lines:
    """Decoded lines for the csv module, with what it needs to begin again after a bad quote."""

    def __init__(self, stream: IO[bytes], encoding: str) -> None:
        self._numbered = _lines(stream)
        self._encoding = encoding
        self.again: list[tuple[int, str]] = []
        self.held: list[tuple[int, str]] = []
        self.rejected: list[Rejected] = []
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        while True:
            if self.again:
                self.held.append(self.again.pop())
            else:
                numbered = next(self._numbered, None)
                if numbered is None:
                    self.ended = True
                    return
                number, line = numbered
                if isinstance(line, Rejected):
                    self.rejected.append(line)
                    continue
                self.held.append((number, line.decode(self._encoding, "surrogateescape")))
            yield self.held[-1][1]

    def give_back(self) -> None:
        """Let the lines after the first of the held ones be read again."""
        self.again.extend(reversed(self.held[1:]))
        self.held = []
        self.ended = False


def _csv_rows(source: _Lines, delimiter: str) -> Iterator[tuple[int, list[str] | Rejected]]:
    """Rows with the number of their first line. A quote that never closes costs one line only."""
    while True:
        # strict: a stray quote is an error at once, not a row that has swallowed the next ones
        reader = csv.reader(iter(source), delimiter=delimiter, strict=True)
        for cells in _until_error(reader):
            yield from ((bad.line or 0, bad) for bad in source.rejected)
            source.rejected.clear()
            # a row that made the reader ask beyond the last line is one with an open quote
            if cells is None or source.ended:
                break
            number = source.held[0][0]
            source.held = []
            if cells:
                yield number, cells
        else:
            yield from ((bad.line or 0, bad) for bad in source.rejected)
            return
        number, line = source.held[0]
        yield (
            number,
            Rejected(
                "a quote in this line is out of place or never closed", _excerpt(line), number
            ),
        )
        source.give_back()


def _until_error(reader: Iterator[list[str]]) -> Iterator[list[str] | None]:
    try:
        yield from reader
    except csv.Error:  # a stray quote, or one that swallowed so much that the limit was hit
        yield None


def _guess_encoding(sample: bytes) -> str:
    """UTF-8, or cp1252 where no line with an umlaut is UTF-8 (Excel's CSV in the west)."""
    fits = misfits = 0
    for line in sample.split(b"\n")[:-1] or [sample]:
        if not line.isascii():
            try:
                line.decode()
                fits += 1
            except UnicodeDecodeError:
                misfits += 1
    return "cp1252" if misfits and not fits else "utf-8"


def _delimiter(header: str) -> str:
    outside = "".join(header.split('"')[::2])
    return max(",;\t|", key=outside.count)


def _read_xlsx(stream: IO[bytes], name: str) -> Iterator[tuple[int, RowDict | Rejected]]:
    import openpyxl  # slow to load, and few imports are workbooks

    with tempfile.SpooledTemporaryFile(max_size=16_000_000) as file:
        while chunk := stream.read(1_000_000):
            file.write(chunk)
        try:
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
            raise BadResponse(
                f"is no Excel workbook we can read ({error}); save it as CSV", source=name
            ) from error
        try:
            sheet = book.worksheets[0]
            yield from _sheet_rows(sheet.iter_rows(values_only=True))
        finally:
            book.close()


def _sheet_rows(rows: Iterator[Sequence[Any]]) -> Iterator[tuple[int, RowDict | Rejected]]:
    header: list[str] | None = None
    for number, cells in enumerate(rows, start=1):
        if not any(cell is not None for cell in cells):
            continue
        if header is None:
            header = ["" if cell is None else str(cell).strip() for cell in cells]
            continue
        row = {n: cell for n, cell in zip(header, cells, strict=False) if n and cell is not None}
        yield number, Rejected(fault, None, number) if (fault := find_fault(row)) else row

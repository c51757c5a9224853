"""Tables of rows: CSV in the spellings of spreadsheets, and XLSX."""

from __future__ import annotations

import csv
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from typing import IO, Any

from connectors.errors import BadResponse
from connectors.lines import MAX_LINE, excerpt, find_fault, numbered_lines, strip_mark
from connectors.types import Rejected

RowDict = dict[str, Any]


def read_csv(stream: IO[bytes], head: bytes) -> Iterator[tuple[int, RowDict | Rejected]]:
    """Yield (line, row) of a table; `head` are its first bytes, which tell how it is written."""
    # a field may be as long as a text may be: the module's own limit is 128 KiB
    csv.field_size_limit(MAX_LINE)
    encoding = _guess_encoding(strip_mark(head))
    # what does not fit the encoding becomes lone surrogates and is rejected row by row
    source = _Lines(stream, encoding)
    header: list[str] | None = None
    delimiter = _delimiter(strip_mark(head).split(b"\n", 1)[0].decode(encoding, "replace"))
    for number, cells in _csv_rows(source, delimiter):
        if isinstance(cells, Rejected):
            yield number, cells
        elif header is None:
            header = [name.strip() for name in cells]
        elif len(cells) > len(header):
            reason = f"has {len(cells)} cells, but the header names {len(header)}"
            yield number, Rejected(reason, excerpt(delimiter.join(cells)), number)
        elif any(cells):
            row = {name: cell for name, cell in zip(header, cells, strict=False) if cell}
            yield number, Rejected(fault, None, number) if (fault := find_fault(row)) else row


class _Lines:
    """Decoded lines for the csv module, with what it needs to begin again after a bad quote."""

    def __init__(self, stream: IO[bytes], encoding: str) -> None:
        self._numbered = numbered_lines(stream)
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
            Rejected("a quote in this line is out of place or never closed", excerpt(line), number),
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


def read_xlsx(stream: IO[bytes], name: str) -> Iterator[tuple[int, RowDict | Rejected]]:
    """Yield (row number, row) of a workbook's first sheet. Raises BadResponse for no workbook."""
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

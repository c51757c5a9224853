"""Bytes -> lines: whatever the encoding, however long, and with the faults named."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from typing import IO, Any

from connectors.types import Rejected

MAX_LINE = 8_000_000
"""Bytes. A text of a million characters fits, written as escapes too."""
EXCERPT = 500
"""Characters of a bad row that a rejects file keeps."""
SAMPLE = 256 * 1024
"""Bytes at the start of a file by which its kind and encoding are told."""
BROKEN_PACK = (EOFError, gzip.BadGzipFile, zlib.error)


class Lent(io.RawIOBase):
    """Lends a byte stream to a BufferedReader, which would else close stdin with itself."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        """Say yes, as a BufferedReader asks."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer`; return how many bytes came."""
        chunk = self._file.read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)


def strip_mark(head: bytes) -> bytes:
    """Return the first bytes of a file as UTF-8 without its byte order mark."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head.decode("utf-16", errors="ignore").encode()
    return head.removeprefix(codecs.BOM_UTF8)


def as_utf8(stream: IO[bytes], head: bytes) -> IO[bytes]:
    """Turn UTF-16 (Excel's "Unicode text") into UTF-8; drop the mark of UTF-8."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return io.BufferedReader(Lent(_Recoded(stream)), SAMPLE)  # type: ignore[arg-type]
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


def numbered_lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes | Rejected]]:
    """Physical lines with their number; one beyond MAX_LINE is skipped, never held."""
    number = 0
    while True:
        number += 1
        try:
            line = stream.readline(MAX_LINE)
        except BROKEN_PACK as error:
            yield number, Rejected(f"the packed file is cut or broken here: {error}", None, number)
            return
        if not line:
            return
        if len(line) == MAX_LINE and not line.endswith(b"\n"):
            size = len(line)
            while (rest := stream.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                size += len(rest)
            reason = f"the line has more than {size + len(rest) - 1:,} bytes"
            yield number, Rejected(reason, excerpt(line), number)
        else:
            yield number, line


def excerpt(line: bytes | str) -> str:
    """Return the start of a bad line, in a form that any file can hold."""
    text = line[: 4 * EXCERPT].decode("utf-8", "replace") if isinstance(line, bytes) else line
    return text.rstrip("\r\n")[:EXCERPT].encode("utf-8", "replace").decode()


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

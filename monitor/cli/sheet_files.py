"""KPI sheet, matrix and journey as files for spreadsheets and scripts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from monitor.cli.context import to_json
from monitor.cli.tables import cell
from monitor.digest.safe import one_line
from monitor.errors import UsageError

ENDINGS = (".csv", ".xlsx", ".json")

COLUMNS = (
    "kpi", "value", "unit", "numerator", "denominator", "low", "high", "missing", "from", "to",
    "previous", "previous_year", "formula", "sources",
)  # fmt: skip


PICTURES = (".png", ".svg")

Draw = Callable[[Literal["svg", "png"]], bytes]


def write_picture(file: Path, draw: Draw) -> bool:
    """Draw a file that ends in .png or .svg; returns whether it does. Raises UsageError."""
    form = file.suffix.casefold()
    if form not in PICTURES:
        return False
    try:
        content = draw("svg" if form == ".svg" else "png")
    except ImportError as error:
        raise UsageError(
            "--out {file}: matplotlib is missing; pip install 'sturmglas[pictures]'", file=file
        ) from error
    write_bytes(file, content)
    return True


def write_bytes(file: Path, content: bytes) -> None:
    """Write a file. Raises UsageError where that is not possible."""
    try:
        file.write_bytes(content)
    except OSError as error:
        raise UsageError(
            "{file}: cannot be written: {error}; name another place", file=file, error=error
        ) from error


def write_sheet(file: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the sheet's rows as .csv, .xlsx or .json by the file's name. Raises UsageError."""
    write_rows(file, rows, [_flat(row) for row in rows])


def write_nested(file: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows as .csv, .xlsx or .json; in tables `sentiment` is `sentiment_negative`, ...

    Raises UsageError.
    """
    write_rows(file, rows, [dict(_columns(row)) for row in rows])


def write_rows(
    file: Path, rows: Sequence[Mapping[str, Any]], flat: Sequence[Mapping[str, Any]]
) -> None:
    """Write `rows` as JSON or, as a table, `flat`: the same with a column each.

    Raises UsageError for another ending and where the file cannot be written.
    """
    form = file.suffix.casefold()
    if form not in ENDINGS:
        raise UsageError(
            "--out {file}: take a name that ends in .csv, .xlsx or .json; .png or .svg", file=file
        )
    # A cell may be missing in one row (no goal) and hold something in the next.
    columns = list(dict.fromkeys(name for row in flat for name in row))
    table = [columns, *([cell(row.get(name)) for name in columns] for row in flat)]
    content = _json(rows) if form == ".json" else _csv(table) if form == ".csv" else _xlsx(table)
    write_bytes(file, content)


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    values = {
        **row,
        **row["period"],
        "previous": row["previous"]["value"],
        "previous_year": row["previous_year"]["value"],
        "sources": one_line(", ".join(row["sources"])),
    }
    return {name: values[name] for name in COLUMNS}


def _columns(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}_{part}", inner) for part, inner in value.items())
        elif isinstance(value, list):
            yield name, one_line(" | ".join(map(str, value)))
        else:
            yield name, value


def _csv(table: Sequence[Sequence[Any]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(table)
    return out.getvalue().encode()


def _xlsx(table: Sequence[Sequence[Any]]) -> bytes:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Sturmglas")
    for row in table:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _json(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return (json.dumps(list(rows), ensure_ascii=False, indent=2, default=to_json) + "\n").encode()

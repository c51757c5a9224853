"""The KPI sheet as a file for spreadsheets and scripts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from monitor.cli.context import to_json
from monitor.cli.tables import cell
from monitor.digest.safe import one_line
from monitor.errors import UsageError

COLUMNS = (
    "kpi", "value", "unit", "numerator", "denominator", "low", "high", "missing", "from", "to",
    "previous", "previous_year", "formula", "sources",
)  # fmt: skip


def write_sheet(file: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows as .csv, .xlsx or .json by the file's name. Raises UsageError."""
    writers = {".csv": _csv, ".xlsx": _xlsx, ".json": _json}
    write = writers.get(file.suffix.casefold())
    if write is None:
        raise UsageError(f"--out {file}: take a name that ends in .csv, .xlsx or .json")
    content = write(rows)
    try:
        file.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error}; name another place") from error


def _flat(row: Mapping[str, Any]) -> list[Any]:
    values = {
        **row,
        **row["period"],
        "previous": row["previous"]["value"],
        "previous_year": row["previous_year"]["value"],
        "sources": one_line(", ".join(row["sources"])),
    }
    return [cell(values[name]) for name in COLUMNS]


def _csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows(_flat(row) for row in rows)
    return out.getvalue().encode()


def _xlsx(rows: Sequence[Mapping[str, Any]]) -> bytes:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("KPI")
    sheet.append(COLUMNS)
    for row in rows:
        sheet.append(_flat(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _json(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return (json.dumps(list(rows), ensure_ascii=False, indent=2, default=to_json) + "\n").encode()

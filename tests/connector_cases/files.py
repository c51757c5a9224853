"""Files: rows in a folder; the server is the disk."""

from __future__ import annotations

import json
from dataclasses import replace

from connector_cases.world import FIXTURES, Case, Item, World
from connectors.files import open_rows, parse_record
from connectors.types import Post, Source, Tombstone


def row(item: Item) -> str:
    if item.is_garbled:
        return '{"text": "cut off in the mi'
    return json.dumps(
        {
            "platform": "facebook",
            "native_id": str(item.n),
            "text": item.text,
            "url": f"https://example.com/{item.n}",
            "created_at": item.at.isoformat(),
            "kind": "post" if item.parent is None else "comment",
            "parent_id": item.parent,
            "root_id": item.parent or item.n,
        }
    )


def write(world: World) -> Source:
    assert world.folder is not None
    for name, items in (("a", world.items[:30]), ("b", world.items[30:])):
        lines = "".join(row(item) + "\n" for item in items)
        path = world.folder / f"{name}.jsonl"
        if not path.exists() or path.read_text(encoding="utf-8") != lines:
            path.write_text(lines, encoding="utf-8")
    return replace(world.case.source, target=str(world.folder / "*.jsonl"))


def parse_fixture() -> list[Post | Tombstone]:
    """The same rows in a table with foreign names and in lines of our own."""
    found: list[Post | Tombstone] = []
    for name in ("timeline.jsonl", "timeline.csv"):
        for _, row in open_rows(FIXTURES / "files" / name):
            assert isinstance(row, dict)
            record = parse_record(
                row,
                default_source="drop",
                mapping={"text": "Kommentar"} if name.endswith("csv") else {},
                values={("kind", "Frage"): "comment"},
            )
            assert isinstance(record, Post)
            found.append(record)
    return found


CASE = Case(
    is_oldest_first=True,
    platform="files",
    source=Source(name="drop", platform="files"),
    native_id=lambda item: str(item.n),
    write=write,
    parse_fixture=parse_fixture,
    has_http=False,
)

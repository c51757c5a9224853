"""The page on a terminal of any width from 60 columns, and as plain text for mail and files."""

from __future__ import annotations

import io
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.containers import Lines
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table as RichTable
from rich.text import Text

from monitor.digest.document import (
    Block,
    Bullets,
    Document,
    Heading,
    Line,
    Pairs,
    Picture,
    Quotation,
    Table,
    text_of,
)
from monitor.digest.safe import one_line, plain

TEXT_WIDTH = 76
"""Columns of the plain text: mail programs quote and indent without breaking lines."""

LONGEST_NAME = 20
"""Columns that the names of lines take at most."""

LONGEST_FIRST = 24
"""Columns up to which the first cell of a table's rows stays on one line."""

LEAST_FIRST = 14
"""Columns that longer first cells are broken to, unless a word of theirs is longer."""

NARROW = (92, 72)
"""Columns under which a table leaves out the first, and the second, that it can spare."""

_STYLES = {
    "plain": "",
    "strong": "bold",
    "dim": "dim",
    "good": "bold green",
    "warn": "bold yellow",
    "bad": "bold red",
}


_NARROW_SPACE = "\u202f"
_HELD = "\ue000"  # private use: `plain` lets none through, and it is no space


def render_terminal(document: Document, width: int) -> RenderableType:
    """Return what a rich console prints; texts are never read as rich's markup."""
    parts: list[RenderableType] = [
        Text.assemble((plain(document.title), "bold")),
        _text(document.lead),
    ]
    parts += [_block(block, width) for block in document.blocks if not isinstance(block, Picture)]
    if document.footer:
        parts.append(Text(plain(document.footer), style="dim"))
    return Group(*parts)


def render_text(document: Document, width: int = TEXT_WIDTH) -> str:
    """Return the page without colours or escapes, lines at most `width` wide."""
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        color_system=None,
        force_terminal=False,
        force_jupyter=False,
        legacy_windows=False,
        _environ={},
    )
    console.print(render_terminal(document, width))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _block(block: Block, width: int) -> RenderableType:
    if isinstance(block, Heading):
        title = Text(plain(block.text), style="bold")
        return Padding(title, (1, 0, 0, 0)) if block.text else Rule(style="dim", characters="─")
    if isinstance(block, Pairs):
        return _pairs(block, width)
    if isinstance(block, Bullets):
        return Group(*(_hanging("• ", _text(line)) for line in block.lines))
    if isinstance(block, Quotation):
        return _quotation(block)
    assert isinstance(block, Table)
    return _table(block, width)


def _pairs(block: Pairs, width: int) -> RenderableType:
    names = [Text(one_line(name)) for name, _line in block.rows]
    indent = min(LONGEST_NAME, max((name.cell_len for name in names), default=0))
    grid = RichTable.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, width=max(indent, 10))
    grid.add_column(overflow="fold")
    for name, (_name, line) in zip(names, block.rows, strict=True):
        text = _text(line)
        if block.clip:
            text.truncate(width - max(indent, 10) - 2, overflow="ellipsis")
        grid.add_row(name, text)
    return grid


def _table(block: Table, width: int) -> RenderableType:
    names = [text_of(row[0]) for row in block.rows]
    whole = max(map(len, names), default=0)
    table = _laid_out(block, width, whole)
    # natural widths beyond any terminal, so that what is asked is whether they fit this one
    if whole <= LONGEST_FIRST or Console(width=10_000).measure(table).maximum <= width:
        return table
    longest = max((len(word) for name in names for word in name.split()), default=0)
    return _laid_out(block, width, min(max(longest, LEAST_FIRST), LONGEST_FIRST))


def _laid_out(block: Table, width: int, broad: int) -> RichTable:
    """Return a table whose first cells take `broad` columns; other columns give way."""
    left_out = {n for n, least in zip(block.spare, NARROW, strict=False) if width < least}
    shown = [n for n in range(len(block.head)) if n not in left_out]
    table = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
    for n in shown:
        table.add_column(
            Text(one_line(block.head[n])),
            justify="right" if n in block.right else "left",
            overflow="fold",
            no_wrap=n == 0,  # a name is no longer a name when it is broken
        )
    for row in block.rows:
        first, *others = (_text(row[n]) for n in shown)
        table.add_row(_in_lines(first, broad), *others)
    return table


def _in_lines(text: Text, width: int) -> Text:
    """Break a name between its words, so that a column of such names need not break them."""
    return Text("\n").join(text.wrap(Console(width=max(width, 1)), max(width, 1)))


def _quotation(block: Quotation) -> RenderableType:
    text = Text(f"{one_line(block.text)} ")
    text.append(one_line(block.note), style=f"link {block.url} dim" if block.url else "dim")
    return Padding(_hanging("  ", text), (0, 0, 0, 2))


def _hanging(mark: str, text: Text) -> RenderableType:
    grid = RichTable.grid()
    grid.add_column(width=len(mark))
    grid.add_column(overflow="fold")
    grid.add_row(Text(mark), text)
    return grid


class _Unbroken(Text):
    """Text whose narrow spaces hold: rich would break "5 %" there, as it does at any space."""

    def wrap(self, *arguments: Any, **options: Any) -> Lines:
        """Break into lines of a width, between words only."""
        held = self.copy()
        held.plain = self.plain.replace(_NARROW_SPACE, _HELD)
        lines = held.wrap(*arguments, **options)
        for line in lines:
            line.plain = line.plain.replace(_HELD, _NARROW_SPACE)
        return lines


def _text(line: Line) -> Text:
    text = _Unbroken()
    for span in line:
        words = plain(span.text).replace("\n", " ").replace("\t", " ")
        style = _STYLES[span.tone]
        text.append(words, style=f"{style} link {span.url}".strip() if span.url else style)
    return text

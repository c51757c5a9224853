"""A digest as a page of blocks, in a language but in no markup: what every door renders.

A door escapes every text that it finds here. So a block never holds markup, and a new door
needs to know these few shapes and nothing of digests.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from monitor.types.digest import Weather

Tone = Literal["plain", "strong", "dim", "good", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Span:
    """Some words. `url` leads to the post, `figure` names what `sturmglas explain` takes."""

    text: str
    tone: Tone = "plain"
    url: str | None = None
    figure: str | None = None


Line = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """Begins a section."""

    text: str


@dataclass(frozen=True, slots=True)
class Pairs:
    """Lines with a name before each; `clip` cuts each to one line where the width is fixed."""

    rows: tuple[tuple[str, Line], ...]
    clip: bool = False


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list."""

    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a head. `right` are columns of numbers; `spare` go where it is narrow, in order.

    The first of `spare` is a drawing that only a wide page has room for.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[Line, ...], ...]
    right: tuple[int, ...] = ()
    spare: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Quotation:
    """Somebody's words, and where and when they stand."""

    text: str
    note: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart, for doors that show one; `alt` says what it shows."""

    name: str
    alt: str


Block = Heading | Pairs | Bullets | Table | Quotation | Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A whole page. `lead` are its first words: the weather and why. `footer` says how to go on."""

    language: str
    title: str
    weather: Weather
    lead: Line
    blocks: tuple[Block, ...]
    footer: str = ""
    figures: tuple[tuple[str, str], ...] = field(default=())


def text_of(line: Line) -> str:
    """Return a line's words without tones and links."""
    return "".join(span.text for span in line)

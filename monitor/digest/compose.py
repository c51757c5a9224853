"""Turns a digest into a page in one language: the order of its sections, and how long it gets."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from monitor.digest.document import (
    Block,
    Bullets,
    Document,
    Heading,
    Line,
    Pairs,
    Span,
    Table,
    Tone,
)
from monitor.digest.names import before_name, period_name, reason_phrase, weather_word
from monitor.digest.sections import Section, Sections
from monitor.digest.tables import matrix_table
from monitor.locale.language import Language
from monitor.types.digest import Cell, Digest, Period

REASONS = 3
"""Reasons that the first line names; the rest shows further down."""

_TONES: dict[str, Tone] = {"quiet": "good", "watch": "warn", "act": "bad"}


def compose(digest: Digest, language: Language) -> Document:
    """Return the page. A quiet day is told in a dozen lines, any other one in full."""
    sections = Sections(digest, language)
    ordered = [
        sections.changed(),
        sections.trend(),
        sections.topics(),
        sections.engagement(),
        sections.matrix(),
        sections.questions(),
        sections.ideas(),
        sections.kpis(),
        sections.alerts(),
        sections.voices(),
        sections.privacy(),
        sections.coverage(),
    ]
    told = [section for section in ordered if section is not None]
    short = digest.weather == "quiet" and digest.period.kind == "day"
    shown = _short(told) if short else _full(told)
    return Document(
        language=language.code,
        title=title_of(digest, language),
        weather=digest.weather,
        lead=_lead(digest, language),
        blocks=shown,
        footer=""
        if short and digest.tally.posts > digest.tally.unlabelled
        else _footer(digest, language),
        figures=_explanations(digest, shown),
    )


def compose_matrix(cells: Sequence[Cell], period: Period, language: Language) -> Document:
    """Return the engagement matrix as a page of its own."""
    total = sum(cell.posts for cell in cells)
    before = sum(cell.previous for cell in cells)
    return Document(
        language=language.code,
        title=period_name(period, language),
        weather="quiet",
        lead=(
            Span(language.number(total), "strong"),
            Span(" " + language.say("labelled posts")),
            Span(f" ({before_name(period, language)} {language.number(before)})", "dim"),
        ),
        blocks=(matrix_table(cells, language),),
    )


def title_of(digest: Digest, language: Language) -> str:
    """Name company and period."""
    return " · ".join(filter(None, (digest.company, period_name(digest.period, language))))


def _lead(digest: Digest, language: Language) -> Line:
    why = [reason_phrase(reason, language) for reason in digest.reasons]
    told = "; ".join(why[:REASONS])
    if len(why) > REASONS:
        told += " " + language.say("(and {n} more)", n=len(why) - REASONS)
    word = weather_word(digest.weather, language)
    return (Span(word, _TONES[digest.weather]), Span(f": {told}"))


def _short(sections: list[Section]) -> tuple[Block, ...]:
    return (Pairs(tuple((section.label, section.short) for section in sections), clip=True),)


def _full(sections: list[Section]) -> tuple[Block, ...]:
    blocks: list[Block] = []
    lines: list[tuple[str, Line]] = []
    for section in sections:
        if section.blocks:
            blocks += [Heading(section.title), *section.blocks]
        else:
            lines.append((section.label, section.short))
    if lines:
        blocks += [Heading(""), Pairs(tuple(lines))]
    return tuple(blocks)


def _footer(digest: Digest, language: Language) -> str:
    day = digest.period.first_day.isoformat()
    if not digest.tally.posts and digest.newest_post_at is not None:
        newest = digest.newest_post_at.date().isoformat()
        return language.say(
            "The newest stored post is of {day}: sturmglas digest --date {day}", day=newest
        )
    if digest.tally.unlabelled:
        count = digest.tally.unlabelled
        return language.say_n(
            "{n} post has no labels yet: sturmglas label",
            "{n} posts have no labels yet: sturmglas label",
            count,
        )
    return language.say("The posts behind a figure: sturmglas explain posts --date {day}", day=day)


def _explanations(digest: Digest, blocks: tuple[Block, ...]) -> tuple[tuple[str, str], ...]:
    """Return every figure that is shown with the command that lists the posts behind it."""
    when = f"--date {digest.period.first_day.isoformat()}"
    if digest.period.kind != "day":
        when += f" --period {digest.period.kind}"
    names = dict.fromkeys(
        span.figure for block in blocks for line in _lines_of(block) for span in line if span.figure
    )
    return tuple((name, f"sturmglas explain {shlex.quote(name)} {when}") for name in names)


def _lines_of(block: Block) -> Iterator[Line]:
    if isinstance(block, Pairs):
        yield from (line for _name, line in block.rows)
    elif isinstance(block, Bullets):
        yield from block.lines
    elif isinstance(block, Table):
        for row in block.rows:
            yield from row

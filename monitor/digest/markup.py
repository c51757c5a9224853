"""The page as Markdown and as HTML for mail, from the templates beside this file.

The environment is made once: it holds compiled templates and nothing of any digest.
"""

from __future__ import annotations

import re
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from monitor.digest.document import (
    Bullets,
    Document,
    Heading,
    Pairs,
    Picture,
    Quotation,
    Span,
    Table,
)
from monitor.digest.safe import for_markdown, one_line


def render_markdown(document: Document) -> str:
    """Return the page as CommonMark with tables."""
    text = _environment().get_template("digest.md.j2").render(page=document)
    lines = [line.rstrip() for line in text.splitlines()]
    # Blocks bring their own blank lines; two in a row say nothing.
    kept = [line for n, line in enumerate(lines) if line or (n and lines[n - 1])]
    return "\n".join(kept).strip() + "\n"


def render_html(document: Document, pictures: frozenset[str] = frozenset()) -> str:
    """Return the page as an HTML mail: tables and inline styles, light and dark.

    `pictures` are the names of charts that travel with it as `cid:NAME.png`; others are left out.
    """
    template = _environment().get_template("digest.html.j2")
    return template.render(page=document, pictures=pictures).strip() + "\n"


def _emphasised(span: Span, words: str) -> str:
    # Markdown's stars bind only to words, so the spaces stay outside.
    bare = words.strip()
    if span.tone in ("plain", "dim") or not bare:
        return _spaced(span.text, words)
    return _spaced(span.text, f"**{bare}**")


def _spaced(text: str, words: str) -> str:
    return (
        f"{' ' if text[:1] == ' ' else ''}{words}{' ' if text[-1:] == ' ' and text.strip() else ''}"
    )


@cache
def _environment() -> Environment:
    # Markdown is escaped by its own filter; HTML's entities would be shown as they are.
    environment = Environment(
        loader=PackageLoader("monitor.digest"),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=False,
        keep_trailing_newline=True,
    )
    environment.filters["md"] = for_markdown
    environment.filters["words"] = _words
    environment.filters["anchor"] = _anchor
    environment.filters["emphasised"] = _emphasised
    for name, shape in (
        ("heading", Heading),
        ("pairs", Pairs),
        ("bullets", Bullets),
        ("quotation", Quotation),
        ("table", Table),
        ("picture", Picture),
    ):
        environment.tests[name] = lambda block, shape=shape: isinstance(block, shape)
    return environment


def _anchor(figure: str) -> str:
    """Return a figure's name as the name of a place in the page."""
    return "f-" + re.sub(r"[^A-Za-z0-9]+", "-", figure)


def _words(text: str) -> str:
    """Clean a span for HTML; its spaces at both ends belong to its neighbours."""
    return _spaced(text, one_line(text))

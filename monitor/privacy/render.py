"""Writes the papers of privacy: the access file, the record of processing, the assessment.

One template per paper and language: they are prose for a data protection officer, and prose is
written, not put together from translated pieces.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

from jinja2 import Environment, PackageLoader, StrictUndefined

Paper = Literal["access.html", "record.md", "assessment.md"]


def render_paper(paper: Paper, lang: str, facts: Mapping[str, Any]) -> str:
    """Return a paper in `de` or `en`. HTML is escaped; hostile text stays text."""
    name, _, ending = paper.partition(".")
    template = _environment().get_template(f"{name}.{'de' if lang == 'de' else 'en'}.{ending}.j2")
    return template.render(facts)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("monitor.privacy"),
        autoescape=lambda name: name is not None and ".html" in name,  # noqa: S701 - rest is Markdown
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )

"""HTML -> the plain text that a reader would see."""

from __future__ import annotations

import html
import re
import unicodedata

from selectolax.lexbor import LexborHTMLParser, LexborNode

_BLOCKS = frozenset(
    {"p", "div", "li", "ul", "ol", "dl", "dd", "dt", "blockquote", "pre", "table", "tr"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "figure", "figcaption"}
)
_DROPPED = ("script", "style", "template", "noscript", "head", "title", "iframe", "object")
_BLANKS = re.compile(r"[ \t\u00a0\u2028\u2029]+")
_MANY_LINES = re.compile(r"\n{3,}")
_MAX_DEPTH = 200
"""Deeper nesting is an attack or a broken editor; the text below is still taken, as it stands."""


def clean_text(text: str) -> str:
    """Return plain text in our form: NFC, `\\n` line ends, no NUL, no half characters, trimmed."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    if not text.isascii():
        # a lone surrogate comes from cut UTF-16; the rest of the post is worth keeping
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        text = unicodedata.normalize("NFC", text)
    return text.strip()


def html_to_text(source: str) -> str:
    """Turn HTML into text: breaks at block ends, `- ` before list items, images as their alt.

    Links are kept with their full text, also where a platform hides parts of it from the eye
    (Mastodon shortens links with invisible spans). Entities are resolved once.
    """
    if "<" not in source:
        return _tidy(html.unescape(source))
    tree = LexborHTMLParser(source)
    tree.strip_tags(list(_DROPPED))
    body = tree.body
    if body is None:
        return ""
    parts: list[str] = []
    _walk(body, parts, 0, verbatim=False)
    return _tidy("".join(parts))


def images(source: str) -> tuple[dict[str, str | None], ...]:
    """List the images of an HTML text as media: {"type", "url", "alt"}."""
    if "<img" not in source.lower():
        return ()
    found = LexborHTMLParser(source).css("img")
    return tuple(
        {"type": "image", "url": image.attributes.get("src"), "alt": image.attributes.get("alt")}
        for image in found
    )


def _walk(node: LexborNode, parts: list[str], depth: int, *, verbatim: bool) -> None:
    if depth > _MAX_DEPTH:
        parts.append(node.text(deep=True, separator=" "))
        return
    for child in node.iter(include_text=True):
        tag = child.tag
        if tag == "-text":
            text = child.text_content or ""
            parts.append(text if verbatim else _BLANKS.sub(" ", text.replace("\n", " ")))
        elif tag == "br":
            parts.append("\n")
        elif tag == "img":
            parts.append(child.attributes.get("alt") or "")
        else:
            block = tag in _BLOCKS
            if tag in ("li", "tr", "dd"):
                parts.append("\n- " if tag == "li" else "\n")
            elif block:
                parts.append("\n\n")
            _walk(child, parts, depth + 1, verbatim=verbatim or tag == "pre")
            if block:
                parts.append("" if tag in ("li", "tr", "dd") else "\n\n")


def _tidy(text: str) -> str:
    lines = (line.strip() for line in clean_text(text.replace("\u00a0", " ")).split("\n"))
    return _MANY_LINES.sub("\n\n", "\n".join(lines)).strip()

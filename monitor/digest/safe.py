"""Neutralises what a text could mean where it is shown; the stored text stays as it was written.

Posts are hostile input. `plain` takes away what no reader can see and a device might obey; each
door then escapes what its own markup would read. Everything shown goes through a door, our own
words too, so that nobody has to remember which text came from outside.
"""

from __future__ import annotations

import re
import unicodedata

from monitor.types.masking import mask_personal

_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor moves
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS
    r"|\x1b[ -/]*[0-~]?"
)
_BREAKS = re.compile(r"\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f"  # controls, tab and newline excepted
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"  # bidi, zero width
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufff0-\ufffb\ufffe\uffff"  # fillers
    "\U000e0000-\U000e0fff\U0001d173-\U0001d17a]"  # tags, variation selectors, musical controls
)
_SURROGATES = re.compile("[\ud800-\udfff]")
_JOINERS = re.compile(
    "(?<=[\x00-\x7f])[\u200c\u200d]+|[\u200c\u200d]+(?=[\x00-\x7f]|$)|^[\u200c\u200d]+"
)
_SPACES = re.compile(r"[^\S\u00a0\u202f]+")  # spaces that keep two words together stay

MARKS = 3
"""Combining marks that one letter may carry; Vietnamese needs two, stacks of ten need none."""

_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~&$])")
_MARKDOWN_START = re.compile(r"^([#+\-=]|\d{1,9}(?=[.)](?:\s|$)))")
_MENTION = re.compile(r"@(?=\w)")
_SLACK_MARKS = str.maketrans({"*": "∗", "~": "∼", "`": "ˋ", "_": "ˍ"})
_WORD_UNDERSCORE = re.compile(r"(?<=[^\W_])_(?=[^\W_])")
_KEPT = "\ue000"


def plain(text: str) -> str:
    """Return the text without terminal escapes, controls, bidi overrides and unseen signs.

    Newlines and tabs stay. Joiners stay between letters that need them (emoji, Persian).
    """
    text = _SURROGATES.sub("\ufffd", text)
    text = _ESCAPES.sub("", text)
    text = _BREAKS.sub("\n", text)
    # Twice: what stood on both sides of an unseen sign may be a joiner's new neighbour.
    text = _JOINERS.sub("", _UNSEEN.sub("", text))
    return _without_stacks(text)


def one_line(text: str, limit: int = 0) -> str:
    """Return the text on one line, cut to `limit` signs with an ellipsis (0: uncut)."""
    line = _SPACES.sub(" ", plain(text)).strip()
    if limit and len(line) > limit:
        cut = line[: limit - 1]
        space = cut.rfind(" ", limit * 2 // 3)
        line = (cut[:space] if space > 0 else cut).rstrip("\u200d\u200c ,;:") + "…"
    return line


def for_markdown(text: str) -> str:
    """Return one line that Markdown shows as it is written: no markup, HTML, link or mention."""
    line = one_line(text)
    start = _MARKDOWN_START.match(line)
    escaped = _MARKDOWN.sub(r"\\\1", line)
    if start:  # what makes a heading, a list or a rule only where a line begins
        sign = start[1]
        escaped = f"{sign}\\{escaped[len(sign) :]}" if sign.isdigit() else f"\\{escaped}"
    # A word joiner after the sign keeps chat programs from calling everybody.
    return _MENTION.sub("@\u2060", escaped)


def for_slack(text: str) -> str:
    """Return one line for a `mrkdwn` field: no `<!channel>`, no link, no formatting.

    Slack reads only &, < and > as escapes; signs of formatting become their look-alikes.
    """
    line = _WORD_UNDERSCORE.sub(_KEPT, one_line(text).replace(_KEPT, ""))
    line = line.translate(_SLACK_MARKS).replace(_KEPT, "_")
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MENTION.sub("@\u2060", line)


def for_header(text: str) -> str:
    """Return one line for a mail header: nothing that could begin another header."""
    return one_line(text, 200)


def web_address(url: str | None) -> str | None:
    """Return the address if a reader may follow it: http or https and nothing unseen in it."""
    if url is None or not re.fullmatch(r"https?://[^\s<>\"'`\\{}|^]+", url):
        return None
    return url if plain(url) == url and len(url) <= 2000 else None


def masked(text: str) -> str:
    """Return the text with what names or reaches a person masked."""
    return mask_personal(text)


def _without_stacks(text: str) -> str:
    if text.isascii():
        return text
    kept: list[str] = []
    marks = 0
    for sign in text:
        marks = marks + 1 if unicodedata.category(sign) in ("Mn", "Me") else 0
        if marks <= MARKS:
            kept.append(sign)
    return "".join(kept)

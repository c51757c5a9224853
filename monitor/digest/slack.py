"""The page as Slack's Block Kit, within its limits; `text` is what Mattermost and watches show.

Limits of 2026-11 (docs.slack.dev/reference/block-kit/blocks): 50 blocks a message, 150 signs a
header, 3,000 a section's text, 10 elements of a context, 2,000 of each.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from monitor.digest.document import (
    Block,
    Bullets,
    Document,
    Heading,
    Line,
    Pairs,
    Picture,
    Quotation,
    Span,
    Table,
    text_of,
)
from monitor.digest.safe import for_slack, one_line
from monitor.locale.language import Language
from monitor.types.alerts import VERDICTS, Alert, VerdictKind

MOST_BLOCKS = 50
HEADER_LENGTH = 150
SECTION_LENGTH = 3000
CONTEXT_LENGTH = 2000
FALLBACK_LENGTH = 4000

Message = dict[str, Any]


def render_slack(document: Document) -> str:
    """Return the message as one JSON object on one line."""
    return json.dumps(slack_message(document), ensure_ascii=False) + "\n"


def slack_message(document: Document, actions: Mapping[str, Any] | None = None) -> Message:
    """Return `text` and `blocks` as `chat.postMessage` and incoming webhooks take them.

    `actions` are `buttons` to stand at the end.
    """
    blocks = [
        header(document.title),
        section(_line(document.lead)),
    ]
    lines: list[str] = []
    for block in document.blocks:
        if isinstance(block, Heading):
            blocks += _sections(lines)
            lines = []
            if block.text:
                lines.append(f"*{for_slack(block.text)}*")
            else:
                blocks.append({"type": "divider"})
            continue
        lines += _lines(block)
    blocks += _sections(lines)
    if document.footer:
        blocks.append(context(for_slack(document.footer)))
    return {
        "text": cut(
            f"{one_line(document.title)}: {for_slack(text_of(document.lead))}", FALLBACK_LENGTH
        ),
        "blocks": fitted(blocks) if actions is None else [*fitted(blocks, 1), dict(actions)],
        "unfurl_links": False,
        "unfurl_media": False,
    }


def header(text: str) -> Message:
    """Return a header block; its text is never read as markup."""
    words = one_line(text, HEADER_LENGTH) or "-"
    return {"type": "header", "text": {"type": "plain_text", "text": words, "emoji": False}}


def section(text: str) -> Message:
    """Return a section of escaped text; `verbatim` keeps Slack from finding links of its own."""
    words = cut(text, SECTION_LENGTH) or "-"
    return {"type": "section", "text": {"type": "mrkdwn", "text": words, "verbatim": True}}


def context(text: str) -> Message:
    """Return small print."""
    words = cut(text, CONTEXT_LENGTH) or "-"
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": words, "verbatim": True}]}


def buttons(receiver: str, alert: Alert, language: Language) -> Message:
    """Return the buttons of an alert; `monitor.notify.presses` reads what becomes of them.

    Of an alert that is over only its worth is asked.
    """
    say = language.say
    words: dict[VerdictKind, str] = {
        "ack": say("I am on it"),
        "snooze": say("Quiet for 4 h"),
        "noise": say("Was noise"),
        "useful": say("Was useful"),
    }
    asked: tuple[VerdictKind, ...] = VERDICTS if alert.open else ("noise", "useful")
    return {
        "type": "actions",
        "block_id": f"sturmglas-{receiver}",
        "elements": [
            {
                "type": "button",
                "action_id": verdict,
                "value": alert.id,
                "text": {"type": "plain_text", "text": words[verdict], "emoji": False},
                **({"style": "primary"} if verdict == "ack" else {}),
            }
            for verdict in asked
        ],
    }


def cut(text: str, limit: int) -> str:
    """Cut escaped text, never inside an escape or a link."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    for opening, closing in (("&", ";"), ("<", ">")):
        start = kept.rfind(opening)
        if start >= 0 and closing not in kept[start:]:
            kept = kept[:start]
    return kept + "…"


def fitted(blocks: list[Message], spare: int = 0) -> list[Message]:
    """Leave out what is beyond the number of blocks that one message may have, less `spare`."""
    most = MOST_BLOCKS - spare
    return blocks if len(blocks) <= most else [*blocks[: most - 1], context("…")]


def _sections(lines: list[str]) -> list[Message]:
    """Pack lines into as few sections as their limit allows."""
    packed: list[str] = []
    for line in lines:
        short = cut(line, SECTION_LENGTH)
        if packed and len(packed[-1]) + 1 + len(short) <= SECTION_LENGTH:
            packed[-1] += "\n" + short
        else:
            packed.append(short)
    return [section(text) for text in packed]


def _lines(block: Block) -> list[str]:
    if isinstance(block, Pairs):
        return [f"{for_slack(name)}: {_line(line)}" if name else _line(line)
                for name, line in block.rows]  # fmt: skip
    if isinstance(block, Bullets):
        return [f"• {_line(line)}" for line in block.lines]
    if isinstance(block, Quotation):
        note = for_slack(block.note)
        linked = f"<{_address(block.url)}|{note}>" if block.url else note
        return [f"      {for_slack(block.text)} {linked}"]
    if isinstance(block, Table):
        return _rows(block)
    assert isinstance(block, Picture)
    return []


def _rows(table: Table) -> list[str]:
    """Write a table's rows as lines: a chat window is too narrow for columns."""
    lines = []
    for row in table.rows:
        cells = [
            f"{for_slack(table.head[n])} {_line(cell)}"
            for n, cell in enumerate(row)
            if n and n not in table.spare[:1] and text_of(cell).strip()
        ]
        lines.append(f"• {_line(row[0])}: {' · '.join(cells)}")
    return lines


def _line(line: Line) -> str:
    return "".join(_span(span) for span in line)


def _span(span: Span) -> str:
    words = for_slack(span.text)
    if not words:
        return " " if span.text else ""
    if span.url:
        words = f"<{_address(span.url)}|{words}>"
    if span.tone in ("strong", "good", "warn", "bad"):
        words = f"*{words}*"
    before = " " if span.text[:1].isspace() else ""
    return before + words + (" " if span.text[-1:].isspace() else "")


def _address(url: str) -> str:
    return url.replace("&", "&amp;").replace("|", "%7C").replace(">", "%3E").replace("<", "%3C")

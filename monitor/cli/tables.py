"""Posts as tables for people, rows as files for scripts. Texts from outside are made harmless."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

from monitor.cli.context import Context, to_json
from monitor.digest.safe import one_line, plain

if TYPE_CHECKING:
    from connectors.types import Counts
    from monitor.types.posts import StoredPost

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to a spreadsheet (OWASP, CSV Injection)."""
EXCERPT = 90


def write_rows(rows: Iterable[Mapping[str, Any]], format_: str) -> None:
    """Write rows to stdout as JSONL or CSV, one by one."""
    if format_ == "jsonl":
        for row in rows:
            sys.stdout.write(json.dumps(row, ensure_ascii=False, default=to_json) + "\n")
        return
    iterator = iter(rows)
    first = next(iterator, None)
    if first is None:
        return
    writer = csv.DictWriter(sys.stdout, fieldnames=list(first), extrasaction="ignore")
    writer.writeheader()
    for row in chain((first,), iterator):
        writer.writerow({key: cell(value) for key, value in row.items()})


def cell(value: Any) -> Any:
    """Return what may stand in a spreadsheet's cell without being run as a formula."""
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, dict | list | tuple):
        value = json.dumps(value, ensure_ascii=False, default=to_json)
    elif isinstance(value, datetime):
        value = to_json(value)
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text


def local_time(context: Context, moment: datetime | None) -> str:
    """Write a moment in the community's time zone."""
    if moment is None:
        return context.tell("no time")
    return moment.astimezone(context.settings.zone).strftime("%Y-%m-%d %H:%M")


def print_posts(context: Context, posts: Sequence[StoredPost]) -> None:
    """Print a list of posts: when, where, labels; the beginning of the text; the uid."""
    if not posts:
        context.out.print(context.tell("No posts found."))
        return
    width = max(context.out.width - 3, EXCERPT // 2)
    for post in posts:
        text = "(deleted at its origin)" if post.deleted_at else one_line(post.text, width)
        head = f"{local_time(context, post.created_at)}  {plain(post.source)}  {label_line(post)}"
        context.out.print(head, markup=False, style="bold", soft_wrap=True)
        context.out.print(f"  {text}", markup=False, soft_wrap=True)
        context.out.print(f"  {plain(post.uid)}", markup=False, style="dim", soft_wrap=True)


def label_line(post: StoredPost) -> str:
    """Say a post's labels on one line."""
    labels = post.labels
    if labels is None:
        return "unlabelled"
    words = [labels.sentiment, f"{labels.initiator}/{labels.kind}"]
    words += [name for name in ("idea", "toxic", "spam") if getattr(labels, name)]
    words += ["copy"] if post.copy else []
    words += [] if labels.relevant else ["not about us"]
    words += [f"unsure: {', '.join(labels.unsure)}"] if labels.unsure else []
    return " ".join(words)


def print_post(
    context: Context,
    post: StoredPost,
    thread: Sequence[StoredPost],
    counts: Sequence[Counts],
    versions: Sequence[tuple[datetime, str | None, str | None]],
    corrections: Mapping[str, str],
) -> None:
    """Print one post in its thread with everything that is known of it."""
    out = context.out

    def line(text: str, style: str | None = None) -> None:
        out.print(plain(text), markup=False, style=style)

    line(f"{post.uid}  {local_time(context, post.created_at)}  {post.source}", "bold")
    if post.url:
        line(post.url)
    line("")
    line("Thread:", "bold")
    for other in thread:
        mark = ">" if other.uid == post.uid else " "
        who = other.author_handle or other.author_name or "unknown author"
        text = "(deleted at its origin)" if other.deleted_at else other.text
        line(f"{mark} {local_time(context, other.created_at)} {who} ({other.role}): {text}")
    line("")
    line(f"Labels: {label_line(post)}", "bold")
    for label, value in corrections.items():
        line(f"  corrected: {label} = {value}")
    for label, evidence in post.labels.evidence.items() if post.labels else ():
        words = ", ".join(f"{word} ({weight:+.2f})" for word, weight in evidence.words)
        reasons = "; ".join(part for part in (evidence.rule, words) if part)
        if reasons:
            line(f"  {label}: {reasons}")
    if counts:
        line("Counts over time:", "bold")
    for look in counts:
        numbers = ((n, getattr(look, n)) for n in ("likes", "replies", "shares", "views"))
        known = ", ".join(f"{name} {value}" for name, value in numbers if value is not None)
        line(f"  {local_time(context, look.at)}  {known}")
    for at, _title, former in versions:
        line(f"Until {local_time(context, at)} it read: {former}")

"""Commands about posts: import, export, posts, search, show, correct."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.context import Context, check_input, context_of, parse_time
from monitor.digest.safe import plain
from monitor.errors import NotFound, UsageError

if TYPE_CHECKING:
    from connectors.presets import Preset

app = typer.Typer()

Pairs = list[str] | None
SHOWN = 50
LIMIT_HELP = f"At most so many; default: {SHOWN}, with --json all."


@app.command("import")
def import_(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(help="JSONL, CSV, XLSX, .gz of these, or - for stdin.")],
    source: Annotated[str | None, typer.Option(help="Fills rows that name none.")] = None,
    map_: Annotated[Pairs, typer.Option("--map", help="FIELD=COLUMN of your file.")] = None,
    value: Annotated[Pairs, typer.Option(help="FIELD:FROM=TO, how to read a word.")] = None,
    preset: Annotated[
        str | None,
        typer.Option(help="An export: meta, youtube-studio, trustpilot, google-reviews."),
    ] = None,
) -> None:
    """Read posts from a file into the store; safe to repeat.

    Example: sturmglas import export.csv --source reviews --map text=Comment
    """
    from connectors.files import open_rows
    from connectors.presets import translate
    from monitor.pipeline import import_rows

    context = context_of(ctx)
    name = "stdin" if file == "-" else check_input(file).name
    mapping, values = parse_mapping(map_ or []), parse_values(value or [])
    rows = open_rows(file)
    if preset is not None:
        known = find_preset(preset)
        rows, values = translate(known, rows, mapping), {**known.values, **values}
        mapping = {}
    with context.interrupt.after_the_step() as stop, context.progress(f"import {name}") as step:
        imported = import_rows(
            rows,
            context.store,
            context.app.rejects(name),
            context.now,
            default_source=source or name.split(".")[0],
            mapping=mapping,
            values=values,
            words=context.app.company,
            progress=step,
            stop=stop,
        )
    show_import(context, name, imported)
    if imported.rejected:
        raise typer.Exit(1)


def show_import(context: Context, name: str, imported: Any) -> None:
    """Say how an import went."""
    if context.json:
        context.emit(
            [
                {
                    "read": imported.read,
                    "new": imported.new,
                    "updated": imported.updated,
                    "unchanged": imported.unchanged,
                    "rejected": imported.rejected,
                    "rejects_file": imported.rejects_file,
                }
            ]
        )
        return
    line = context.tell(
        "{name}: {read} rows read, {new} new, {updated} updated, {unchanged} unchanged, "
        "{rejected} rejected",
        name=name,
        read=imported.read,
        new=imported.new,
        updated=imported.updated,
        unchanged=imported.unchanged,
        rejected=imported.rejected,
    )
    context.out.print(plain(line), markup=False, soft_wrap=True)
    if imported.rejects_file:
        told = "Rejected rows, each with line and reason: {file}"
        context.say(context.tell(told, file=imported.rejects_file))
    if imported.homeless:
        told = "{n} lines of counts name posts that are not held; import those posts, then the file"
        context.say(context.tell(told, n=imported.homeless))
    context.say(context.tell("Next: sturmglas label, then sturmglas digest --date DAY"))


def find_preset(name: str) -> Preset:
    """Return a table of columns by its name. Raises UsageError."""
    from connectors.presets import PRESETS

    if name not in PRESETS:
        raise UsageError(
            "--preset {name}: allowed are {presets}", name=name, presets=", ".join(PRESETS)
        )
    return PRESETS[name]


def parse_mapping(pairs: list[str]) -> dict[str, str]:
    """Read FIELD=COLUMN. Raises UsageError for unknown fields."""
    from connectors.records import FIELDS

    mapping = {}
    for pair in pairs:
        field, equals, column = pair.partition("=")
        if not equals or field not in FIELDS:
            raise UsageError(
                "--map {pair}: write FIELD=COLUMN; fields are {fields}",
                pair=pair,
                fields=", ".join(FIELDS),
            )
        mapping[field] = column
    return mapping


def parse_values(pairs: list[str]) -> dict[tuple[str, str], str]:
    """Read FIELD:FROM=TO. Raises UsageError for unknown fields."""
    from connectors.records import FIELDS

    values = {}
    for pair in pairs:
        field, colon, rest = pair.partition(":")
        word, equals, meaning = rest.partition("=")
        if not colon or not equals or field not in FIELDS:
            raise UsageError(
                "--value {pair}: write FIELD:FROM=TO, such as kind:Kommentar=comment", pair=pair
            )
        values[field, word] = meaning
    return values


@app.command()
def export(
    ctx: typer.Context,
    what: Annotated[
        str, typer.Argument(help="posts, labels, counts, alerts, ideas, votes or decisions.")
    ],
    since: Annotated[str | None, typer.Option(help="From this time on.")] = None,
    until: Annotated[str | None, typer.Option(help="Before this time.")] = None,
    format_: Annotated[str, typer.Option("--format", help="jsonl or csv.")] = "jsonl",
    with_authors: Annotated[
        bool, typer.Option("--with-authors", help="Names in clear; this is logged.")
    ] = False,
    unmasked: Annotated[
        bool,
        typer.Option("--unmasked", help="Telephone numbers and the like stay; this is logged."),
    ] = False,
) -> None:
    """Write every single item to stdout; authors are keyed hashes unless asked for.

    Mail and street addresses, telephone, bank and card numbers in texts are masked.

    Example: sturmglas export posts --since 2026-03-01 --format csv > posts.csv
    """
    from monitor.cli.tables import write_rows

    context = context_of(ctx)
    if format_ not in ("jsonl", "csv"):
        raise UsageError("--format {format}: allowed are jsonl, csv", format=format_)
    start = parse_time(since, "--since") if since else None
    end = parse_time(until, "--until") if until else None
    rows = context.app.export(what, start, end, with_authors=with_authors, unmasked=unmasked)
    write_rows(rows, format_)


@app.command()
def posts(
    ctx: typer.Context,
    source: Annotated[str | None, typer.Option(help="Only of this source.")] = None,
    label: Annotated[Pairs, typer.Option(help="LABEL=VALUE, such as kind=activity.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help=LIMIT_HELP)] = None,
) -> None:
    """List posts, newest first.

    Example: sturmglas posts --label sentiment=negative --label idea=yes
    """
    context = context_of(ctx)
    labels = dict(_pair(text, "--label") for text in label or ())
    most = limit or shown_at_once(context)
    show_posts(context, context.store.posts.newest(source=source, labels=labels, limit=most))


@app.command()
def search(
    ctx: typer.Context,
    query: Annotated[str, typer.Argument(help='Words; "two words" for a phrase; begin* works.')],
    limit: Annotated[int | None, typer.Option(min=1, help=LIMIT_HELP)] = None,
) -> None:
    """Find posts by their words, newest first.

    Example: sturmglas search "Deckel undicht"
    """
    context = context_of(ctx)
    most = limit or shown_at_once(context)
    show_posts(context, context.store.posts.search(query, limit=most))


def shown_at_once(context: Context) -> int | None:
    """Return how many posts are shown unless a limit is asked for: scripts get all of them."""
    return None if context.json else SHOWN


@app.command()
def show(
    ctx: typer.Context, uid: Annotated[str, typer.Argument(help="As `posts` shows it.")]
) -> None:
    """Show one post in its thread, with labels, evidence, counts over time.

    Example: sturmglas show facebook:123
    """
    from monitor.exports import evidence_row, post_row

    context = context_of(ctx)
    post = context.store.posts.load(uid)
    if post is None:
        raise NotFound("{uid}: no such post; `sturmglas posts` and `search` show uids", uid=uid)
    thread = context.store.posts.thread(post)
    counts = context.store.posts.counts(post.id)
    versions = context.store.posts.versions(post.id)
    corrections = context.store.labels.corrected(uid)
    if context.json:
        looks = [
            {
                "at": c.at,
                "likes": c.likes,
                "replies": c.replies,
                "shares": c.shares,
                "views": c.views,
            }
            for c in counts
        ]
        context.emit(
            [
                {
                    **post_row(post),
                    "evidence": evidence_row(post.labels) if post.labels else {},
                    "corrections": corrections,
                    "thread": [post_row(other) for other in thread],
                    "counts": looks,
                    "versions": [
                        {"replaced_at": at, "title": title, "text": text}
                        for at, title, text in versions
                    ],
                }
            ]
        )
        return
    from monitor.cli.tables import print_post

    print_post(context, post, thread, counts, versions, corrections)


@app.command()
def correct(
    ctx: typer.Context,
    uid: Annotated[str, typer.Argument(help="As `posts` shows it.")],
    corrections: Annotated[list[str], typer.Argument(help="LABEL=VALUE, such as idea=yes.")],
    by: Annotated[str | None, typer.Option(help="Who says so.")] = None,
) -> None:
    """Correct labels of a post; your word survives every re-labelling.

    Example: sturmglas correct facebook:123 sentiment=negative idea=yes --by anna
    """
    from monitor.exports import labels_row

    context = context_of(ctx)
    pairs = [_pair(text, "correct") for text in corrections]
    with context.store.db.transaction():
        for label, value in pairs:
            context.store.labels.correct(uid, label, value, by, context.now)
    post = context.store.posts.load(uid)
    labels = labels_row(post.labels) if post else None
    said = context.store.labels.corrected(uid)
    if context.json:
        context.emit([{"uid": uid, **(labels or {}), "corrections": said}])
        return
    context.out.print(
        f"{uid}: " + ", ".join(f"{label} = {value}" for label, value in said.items()), markup=False
    )
    if labels is None:
        context.say(context.tell("The post has no other labels yet. Next: sturmglas label"))


def show_posts(context: Context, found: list[Any]) -> None:
    """Print posts as rows or as a table."""
    from monitor.exports import post_row

    if context.json:
        context.emit(post_row(post) for post in found)
        return
    from monitor.cli.tables import print_posts

    print_posts(context, found)


def _pair(text: str, option: str) -> tuple[str, str]:
    left, equals, right = text.partition("=")
    if not equals:
        raise UsageError(
            "{option} {text}: write LABEL=VALUE, such as kind=activity", option=option, text=text
        )
    return left, right

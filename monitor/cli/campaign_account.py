"""Commands of the public account: publish, verify, anchor it outside, a voter's receipt."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.campaign_words import Name, show_row, story_of
from monitor.cli.context import Context, context_of
from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.types.campaigns import Checked

app = typer.Typer()


@app.command()
def publish(
    ctx: typer.Context, name: Name, folder: Annotated[Path, typer.Argument(help="Target folder.")]
) -> None:
    """Write the public account: page, result, ledger, proofs and a program to check them.

    Example: sturmglas campaign publish spring public/
    """
    from monitor import publishing

    context = context_of(ctx)
    show_row(context, publishing.publish(story_of(context), name, folder, context.now))
    check = str(folder / "verify.py")
    context.say(context.tell("Anybody can check it: python3 {file}", file=check))


@app.command()
def verify(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A published account.")],
    head: Annotated[
        Path | None, typer.Option(help="A HEAD saved earlier, or a text that printed it.")
    ] = None,
    receipt: Annotated[Path | None, typer.Option(help="A voter's receipt.")] = None,
) -> None:
    """Check a published account; exits with 1 and the first bad entry after any change.

    Example: sturmglas campaign verify public/ --head HEAD.march
    """
    from monitor import publishing

    context = context_of(ctx)
    if not folder.is_dir():
        raise UsageError("{folder}: no such folder", folder=folder)
    show_checked(context, publishing.check(folder, head, receipt))


def show_checked(context: Context, checked: Checked) -> None:
    """Say whether all is well; exits with 1 if it is not."""
    if context.json:
        context.emit([asdict(checked)])
    elif checked.ok:
        told = context.tell(
            "All is well: {entries} entries are as they were signed, and the result follows "
            "from them.",
            entries=checked.entries,
        )
        context.out.print(told, markup=False, soft_wrap=True)
    else:
        told = context.tell(
            "Not in order, first at {where}: {why}", where=f"{checked.first_bad}", why=checked.why
        )
        context.out.print(told, markup=False, soft_wrap=True)
    if not checked.ok:
        raise typer.Exit(1)


@app.command()
def anchor(
    ctx: typer.Context,
    name: Name,
    to: Annotated[Path | None, typer.Option(help="Add the line to this file as well.")] = None,
    check: Annotated[
        Path | None, typer.Option(help="A text that printed a line: does it still hold?")
    ] = None,
) -> None:
    """Print the line that pins the ledger down, to be published anywhere outside; or check one.

    Example: sturmglas campaign anchor spring --check newsletter-may.txt
    """
    from monitor import publishing

    context = context_of(ctx)
    story = story_of(context)
    if check is not None:
        show_checked(context, publishing.check_anchor(story, name, _read(check), check.name))
        return
    made = publishing.anchor_line(story, name)
    if to is not None:
        _append(to, made["line"])
    if context.json:
        context.emit([made])
    else:
        context.out.print(made["line"], markup=False, soft_wrap=True)


@app.command()
def receipt(
    ctx: typer.Context,
    name: Name,
    voter: Annotated[str, typer.Argument(help="The voter's id, as it was imported.")],
    out: Annotated[Path | None, typer.Option(help="Write it to this file.")] = None,
) -> None:
    """Give a voter what it takes to find their own votes in the published ledger.

    Hand it to this voter only: whoever holds it knows what they voted for.
    Example: sturmglas campaign receipt spring u17 --out receipt.jsonl
    """
    from monitor import publishing

    context = context_of(ctx)
    rows = publishing.receipt(story_of(context), name, voter)
    if out is None:
        context.emit(rows)
        return
    _write(out, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    show_row(context, {"votes": len(rows), "file": str(out)})


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(
            "{path}: cannot be read: {strerror}", path=path, strerror=error.strerror
        ) from error


def _write(path: Path, text: str, mode: str = "w") -> None:
    try:
        with path.open(mode, encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(
            "{path}: cannot be written: {strerror}", path=path, strerror=error.strerror
        ) from error


def _append(path: Path, line: str) -> None:
    _write(path, f"{line}\n", "a")

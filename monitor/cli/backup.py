"""Commands of copies: backup, restore."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.context import context_of
from monitor.digest.safe import plain
from monitor.errors import UsageError

app = typer.Typer()


@app.command()
def backup(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="The copy; keys and tombstones go beside it.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Copy the store while it is in use, and check the copy.

    Example: sturmglas backup backups/monday.db
    """
    from monitor.backup import save_backup

    context = context_of(ctx)
    with context.steps() as steps:
        copied = save_backup(context.app, file, force=force, steps=steps)
    if context.json:
        context.emit([asdict(copied)])
        return
    told = context.tell("{file}: {n} posts, checked", file=file, n=copied.posts)
    context.out.print(plain(told), markup=False, soft_wrap=True)
    if copied.keys:
        context.say(
            context.tell(
                "{file}.keys holds the secret that pseudonyms and signatures hang on; guard it",
                file=file,
            )
        )


@app.command()
def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A copy that `backup` wrote.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Put a backup in the place of the store. Whoever was erased since is erased again.

    Example: sturmglas restore backups/monday.db --yes
    """
    from monitor.backup import restore_backup
    from monitor.scheduler import only_one
    from monitor.store.copying import check_store

    context = context_of(ctx)
    posts = check_store(file)
    facts = {"file": file, "posts": posts, "store": context.store_path}
    if context.store_path.exists() and not yes:
        if not sys.stdin.isatty():
            raise UsageError(
                "{file} ({posts} posts) takes the place of {store}; add --yes, for what came since "
                "the backup will be gone",
                **facts,
            )
        context.say(
            plain(context.tell("{file} ({posts} posts) takes the place of {store}", **facts))
        )
        question = context.tell("Replace it? What came since the backup will be gone")
        if not typer.confirm(question, err=True):
            raise typer.Exit(1)
    with only_one(context.store_path), context.steps() as steps:
        copied = restore_backup(context.app, file, steps)
    if context.json:
        context.emit([asdict(copied)])
    else:
        told = context.tell("{store}: {n} posts are back", store=context.store_path, n=posts)
        context.out.print(plain(told), markup=False, soft_wrap=True)

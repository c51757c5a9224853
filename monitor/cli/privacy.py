"""Commands of privacy: access, erase, object, retention, record, log."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.context import Context, context_of, to_json
from monitor.digest.safe import plain
from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.guard import Person

app = typer.Typer()
privacy = typer.Typer(help="Access, erasure, objection, retention, record of processing, log.")
app.add_typer(privacy, name="privacy")

Account = Annotated[
    str, typer.Argument(help="platform:id, platform:host:id, platform:@handle or a pseudonym.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@privacy.command()
def access(
    ctx: typer.Context,
    account: Account,
    out: Annotated[
        Path | None, typer.Option(help="Write it for the person: FILE.html or FILE.json.")
    ] = None,
    yes: Yes = False,
) -> None:
    """Show everything that is held on an account (Art. 15).

    Example: sturmglas privacy access facebook:u9 --out answer.html
    """
    from monitor.disclosure import disclose

    context = context_of(ctx)
    held = disclose(context.app.guard, context.settings, account)
    if out is not None and held["held"]:
        write_access(context, held, out)
    if context.json:
        context.emit([held])
    elif not held["held"]:
        context.out.print(f"{plain(account)}: nothing is held", markup=False)
    else:
        show_access(context, held)
        if out is None:
            context.say("Next: add --out answer.html for a file that the person can read")


def write_access(context: Context, held: dict[str, Any], out: Path) -> None:
    """Write the answer as HTML or, by its ending, as JSON."""
    from monitor.privacy.render import render_paper

    if out.suffix == ".json":
        text = json.dumps(held, ensure_ascii=False, indent=2, default=to_json) + "\n"
    else:
        readable = json.loads(json.dumps(held, default=to_json))
        text = render_paper("access.html", context.lang, readable)
    try:
        out.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UsageError(f"--out {out}: cannot be written: {error}") from error
    out.chmod(0o600)
    context.say(f"{out} written")


def show_access(context: Context, held: dict[str, Any]) -> None:
    """Say in a few lines what is held."""
    for name in ("posts", "ideas", "votes", "alerts", "decisions", "recipients"):
        context.out.print(f"{name}: {len(held[name]):,}", markup=False)
    for one in held["known_as"]:
        words = [str(value) for value in one.values() if value is not None]
        context.out.print(plain("known as: " + ", ".join(words)), markup=False)


@privacy.command()
def erase(ctx: typer.Context, account: Account, yes: Yes = False) -> None:
    """Forget an account (Art. 17): words, names and ids go, figures stay. Writes a receipt.

    Exits with 1 if a trace is left somewhere. Example: sturmglas privacy erase facebook:u9 --yes
    """
    context = context_of(ctx)
    guard = context.app.guard
    person = guard.find(account)
    if person.is_held and not yes:
        ask(context, person, len(guard.accounts.uids([author.id for author in person.authors])))
    erased = guard.erase(account, context.app.receiver)
    if erased is None:
        answer(context, {"held": 0}, f"{account}: nothing is held; what comes later stays away")
        return
    row = asdict(erased)
    traces = row.pop("traces")
    answer(
        context,
        row,
        f"{account}: {erased.posts:,} posts, {erased.counts:,} looks at counters and "
        f"{erased.votes:,} votes erased; {erased.deliveries:,} delivered copies: "
        f"see {erased.receipt}",
    )
    if traces:
        context.say(
            f"The files still hold {traces} places that name the account: see {erased.receipt}; "
            "if another process reads the store, stop it and run privacy retention"
        )
        raise typer.Exit(1)


def ask(context: Context, person: Person, posts: int) -> None:
    """Let a person confirm, after seeing what will go. Raises UsageError in a pipe."""
    what = (
        f"{person.account}: {posts:,} posts, {len(person.ideas):,} ideas, "
        f"voter {', '.join(person.voters) or 'none'}"
    )
    if not sys.stdin.isatty():
        raise UsageError(f"{what}; add --yes to erase them, for this cannot be undone")
    context.say(plain(what))
    if not typer.confirm("Erase all of it? It cannot be undone", err=True):
        raise typer.Exit(1)


@privacy.command("object")
def object_(
    ctx: typer.Context,
    account: Account,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="The objection was taken back: collect again.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Never collect an account again (Art. 21). What is held stays; `erase` takes that.

    Example: sturmglas privacy object mastodon:@anna
    """
    context = context_of(ctx)
    guard = context.app.guard
    person = guard.object(account, withdrawn=withdraw)
    held = len(guard.accounts.uids([author.id for author in person.authors]))
    said = "is collected again" if withdraw else "is never collected again"
    answer(
        context,
        {"account": account, "objected": not withdraw, "held": held},
        f"{account} {said}; {held:,} posts are held" + (", erase takes them" if held else ""),
    )


@privacy.command()
def retention(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count only.")] = False,
) -> None:
    """Delete what has been kept long enough, kind by kind; `run` does it every night.

    Example: sturmglas privacy retention --dry-run --json
    """
    context = context_of(ctx)
    done = context.app.guard.retain(dry_run=dry_run)
    if context.json:
        context.emit([{"dry_run": dry_run, **done}])
        return
    for kind, count in done.items():
        context.out.print(f"{kind}: {count:,}{' would go' if dry_run else ' gone'}", markup=False)


@privacy.command()
def record(
    ctx: typer.Context,
    assessment: Annotated[
        bool, typer.Option("--assessment", help="The template of a legitimate-interest assessment.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do not keep this version.")] = False,
) -> None:
    """Write the record of processing (Art. 30) from the live config, and what changed in it.

    Example: sturmglas privacy record --lang de > verarbeitungsverzeichnis.md
    """
    from monitor.recording import make_record, render_record

    context = context_of(ctx)
    made = make_record(context.app, keep=not dry_run)
    if context.json:
        context.emit([made])
        return
    typer.echo(render_record(made, context.lang, assessment=assessment), nl=False)
    for change in made["changes"]:
        context.say(plain(f"changed since {made['before']}: {change}"))


@privacy.command()
def log(
    ctx: typer.Context,
    verify: Annotated[bool, typer.Option("--verify", help="Check the chain of entries.")] = False,
) -> None:
    """Show what was done with personal data, or check that nobody changed that list.

    Example: sturmglas privacy log --verify
    """
    context = context_of(ctx)
    entries = context.app.guard.log
    if verify:
        found = entries.verify()
        told = f"{found.entries:,} entries, the chain is whole"
        if not found.ok:
            told = f"entry {found.first_bad}: {found.why}"
        answer(context, asdict(found), told)
        if not found.ok:
            raise typer.Exit(1)
        return
    for entry in entries.entries():
        facts = ", ".join(f"{name} {value}" for name, value in entry.facts.items())
        told = f"{context.time(entry.at)} {entry.action} {entry.subject or ''} {facts}"
        answer(context, asdict(entry), told)


def answer(context: Context, row: dict[str, Any], told: str) -> None:
    """Print a result for scripts or for people."""
    if context.json:
        context.emit([row])
    else:
        context.out.print(plain(told), markup=False, soft_wrap=True)

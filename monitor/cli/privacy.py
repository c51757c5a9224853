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
        context.out.print(plain(context.tell("{account}: nothing is held", account=account)))
    else:
        show_access(context, held)
        if out is None:
            context.say(
                context.tell("Next: add --out answer.html for a file that the person can read")
            )


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
        raise UsageError(
            "--out {file}: cannot be written: {error}", file=out, error=error
        ) from error
    out.chmod(0o600)
    context.say(context.tell("{file} written", file=out))


def show_access(context: Context, held: dict[str, Any]) -> None:
    """Say in a few lines what is held."""
    tell = context.tell
    lines = [
        tell("posts: {n}", n=len(held["posts"])),
        tell("ideas: {n}", n=len(held["ideas"])),
        tell("votes: {n}", n=sum(row["votes"] for row in held["votes"])),
        tell("alerts that quote them: {n}", n=len(held["alerts"])),
        tell("decisions on their posts: {n}", n=len(held["decisions"])),
        tell("messages that quoted them: {n}", n=len(held["recipients"])),
    ]
    for row in held["votes"]:
        where = ", ".join(row["campaigns"])
        lines.append(tell("voted as {voter} in {campaigns}", voter=row["voter"], campaigns=where))
    for one in held["known_as"]:
        handle = one["handle"] and f"@{one['handle'].lstrip('@')}"
        names = [name for name in (one["key"], handle, one["name"]) if name]
        lines.append(tell("known as: {names}", names=", ".join(names)))
    for line in lines:
        context.out.print(plain(line), markup=False, soft_wrap=True)


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
        told = "{account}: nothing is held; what was written until now stays away"
        answer(context, {"held": 0}, context.tell(told, account=account))
        return
    row = asdict(erased)
    traces = row.pop("traces")
    answer(
        context,
        row,
        context.tell(
            "{account}: {posts} posts, {counts} looks at counters and {votes} votes erased; "
            "{copies} delivered copies: see {receipt}",
            account=account,
            posts=erased.posts,
            counts=erased.counts,
            votes=erased.votes,
            copies=erased.deliveries,
            receipt=erased.receipt,
        ),
    )
    if traces:
        context.say(
            context.tell(
                "The files still hold {places} places that name the account: see {receipt}; if "
                "another process reads the store, stop it and run: sturmglas privacy retention",
                places=traces,
                receipt=erased.receipt,
            )
        )
        raise typer.Exit(1)


def ask(context: Context, person: Person, posts: int) -> None:
    """Let a person confirm, after seeing what will go. Raises UsageError in a pipe."""
    facts = {
        "account": person.account,
        "posts": posts,
        "ideas": len(person.ideas),
        "voters": ", ".join(person.voters) or "–",
    }
    if not sys.stdin.isatty():
        raise UsageError(
            "{account}: {posts} posts, {ideas} ideas, votes as {voters}; add --yes to erase them, "
            "for this cannot be undone",
            **facts,
        )
    told = "{account}: {posts} posts, {ideas} ideas, votes as {voters}"
    context.say(plain(context.tell(told, **facts)))
    if not typer.confirm(context.tell("Erase all of it? It cannot be undone"), err=True):
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
    said = context.tell(
        "{account} is collected again" if withdraw else "{account} is never collected again",
        account=account,
    )
    if held and not withdraw:
        told = "{n} posts are still held; sturmglas privacy erase takes them"
        context.say(context.tell(told, n=held))
    answer(context, {"account": account, "objected": not withdraw, "held": held}, said)


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
        line = (
            context.tell("{kind}: {n} would go", kind=kind, n=count)
            if dry_run
            else context.tell("{kind}: {n} gone", kind=kind, n=count)
        )
        context.out.print(line, markup=False)


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
        told = context.tell(
            "changed since {moment}: {change}", moment=made["before"], change=change
        )
        context.say(plain(told))


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
        told = context.tell("{n} entries, the chain is whole", n=found.entries)
        if not found.ok:
            told = context.tell(
                "entry {entry}: {why}", entry=found.first_bad, why=context.tell(found.why or "")
            )
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

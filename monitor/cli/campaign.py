"""Commands of idea campaigns: rules, votes, audit, result; two files beside it add the rest."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import campaign_account, campaign_steps
from monitor.cli.campaign_words import Name, show_row, story_of
from monitor.cli.context import Context, context_of, parse_time
from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.campaigning import Campaigning
    from monitor.campaigns.audit.run import Report
    from monitor.types.campaigns import Campaign, Tally

app = typer.Typer()
campaign = typer.Typer(no_args_is_help=True, help="Idea campaigns and votes that can be verified.")
app.add_typer(campaign, name="campaign")
for part in (campaign_steps, campaign_account):
    campaign.registered_commands.extend(part.app.registered_commands)

SHOWN_LINES = 25


@campaign.command()
def create(ctx: typer.Context, rules: Annotated[Path, typer.Argument(help="RULES.toml")]) -> None:
    """Make a campaign from its rules. They may change until it is opened.

    Example: sturmglas campaign create rules.toml
    """
    context = context_of(ctx)
    try:
        text = rules.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageError(
            "{rules}: cannot be read: {strerror}", rules=rules, strerror=error.strerror
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError("{rules}: is not UTF-8; save it as UTF-8", rules=rules) from error
    show_campaign(context, story_of(context).create(text, context.now, where=str(rules)))


@campaign.command("open")
def open_(
    ctx: typer.Context,
    name: Name,
    accept_new_key: Annotated[
        bool, typer.Option("--accept-new-key", help="The old key is lost; say so in public.")
    ] = False,
) -> None:
    """Freeze the rules and begin the public ledger.

    Example: sturmglas campaign open spring
    """
    context = context_of(ctx)
    story = story_of(context)
    show_campaign(context, story.open(name, context.now, accept_new_key=accept_new_key))


@campaign.command()
def close(ctx: typer.Context, name: Name) -> None:
    """End a campaign and reveal the audit's thresholds.

    Example: sturmglas campaign close spring
    """
    context = context_of(ctx)
    show_campaign(context, story_of(context).close(name, context.now))


def show_campaign(context: Context, made: Campaign) -> None:
    """Say which rules hold."""
    if context.json:
        context.emit([{"campaign": made.name, "rules_hash": made.rules_hash}])
        return
    told = context.tell("campaign {name}: rules {hash}", name=made.name, hash=made.rules_hash)
    context.out.print(told, markup=False, soft_wrap=True)
    if made.opened_at is None:
        context.say(context.tell("Next: {command}", command=f"sturmglas campaign open {made.name}"))


@campaign.command()
def status(ctx: typer.Context, name: Name) -> None:
    """Show how far the ideas came, and the votes.

    Example: sturmglas campaign status spring --json
    """
    from monitor.moderation import funnel

    context = context_of(ctx)
    story = story_of(context)
    row = asdict(funnel(story, name, context.now))
    cases = story.cases(name)
    row["cases"] = {case.finding: case.state for case in cases.values()}
    show_row(context, row)


@campaign.command("import")
def import_(
    ctx: typer.Context,
    name: Name,
    ideas: Annotated[str | None, typer.Option(help="JSONL or CSV of ideas.")] = None,
    votes: Annotated[str | None, typer.Option(help="JSONL or CSV of votes.")] = None,
) -> None:
    """Read ideas and votes, in any order; safe to repeat.

    Example: sturmglas campaign import spring --ideas ideas.jsonl --votes votes.jsonl
    """
    from connectors.rows import open_rows

    context = context_of(ctx)
    for file in (ideas, votes):
        if file not in (None, "-") and not Path(str(file)).is_file():
            raise UsageError("{file}: no such file", file=file)
    if ideas is None and votes is None:
        raise UsageError("campaign import: name --ideas FILE, --votes FILE or both")
    shown = Path(votes or ideas or "").name
    rejects = context.app.rejects("stdin" if shown == "-" else shown)
    rejects.start_anew()
    story = story_of(context)
    with context.interrupt.after_the_step() as stop, context.progress(f"votes {shown}") as step:
        taken, voted = story.take(
            name,
            ideas=open_rows(ideas) if ideas else (),
            votes=open_rows(votes) if votes else (),
            refuse=rejects.add,
            now=context.now,
            progress=step,
            stop=stop,
        )
    row = {
        "ideas": taken.new,
        "votes": voted.new,
        "unchanged": voted.unchanged,
        "rejected": taken.rejected + voted.rejected,
        "rejects_file": rejects.shown,
    }
    show_row(context, row)
    if rejects.shown:
        raise typer.Exit(1)


@campaign.command()
def audit(ctx: typer.Context, name: Name) -> None:
    """Flag doubtful votes, with reasons. Takes no vote away.

    Example: sturmglas campaign audit spring
    """
    context = context_of(ctx)
    story = story_of(context)
    report = story.audit(name, context.now)
    if context.json:
        emit_report(context, story, name, report)
    else:
        print_report(context, name, report)


def emit_report(context: Context, story: Campaigning, name: str, report: Report) -> None:
    """Print findings, flagged votes and the summary, one JSON object a line."""
    for finding in report.findings:
        context.emit(
            [
                {
                    "finding": finding.finding,
                    "families": finding.families,
                    "idea": finding.idea,
                    "votes": len(finding.entries),
                    "voters": finding.voters,
                    "share": finding.share,
                    "p": finding.p,
                    "explanation": finding.explanation[context.lang],
                    "ring": finding.ring,
                }
            ]
        )
    context.emit(story.flagged_votes(name, report.findings))
    context.emit([{"summary": report.summary}])


def print_report(context: Context, name: str, report: Report) -> None:
    """Show findings to a person: what, why, and a small picture."""
    from monitor.campaigns.words import percent
    from monitor.digest.safe import one_line

    for finding in report.findings:
        told = context.tell(
            "{finding}  {idea}: {votes} votes, {share} of all for it",
            finding=finding.finding,
            idea=one_line(finding.idea, 40),
            votes=len(finding.entries),
            share=percent(finding.share, context.lang),
        )
        context.out.print(told, markup=False)
        context.out.print(f"  {one_line(finding.explanation[context.lang])}", markup=False)
        context.out.print(f"  {finding.picture}\n", markup=False)
    summary = report.summary
    told = context.tell(
        "Findings: {findings}; votes flagged: {votes}, of {voters} people. All of them count "
        "until two people annul them.",
        findings=summary["findings"],
        votes=summary["votes"],
        voters=summary["voters"],
    )
    context.out.print(told, markup=False, soft_wrap=True)
    if report.findings:
        first = report.findings[0].finding
        command = f"sturmglas campaign propose-annul {name} --finding {first} --by ... --reason ..."
        context.say(context.tell("Next: {command}", command=command))


@campaign.command()
def tally(
    ctx: typer.Context,
    name: Name,
    at: Annotated[str | None, typer.Option(help="As of this time.")] = None,
) -> None:
    """Count the votes: with and without the doubtful ones, at any moment.

    Example: sturmglas campaign tally spring --at 2026-03-05T12:00:00Z
    """
    from monitor.campaigns.account import tally_fields

    context = context_of(ctx)
    story = story_of(context)
    counted = story.tally(name, parse_time(at, "--at") if at is not None else None)
    if context.json:
        context.emit(tally_fields(line) | {"title": line.title} for line in counted.lines)
        return
    print_tally(context, story.campaigns.load(name), counted)


def print_tally(context: Context, of: Campaign, counted: Tally) -> None:
    """Show the leading ideas and the public statement."""
    from rich.table import Table

    from monitor.campaigns.page import statement
    from monitor.campaigns.words import PAGE, number
    from monitor.digest.safe import one_line

    t, lang = PAGE[context.lang], context.lang
    table = Table(box=None)
    for column in ("rank", "idea", "sum_cast", "sum_counted", "sum_suspicious", "sum_annulled"):
        table.add_column(t[column], justify="left" if column == "idea" else "right")
    table.add_column(t["rank_before"], justify="right")
    for line in counted.lines[:SHOWN_LINES]:
        sums = (line.cast, line.counted, line.suspicious, line.annulled)
        title = one_line(f"{line.title} ({line.idea})", 60).replace("[", "\\[")
        cells = [number(value, lang) for value in sums]
        table.add_row(str(line.rank_counted), title, *cells, str(line.rank_cast))
    context.out.print(table)
    titles = {line.idea: one_line(line.title, 60) for line in counted.lines}
    for sentence in statement(of, counted, titles, lang):
        context.out.print(sentence, markup=False)
    if counted.too_close:
        context.out.print(t["too_close"], markup=False)

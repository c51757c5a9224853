"""Commands about doubtful votes: propose, confirm, notify, appeal, reinstate; a jury's place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.campaign_words import By, FindingId, Name, Reason, show_event, story_of
from monitor.cli.context import context_of
from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.campaigns.cases import Step

app = typer.Typer()


def _step(ctx: typer.Context, name: str, step: Step, finding: str, by: str, reason: str) -> None:
    context = context_of(ctx)
    event = story_of(context).step(name, step, finding, by=by, reason=reason, now=context.now)
    show_event(context, event)


@app.command("propose-annul")
def propose_annul(
    ctx: typer.Context, name: Name, finding: FindingId, by: By, reason: Reason
) -> None:
    """Propose to annul a finding's votes; another person must confirm.

    Example: sturmglas campaign propose-annul spring --finding f1 --by kim --reason "ring"
    """
    _step(ctx, name, "propose", finding, by, reason)


@app.command()
def confirm(ctx: typer.Context, name: Name, finding: FindingId, by: By, reason: Reason) -> None:
    """Confirm an annulment that somebody else proposed; after an appeal: turn the appeal down.

    Example: sturmglas campaign confirm spring --finding f1 --by lou --reason "checked"
    """
    _step(ctx, name, "confirm", finding, by, reason)


@app.command()
def notify(ctx: typer.Context, name: Name, finding: FindingId, by: By, reason: Reason) -> None:
    """Record that the people concerned were told, and when.

    Example: sturmglas campaign notify spring --finding f1 --by kim --reason "by mail"
    """
    _step(ctx, name, "notify", finding, by, reason)


@app.command()
def appeal(ctx: typer.Context, name: Name, finding: FindingId, by: By, reason: Reason) -> None:
    """Record an appeal against an annulment.

    Example: sturmglas campaign appeal spring --finding f1 --by voter --reason "our class"
    """
    _step(ctx, name, "appeal", finding, by, reason)


@app.command()
def reinstate(ctx: typer.Context, name: Name, finding: FindingId, by: By, reason: Reason) -> None:
    """Let votes count again, or clear a suspicion.

    Example: sturmglas campaign reinstate spring --finding f1 --by sam --reason "a class"
    """
    _step(ctx, name, "reinstate", finding, by, reason)


@app.command()
def jury(
    ctx: typer.Context,
    name: Name,
    by: By,
    reason: Reason,
    idea: Annotated[str | None, typer.Option(help="The idea that the jury places.")] = None,
    rank: Annotated[int, typer.Option(help="The place that the jury gives.")] = 1,
    finding: Annotated[str | None, typer.Option(help="Place this finding's idea.")] = None,
) -> None:
    """Record a jury's place for an idea; it stands beside the vote's rank.

    Example: sturmglas campaign jury spring --idea i7 --rank 1 --by chair --reason "safety"
    """
    context = context_of(ctx)
    story = story_of(context)
    if idea is None and finding is not None:
        case = story.cases(name).get(finding)
        idea = case.idea if case else finding
    if idea is None:
        raise UsageError("campaign jury: name the idea with --idea")
    event = story.jury(name, idea, rank=rank, by=by, reason=reason, now=context.now)
    show_event(context, event)

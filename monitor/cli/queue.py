"""Commands of moderation: the queue, decisions, statuses of ideas."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.campaign_words import show_row, story_of
from monitor.cli.context import Context, context_of
from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.moderation import Moderation
    from monitor.types.campaigns import QueueItem

app = typer.Typer()
idea = typer.Typer(no_args_is_help=True, help="Statuses and duplicates of ideas.")
app.add_typer(idea, name="idea")

SHOWN_SIGNS = 70


def moderation_of(context: Context) -> Moderation:
    """Return the story of moderation with the time goals of the settings."""
    from monitor.moderation import Moderation

    goals = context.settings.moderation
    return Moderation(
        story_of(context), answer_within=goals.answer_within, review_within=goals.review_within
    )


@app.command()
def queue(
    ctx: typer.Context,
    campaign: Annotated[str | None, typer.Argument(help="Only this campaign's.")] = None,
    claim: Annotated[int | None, typer.Option(help="Reserve the next N for yourself.")] = None,
    by: Annotated[str, typer.Option("--by", help="Who claims.")] = "",
    add: Annotated[str | None, typer.Option(help="Queue this post (UID).")] = None,
    statements: Annotated[
        Path | None, typer.Option(help="Write statements of reasons (.csv or .md).")
    ] = None,
) -> None:
    """Show what waits for a moderator, first things first, and why.

    Example: sturmglas queue spring --claim 5 --by kim
    """
    context = context_of(ctx)
    moderation = moderation_of(context)
    if statements is not None:
        write_statements(context, moderation, statements)
        return
    if add is not None:
        added = moderation.add_post(add, context.now)
        moderation.fill(context.now)
        show_items(context, [moderation.queue.item(str(added.item))])
        return
    moderation.fill(context.now)
    if claim is None:
        show_items(context, moderation.items(campaign))
        return
    if not by.strip():
        raise UsageError("queue --claim: say who claims with --by")
    show_items(context, moderation.claim(claim, by=by, now=context.now, campaign=campaign))


@app.command()
def decide(
    ctx: typer.Context,
    item: Annotated[str, typer.Argument(help="Number(s) from the queue, comma between.")],
    action: Annotated[str, typer.Argument(help="approve|hide|reject|merge|answer|undo")],
    by: Annotated[str, typer.Option("--by", help="Who decides.")],
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    policy: Annotated[str | None, typer.Option(help="The rule that it breaks.")] = None,
    into: Annotated[str | None, typer.Option(help="merge: the idea to join.")] = None,
    text: Annotated[str | None, typer.Option(help="answer: what was answered.")] = None,
) -> None:
    """Decide on items of the queue; every decision has a reason and can be undone.

    Example: sturmglas decide 12,13 answer --by kim --reason "FAQ 4"
    """
    from monitor.types.campaigns import DECISION_ACTIONS

    context = context_of(ctx)
    known = next((word for word in DECISION_ACTIONS if word == action), None)
    if known is None:
        raise UsageError(
            "decide: {action!r} is none of {decision_actions}",
            action=action,
            decision_actions=", ".join(DECISION_ACTIONS),
        )
    moderation = moderation_of(context)
    moderation.fill(context.now)
    names = [name.strip() for name in item.split(",") if name.strip()]
    decided = moderation.decide(
        names, known, by=by, reason=reason, now=context.now, policy=policy, into=into, text=text
    )
    show_items(context, decided)


@idea.command("set")
def set_(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="ID", help="The idea's id.")],
    status: Annotated[str, typer.Argument(help="Its status, such as planned.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; people will read it.")],
    by: Annotated[str, typer.Option("--by", help="Who says so.")] = "",
    into: Annotated[str | None, typer.Option(help="joined: the idea to join.")] = None,
    campaign: Annotated[str | None, typer.Option(help="Where two have that id.")] = None,
) -> None:
    """Say where an idea stands, and why.

    Example: sturmglas idea set i7 planned --reason "for the autumn range"
    """
    context = context_of(ctx)
    changed = moderation_of(context).set_idea(
        name, status, reason=reason, now=context.now, by=by, into=into, campaign=campaign
    )
    show_row(
        context,
        {
            "idea": changed.idea,
            "status": changed.status,
            "reason": changed.status_reason,
            "joined_into": changed.joined_into,
            "at": changed.status_at,
        },
    )


@idea.command()
def add(
    ctx: typer.Context,
    uid: Annotated[str, typer.Argument(metavar="UID", help="The post's uid.")],
    campaign: Annotated[str, typer.Option(help="The campaign that it belongs to.")],
) -> None:
    """Make a post an idea that people can vote on, and show the id that it has there.

    Posts that look like ideas: sturmglas posts --label idea=yes
    Example: sturmglas idea add facebook:123 --campaign spring
    """
    context = context_of(ctx)
    made = moderation_of(context).take_post(uid, campaign)
    show_row(
        context,
        {"campaign": campaign, "idea": made.idea, "title": made.title, "status": made.status},
    )


@idea.command()
def duplicates(
    ctx: typer.Context, campaign: Annotated[str, typer.Argument(help="The campaign's name.")]
) -> None:
    """Propose ideas that say the same, for joining by a person.

    Found are equal texts, equal words in another order, and the same meaning in other words or
    another language, which is the least sure: one proposal in four is only on the same subject.
    Example: sturmglas idea duplicates spring
    """
    from monitor.campaigns.duplicates import find_duplicates
    from monitor.campaigns.words import VALUE_NAMES
    from monitor.digest.safe import one_line

    context = context_of(ctx)
    story = story_of(context)
    ideas = story.campaigns.ideas(story.campaigns.load(campaign).id)
    found = find_duplicates(ideas, context.app.embedder.embed)
    if context.json:
        context.emit(asdict(one) for one in found)
        return
    titles = {idea.idea: one_line(idea.title, SHOWN_SIGNS) for idea in ideas}
    for one in found:
        why = VALUE_NAMES[context.lang].get(one.by, one.by)
        context.out.print(
            f"{titles[one.idea]} -> {titles[one.into]}  ({why}, {one.likeness:.2f})\n  "
            f'sturmglas idea set {one.idea} joined --into {one.into} --reason "the same"',
            markup=False,
            soft_wrap=True,
        )
    if not found:
        context.say(context.tell("No two ideas look alike."))


def show_items(context: Context, items: list[QueueItem]) -> None:
    """Show items, the most urgent first."""
    from monitor.digest.safe import one_line

    if context.json:
        context.emit(item_row(item) for item in items)
        return
    for item in items:
        claimed = f"  [{item.claimed_by}]" if item.claimed_by else ""
        why = ", ".join(told_reason(context, reason) for reason in item.reasons)
        context.out.print(
            f"{item.item:>5}  {item.priority:>5.0f}  {told_state(context, item.state)}  "
            f"{one_line(item.text, SHOWN_SIGNS)}  ({why}){claimed}",
            markup=False,
            soft_wrap=True,
        )
    if not items:
        context.say(context.tell("Nothing waits."))


def told_state(context: Context, state: str) -> str:
    """Return where an item stands, in words of the language."""
    tell = context.tell
    words = {
        "waiting": tell("open"),
        "hide_proposed": tell("to be hidden, a second person is wanted"),
        "approved": tell("approved"),
        "hidden": tell("hidden"),
        "rejected": tell("rejected"),
        "merged": tell("joined"),
        "answered": tell("answered"),
    }
    return words.get(state, state)


def told_reason(context: Context, reason: str) -> str:
    """Return why an item comes so early, in words of the language; scripts read the English."""
    word, _, number = reason.partition(" ")
    tell = context.tell
    words = {
        "storm": tell("storm"),
        "toxic": tell("insulting"),
        "overdue": tell("overdue"),
        "reach": tell("reach"),
        "negative": tell("critical"),
        "question": tell("question"),
        "idea": tell("idea"),
        "waits": tell("waits"),
    }
    return f"{words[word]} {number}".strip() if word in words else reason


def item_row(item: QueueItem) -> dict[str, Any]:
    """Return an item with the names that scripts see."""
    return asdict(item)


def write_statements(context: Context, moderation: Moderation, path: Path) -> None:
    """Write the statements of reasons as a spreadsheet or as Markdown."""
    from monitor.reasons import write_reasons

    number = write_reasons(path, list(moderation.statements()))
    show_row(context, {"statements": number, "file": str(path)})

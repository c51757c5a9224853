"""Commands about messages: notify test, notify queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.context import Context, context_of
from monitor.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.delivery.office import Office
    from monitor.types.messages import Delivered, Message

app = typer.Typer()
notify = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.add_typer(notify, name="notify", help="Messages to people: try them, see what waits.")


@notify.command("test")
def send_test(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show, send nothing.")] = False,
) -> None:
    """Send one message of each kind to each receiver of the config.

    Example: sturmglas notify test --dry-run
    """
    context = context_of(ctx)
    office = office_of(context)
    messages = list(office.desk.test(context.now))
    if dry_run:
        show_messages(context, messages)
        return
    office.postman.check()
    office.postman.put(messages, context.now)
    show_delivered(context, office.postman.deliver(context.now))


@notify.command("queue")
def queue(ctx: typer.Context) -> None:
    """Show what waits in the outbox and what could not be delivered.

    Example: sturmglas notify queue --json
    """
    context = context_of(ctx)
    from monitor.store.outbox import Outbox

    outbox = Outbox(context.store.db)
    if context.json:
        context.emit(
            {"receiver": receiver, **states} for receiver, states in outbox.states().items()
        )
        return
    tell = context.tell
    words = {
        "waiting": tell("waiting"),
        "sent": tell("sent"),
        "merged": tell("merged into a later one"),
        "dead": tell("undeliverable"),
    }
    for receiver, states in outbox.states().items():
        told = ", ".join(f"{words[state]} {count:,}" for state, count in states.items())
        context.out.print(f"{receiver}: {told}", markup=False)
    for delivery in outbox.dead():
        context.out.print(
            f"{words['dead']}: {delivery.message.receiver}: {delivery.message.subject}: "
            f"{delivery.error}",
            markup=False,
        )


def office_of(context: Context) -> Office:
    """Return desk and postman. Raises UsageError where the config names no receiver."""
    from monitor.delivery.office import open_office

    if not context.settings.notify:
        raise UsageError(
            "no receivers: add [[notify]] to the config; `sturmglas config --schema` shows how"
        )
    return open_office(context.store, context.settings, context.app.secrets, context.lang)


def show_messages(context: Context, messages: Sequence[Message]) -> None:
    """Show exactly what would go to whom."""
    import json

    from rich.text import Text

    if context.json:
        context.emit(
            {"receiver": m.receiver, "kind": m.kind, "subject": m.subject, "text": m.text,
             "slack": dict(m.slack)}
            for m in messages
        )  # fmt: skip
        return
    for message in messages:
        context.out.print(Text(f"--- {message.receiver}: {message.subject}", style="bold"))
        body = message.text or json.dumps(message.slack, ensure_ascii=False, indent=1)
        context.out.print(Text(body))


def show_delivered(context: Context, delivered: Delivered) -> None:
    """Say what a round of sending did. Exits with 1 where something did not arrive."""
    if context.json:
        context.emit(
            [
                {
                    "sent": delivered.sent,
                    "merged": delivered.merged,
                    "waiting": delivered.waiting,
                    "dead": delivered.dead,
                    "problems": list(delivered.problems),
                }
            ]
        )
    else:
        context.out.print(
            context.tell(
                "{sent} sent, {waiting} waiting, {dead} undeliverable",
                sent=delivered.sent,
                waiting=delivered.waiting,
                dead=delivered.dead,
            ),
            markup=False,
        )
        for problem in delivered.problems:
            context.say(problem)
    if delivered.problems:
        raise typer.Exit(1)

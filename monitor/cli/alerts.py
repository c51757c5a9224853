"""Commands about alerts: the list, people's verdicts, tuning, post-mortems."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.context import Context, context_of, parse_time
from monitor.digest.safe import one_line
from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.types.alerts import Alert, Event, EventKind, Precision, VerdictKind

app = typer.Typer()
alerts_app = typer.Typer(invoke_without_command=True)
app.add_typer(alerts_app, name="alerts")

By = Annotated[str | None, typer.Option(help="Who says so.")]
Reason = Annotated[str | None, typer.Option(help="Why; people will read it later.")]
AlertId = Annotated[str, typer.Argument(help="The id, as `sturmglas alerts` shows it.")]


@alerts_app.callback()
def alerts(
    ctx: typer.Context,
    only_open: Annotated[bool, typer.Option("--open", help="Only what is going on now.")] = False,
    since: Annotated[str | None, typer.Option(help="Only what went on after this time.")] = None,
) -> None:
    """List alerts, newest first, with their reasons.

    Example: sturmglas alerts --open
    """
    if ctx.invoked_subcommand is not None:
        return
    from monitor.store.alerts import AlertTable

    context = context_of(ctx)
    after = parse_time(since, "--since") if since else None
    found = AlertTable(context.store.db).load_list(only_open=only_open, since=after)
    if context.json:
        show_alerts(context, found)
        return
    if not found:
        none = context.tell("No alert is open.") if only_open else context.tell("No alerts.")
        context.say(none)
    show_alerts(context, found)


def show_alerts(context: Context, found: list[Alert]) -> None:
    """Print alerts: rows for scripts, or a headline with reasons and what to do."""
    from monitor.alerts.playbook import steps_now
    from monitor.alerts.rows import alert_row

    own = context.settings.alerts.playbook
    rows = [
        alert_row(alert, context.lang) | {"playbook": list(steps_now(alert, context.lang, own))}
        for alert in found
    ]
    if context.json:
        context.emit(rows)
        return
    for row in rows:
        opened = f"{row['opened_at'].astimezone(context.settings.zone):%Y-%m-%d %H:%M}"
        print_line(context, f"{opened}  [{row['level']}] {row['headline']}")
        details = [f"{row['id']} · {row['state']}", row["why"]]
        for line in (*details, *(f"- {step}" for step in row["playbook"])):
            print_line(context, line, indent=4)


def print_line(context: Context, text: str, indent: int = 0) -> None:
    """Print one line whose words may come from outside."""
    context.out.print(" " * indent + one_line(text), markup=False, soft_wrap=True)


@alerts_app.command()
def tune(
    ctx: typer.Context,
    budget: Annotated[
        float | None, typer.Option(help="Alarms a week you wish; default: the config's.")
    ] = None,
    weeks: Annotated[int, typer.Option(min=1, max=52, help="Weeks to look back on.")] = 4,
) -> None:
    """Show which threshold keeps a wished number of alarms a week, and what it would cost.

    Example: sturmglas alerts tune --budget 1
    """
    from monitor.tuning import tune_thresholds
    from monitor.warning import rule_settings

    context = context_of(ctx)
    settings = rule_settings(context.settings.alerts, context.settings.company)
    rows = tune_thresholds(
        context.store.db,
        context.now,
        settings=settings,
        zone=context.settings.zone,
        weeks=weeks,
        budget=budget or settings.budget_per_week,
    )
    if context.json:
        context.emit(asdict(row) for row in rows)
        return
    from rich.table import Table

    if not rows:
        context.say(context.tell("Nothing stood out in these weeks, at half the thresholds even."))
    table = Table(box=None, pad_edge=False)
    table.add_column(context.tell("rule"))
    for column in (
        context.tell("threshold now"),
        context.tell("for the budget"),
        context.tell("fired"),
        context.tell("not fired"),
        context.tell("useful, not fired"),
    ):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(
            row.rule,
            f"{row.current:g}",
            f"{row.threshold:g}",
            str(row.fired),
            str(row.missed),
            str(row.useful_missed),
        )
    if rows:
        context.out.print(table)
    show_precision(context)


def show_precision(context: Context) -> None:
    """Print what people made of each rule's alerts; nothing where nobody has said so yet."""
    percent = context.language.percent
    for one in load_precision(context):
        if one.value is None or one.low is None or one.high is None:
            continue
        line = context.tell(
            "{rule}: {useful} useful, {noise} noise: precision {value} ({low} to {high})",
            rule=one.rule,
            useful=one.useful,
            noise=one.noise,
            value=percent(100 * one.value),
            low=percent(100 * one.low),
            high=percent(100 * one.high),
        )
        print_line(context, line)


def load_precision(context: Context) -> Sequence[Precision]:
    """Return precision per rule from people's verdicts."""
    from monitor.measure.verdicts import precision_by_rule
    from monitor.store.alerts import AlertTable

    table = AlertTable(context.store.db)
    rules = {alert.id: alert.rule for alert in table.load_list()}
    return precision_by_rule(rules, table.load_verdicts())


@alerts_app.command()
def show(ctx: typer.Context, alert: AlertId) -> None:
    """Show one alert as its message tells it: why, voices, what is not known, who has it.

    Example: sturmglas alerts show storm-260314-0815
    """
    from monitor.delivery.office import open_desk
    from monitor.digest.terminal import render_terminal

    context = context_of(ctx)
    page, found = open_desk(context.store, context.settings, context.lang).page_of(alert)
    if context.json:
        show_alerts(context, [found])
        return
    context.out.print(render_terminal(page, context.out.width))


@alerts_app.command()
def review(
    ctx: typer.Context,
    alert: AlertId,
    html: Annotated[bool, typer.Option("--html", help="HTML instead of Markdown.")] = False,
) -> None:
    """Write the post-mortem of a storm: timeline, first post, turning points, our answers.

    Example: sturmglas alerts review storm-260314-0815 > review.md
    """
    from monitor.alerts.review import as_html, as_markdown
    from monitor.reviewing import look_back

    context = context_of(ctx)
    account = look_back(context.store.db, alert, context.now)
    render = as_html if html else as_markdown
    sys.stdout.write(render(account, context.lang, context.settings.zone))


@app.command()
def ack(ctx: typer.Context, alert: AlertId, by: By = None, reason: Reason = None) -> None:
    """Say that somebody is on it; it stops escalating.

    Example: sturmglas ack storm-260314-0815 --by anna
    """
    judge(ctx, alert, "ack", by=by, reason=reason)
    context = context_of(ctx)
    context.say(context.tell("Noted: somebody is on it."))


@app.command()
def snooze(
    ctx: typer.Context,
    alert: AlertId,
    for_: Annotated[str, typer.Option("--for", help="How long, such as 4h.")] = "4h",
    by: By = None,
    reason: Reason = None,
) -> None:
    """Keep an alert quiet for a while; a rise to storm level 3 or above speaks up all the same.

    Example: sturmglas snooze storm-260314-0815 --for 4h --reason "FAQ goes out at noon"
    """
    from monitor.config import parse_duration

    try:
        span = parse_duration(for_)
    except ValueError as error:
        raise UsageError("--for {for_}: {error}", for_=for_, error=error) from error
    if span <= timedelta(0):
        raise UsageError("--for {for_}: must be more than 0", for_=for_)
    judge(ctx, alert, "snooze", by=by, reason=reason, span=span)
    context = context_of(ctx)
    until = context.language.moment(context.now + span, context.settings.general.timezone)
    context.say(context.tell("Noted: quiet until {until}, unless a storm grows.", until=until))


@app.command()
def noise(ctx: typer.Context, alert: AlertId, by: By = None, reason: Reason = None) -> None:
    """Say that an alert was not worth it; its rule's precision counts it.

    Example: sturmglas noise volume-spike-forum-260314-0815
    """
    judge(ctx, alert, "noise", by=by, reason=reason)
    context = context_of(ctx)
    context.say(context.tell("Noted as noise. What the verdicts say: sturmglas alerts tune"))


@app.command()
def useful(ctx: typer.Context, alert: AlertId, by: By = None, reason: Reason = None) -> None:
    """Say that an alert was worth it; its rule's precision counts it.

    Example: sturmglas useful storm-260314-0815
    """
    judge(ctx, alert, "useful", by=by, reason=reason)
    context = context_of(ctx)
    context.say(context.tell("Noted as useful. What the verdicts say: sturmglas alerts tune"))


def judge(
    ctx: typer.Context,
    alert: str,
    verdict: VerdictKind,
    *,
    by: str | None,
    reason: str | None,
    span: timedelta | None = None,
) -> None:
    """Keep a verdict and show the alert. Raises NotFound for an unknown one."""
    from monitor.judging import SNOOZE, take_verdict
    from monitor.store.alerts import AlertTable
    from monitor.types.alerts import Verdict

    context = context_of(ctx)
    said = Verdict(alert=alert, verdict=verdict, at=context.now, by=by, reason=reason)
    kept = take_verdict(context.store, said, span or SNOOZE)
    if context.settings.notify:
        # The next tick shows it in the channels.
        context.app.office.queue_verdict(kept, context.now)
    show_alerts(context, [AlertTable(context.store.db).load(kept.alert)])


def show_event(context: Context, event: Event) -> None:
    """Print one event: a row for scripts, a line for people."""
    from monitor.alerts.rows import event_row
    from monitor.alerts.wording import why

    row = event_row(event, context.lang)
    if context.json:
        context.emit([row])
        sys.stdout.flush()
        return
    at = f"{event.at.astimezone(context.settings.zone):%Y-%m-%d %H:%M}"
    line = f"{at}  {event_name(context, event.event):<8} [{row['level']}] {row['headline']}"
    print_line(context, line)
    if event.event in ("opened", "raised"):
        print_line(context, why(event.alert, context.lang), indent=4)


def event_name(context: Context, kind: EventKind) -> str:
    """Say what became of an alert."""
    names: dict[EventKind, str] = {
        "opened": context.tell("opened"),
        "raised": context.tell("raised"),
        "lowered": context.tell("lowered"),
        "closed": context.tell("closed"),
    }
    return names[kind]

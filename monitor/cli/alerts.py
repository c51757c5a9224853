"""Commands about warning: alerts, verdicts on them, tuning, looking back."""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    from monitor.alerts.rows import alert_row

    rows = [alert_row(alert, context.lang) for alert in found]
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
    settings = rule_settings(context.settings.alerts)
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
        raise UsageError(f"--for {for_}: {error}") from error
    if span <= timedelta(0):
        raise UsageError(f"--for {for_}: must be more than 0")
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
    from monitor.store.alerts import AlertTable
    from monitor.types.alerts import Verdict

    context = context_of(ctx)
    table = AlertTable(context.store.db)
    meant = table.load(alert)
    table.save_verdict(
        Verdict(
            alert=meant.id,
            verdict=verdict,
            at=context.now,
            by=by,
            reason=reason,
            until=None if span is None else context.now + span,
            level=meant.level,
        )
    )
    show_alerts(context, [meant])


@app.command()
def replay(
    ctx: typer.Context,
    file: Annotated[str | None, typer.Argument(help="Posts file; default: the store.")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="Earlier lines are history.")] = None,
    to: Annotated[str | None, typer.Option(help="Where to stop.")] = None,
    step: Annotated[str, typer.Option(help="How far the clock moves, such as 15m.")] = "15m",
    company: Annotated[list[str] | None, typer.Option(help="An own account; repeatable.")] = None,
) -> None:
    """Walk a history with a simulated clock and tell what would have been warned of, and when.

    Example: sturmglas replay week.jsonl --company facebook:acme --json
    """
    from monitor import replay as story
    from monitor.types.alerts import KnownEvent
    from monitor.warning import rule_settings

    context = context_of(ctx)
    rejected, deletions, db = 0, None, None
    if file is not None:
        loaded = load_history(context, file, company or [])
        db, deletions, rejected = loaded[0].db, loaded[1], loaded[2].rejected
    elif company:
        raise UsageError("--company goes with a FILE; the store knows [company] accounts")
    else:
        db = context.store.db
    events = story.replay(
        db,
        settings=rule_settings(context.settings.alerts),
        zone=context.settings.zone,
        start=parse_time(from_, "--from") if from_ else None,
        end=parse_time(to, "--to") if to else None,
        step=parse_step(step),
        events=[KnownEvent(e.name, e.from_, e.to) for e in context.settings.events],
        deletions=deletions,
    )
    told = 0
    for event in events:
        told += 1
        show_event(context, event)
    if not told:
        context.say(context.tell("Nothing would have been told."))
    if rejected:
        context.say(context.tell("{n} rows could not be read and were left out", n=rejected))
        raise typer.Exit(1)


def load_history(context: Context, file: str, company: list[str]) -> Any:
    """Read a posts file into a store in memory. Raises UsageError where there is no such file."""
    from connectors.files import open_rows
    from monitor.replay import load_file

    if file != "-" and not Path(file).is_file():
        raise UsageError(f"{file}: no such file")
    name = "stdin" if file == "-" else Path(file).name
    with context.progress(f"read {name}") as advance:
        return load_file(
            open_rows(file),
            name.split(".")[0],
            lambda: context.app.classifier,
            now=context.now,
            company=[*company, *context.settings.company.accounts],
            words=context.app.company,
            rejects=context.app.rejects(name),
            progress=advance,
        )


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


def parse_step(text: str) -> timedelta:
    """Read a width such as 5m. Raises UsageError."""
    from monitor.config import parse_duration

    try:
        span = parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--step {text}: {error}") from error
    if span <= timedelta(0):
        raise UsageError(f"--step {text}: must be more than 0")
    return span


@app.command()
def backtest(
    ctx: typer.Context,
    series: Annotated[Path, typer.Argument(help="CSV with the columns timestamp,value.")],
    scores: Annotated[Path | None, typer.Option(help="Write every row with its score.")] = None,
    step: Annotated[str | None, typer.Option(help="Width of a row; default: as found.")] = None,
) -> None:
    """Run the volume detector over a series, strictly in order, and tell its alarms.

    Example: sturmglas backtest tweets.csv --scores scores.csv
    """
    from monitor.alerts.backtest import usual_step
    from monitor.replay import backtest_rows

    context = context_of(ctx)
    if not series.is_file():
        raise UsageError(f"{series}: no such file")
    rows, skipped = read_series(series)
    width = parse_step(step) if step else usual_step([at for _, at, _ in rows])
    scored = backtest_rows(((at, value) for _, at, value in rows), width)
    written: list[tuple[str, str, str, int]] = []
    for (text, _, value), row in zip(rows, scored, strict=True):
        if row.alarm:
            show_alarm(context, text, row.score)
        if scores is not None:
            shown = "" if math.isnan(value) else f"{value:.15g}"
            written.append((text, shown, f"{row.score:.6f}", int(row.alarm)))
    if scores is not None:
        write_scores(scores, written)
    if skipped:
        context.say(context.tell("{n} rows without a readable time were left out", n=skipped))
        raise typer.Exit(1)


def show_alarm(context: Context, text: str, score: float) -> None:
    """Print one alarm of a backtest."""
    if context.json:
        sys.stdout.write(json.dumps({"timestamp": text, "score": round(score, 6)}) + "\n")
    else:
        context.out.print(f"{text}  {score:.3f}", markup=False)


def write_scores(path: Path, rows: list[tuple[str, str, str, int]]) -> None:
    """Write every row of a backtest. Raises UsageError where the file cannot be written."""
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("timestamp", "value", "score", "alarm"))
            writer.writerows(rows)
    except OSError as error:
        raise UsageError(f"--scores {path}: cannot be written: {error}") from error


def read_series(path: Path) -> tuple[list[tuple[str, datetime, float]], int]:
    """Return (time as written, time, value) of every row, and how many had no readable time.

    A value that is no number is unknown (NaN). Raises UsageError for a file without the columns.
    """
    from connectors.moments import parse_moment

    rows: list[tuple[str, datetime, float]] = []
    skipped = 0
    for row in series_lines(path):
        text = (row.get("timestamp") or "").strip()
        try:
            at = parse_moment(text)
        except ValueError:
            skipped += 1
            continue
        try:
            value = float(row.get("value") or "nan")
        except ValueError:
            value = math.nan
        rows.append((text, at.astimezone(UTC), value if math.isfinite(value) else math.nan))
    return rows, skipped


def series_lines(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file. Raises UsageError where columns are missing."""
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        reader = csv.DictReader(file)
        names = {name.strip().casefold(): name for name in reader.fieldnames or ()}
        if "timestamp" not in names or "value" not in names:
            raise UsageError(f"{path}: needs the columns timestamp,value in its first line")
        for row in reader:
            yield {key: row[names[key]] or "" for key in ("timestamp", "value")}

"""Commands that look back: a history through the rules, a series through the detector."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from monitor.cli.alerts import show_event
from monitor.cli.context import Context, check_input, context_of, parse_time
from monitor.errors import UsageError

app = typer.Typer()


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
        settings=rule_settings(context.settings.alerts, context.settings.company),
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

    check_input(file)
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


def parse_step(text: str) -> timedelta:
    """Read a width such as 5m. Raises UsageError."""
    from monitor.config import parse_duration

    try:
        span = parse_duration(text)
    except ValueError as error:
        raise UsageError("--step {text}: {error}", text=text, error=error) from error
    if span <= timedelta(0):
        raise UsageError("--step {text}: must be more than 0", text=text)
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
    from monitor.backtesting import load_series, save_scores, score_series

    context = context_of(ctx)
    rows, skipped = load_series(series)
    width = parse_step(step) if step else usual_step([row.at for row in rows])
    scored = list(zip(rows, score_series(rows, width), strict=True))
    for row, judged in scored:
        if judged.alarm:
            show_alarm(context, row.written, judged.score)
    if scores is not None:
        save_scores(scores, scored)
    if skipped:
        context.say(context.tell("{n} rows without a readable time were left out", n=skipped))
        raise typer.Exit(1)


def show_alarm(context: Context, text: str, score: float) -> None:
    """Print one alarm of a backtest."""
    if context.json:
        sys.stdout.write(json.dumps({"timestamp": text, "score": round(score, 6)}) + "\n")
    else:
        context.out.print(f"{text}  {score:.3f}", markup=False)

"""Commands of the running service: fetch, status, run."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.alerts import show_event
from monitor.cli.context import Context, context_of, parse_time
from monitor.digest.safe import plain

if TYPE_CHECKING:
    from monitor.types.posts import Fetched
    from monitor.types.status import Status

app = typer.Typer()


@app.command()
def fetch(
    ctx: typer.Context,
    sources: Annotated[list[str] | None, typer.Argument(help="Names; default: all.")] = None,
) -> None:
    """Fetch what is new, once. Exits with 1 if a source failed.

    Example: sturmglas fetch help-forum --json
    """
    context = context_of(ctx)
    wanted = context.app.places.sources(sources or ())
    if not wanted:
        context.say(context.tell("No sources yet. Next: sturmglas sources add URL"))
    failed = False
    with context.interrupt.after_the_step() as stop, context.progress("fetch", len(wanted)) as step:
        for result in context.app.fetch(sources or (), stop=stop):
            step(1)
            failed |= result.error is not None
            show_fetched(context, result)
    if failed:
        raise typer.Exit(1)


def show_fetched(context: Context, result: Fetched) -> None:
    """Say how one source's pull went."""
    if context.json:
        context.emit([asdict(result)])
        return
    line = context.tell(
        "{source}: {new} new, {updated} updated, {deleted} deleted, {rejected} rejected",
        source=result.source,
        new=result.posts,
        updated=result.updated,
        deleted=result.deleted,
        rejected=result.rejected,
    )
    context.out.print(plain(line), markup=False)
    if result.error:
        context.say(plain(context.tell("  failed: {error}", error=result.error)))


@app.command()
def tick(
    ctx: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would happen; save and send nothing.")
    ] = False,
) -> None:
    """Measure, raise and update alerts, send what is due, once.

    Example: sturmglas tick --dry-run
    """
    context = context_of(ctx)
    events = context.app.tick(dry_run=dry_run)
    for event in events:
        show_event(context, event)
    if not events and not context.json:
        context.out.print(context.tell("Nothing new to tell."))


@app.command()
def status(ctx: typer.Context) -> None:
    """Show how sources, queues, alerts and deliveries stand, and the weather.

    Example: sturmglas status --json
    """
    context = context_of(ctx)
    rows = [source_row(context, name) for name in context.app.source_names()]
    if context.json:
        context.emit(rows)
        return
    print_status(context, context.app.status())
    print_sources(context, rows)


def print_status(context: Context, status: Status) -> None:
    """Print the weather, open alerts, what waits."""
    from monitor.digest.names import alert_phrase

    tell, zone = context.tell, context.settings.general.timezone
    if status.storm_level is None or status.looked_at is None:
        lines = [tell("Weather: not looked at yet; next: sturmglas tick")]
    else:
        at = context.language.moment(status.looked_at, zone)
        lines = [tell("Weather: storm level {level} of 6 ({at})", level=status.storm_level, at=at)]
    lines += [f"  {alert_phrase(alert, context.language)}" for alert in status.alerts]
    if not status.alerts:
        lines.append(tell("No alert is open."))
    if status.unlabelled:
        lines.append(tell("{n} posts wait for labels.", n=status.unlabelled))
    if status.queue.open:
        told = "Moderation: {open} items wait, {overdue} of them past their goal."
        lines.append(tell(told, open=status.queue.open, overdue=status.queue.overdue))
    for receiver, states in status.deliveries.items():
        waiting, dead = states.get("waiting", 0), states.get("dead", 0)
        if waiting or dead:
            lines.append(
                tell(
                    "Messages to {receiver}: {waiting} wait, {dead} could not be delivered.",
                    receiver=receiver,
                    waiting=waiting,
                    dead=dead,
                )
            )
    for line in lines:
        context.out.print(plain(line), markup=False)


def print_sources(context: Context, rows: list[dict[str, Any]]) -> None:
    """Print how each source fares."""
    from rich.table import Table
    from rich.text import Text

    tell, zone = context.tell, context.settings.general.timezone
    titles = (tell("source"), tell("state"), tell("last success"), tell("24 h covered"))
    table = Table(*titles, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        success, covered = row["last_success"], row["coverage_24h"]
        at = context.language.moment(parse_time(success, "last_success"), zone) if success else "–"
        share = "–" if covered is None else context.language.percent(100 * covered)
        table.add_row(Text(plain(row["source"])), tell(row["state"]), at, share)
        if row["error"]:
            table.add_row(Text(f"  {plain(row['error'])}", style="dim"))
    if rows:
        context.out.print(table)


def source_row(context: Context, name: str) -> dict[str, Any]:
    """Return how a source fares, as a JSON row."""
    state, coverage = context.app.source_state(name)
    success = state.last_success if state else None
    return {
        "source": name,
        "state": state.state if state else "new",
        "last_success": context.time(success),
        "lag_s": None if success is None else round((context.now - success).total_seconds(), 1),
        "coverage_24h": None if coverage is None else round(coverage, 4),
        "error": state.error if state else None,
    }


@app.command()
def run(ctx: typer.Context) -> None:
    """Fetch, label, warn, report and tidy up on schedule until stopped.

    Example: sturmglas run -v
    """
    from monitor.cli.logs import LogFile
    from monitor.scheduler import serve

    context = context_of(ctx)
    wishes = context.settings.service
    if wishes.log_file is not None:
        path = context.beside_config(wishes.log_file)
        context.log_file = LogFile(path, wishes.log_megabytes, wishes.log_files)
    context.verbose = max(1, context.verbose)  # a service tells its steps, as logs are all it has
    with context.interrupt.after_the_step() as stop:
        serve(context.app, stop)

"""Commands of the running service: fetch, status, run."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.context import Context, context_of
from monitor.digest.safe import plain

if TYPE_CHECKING:
    from monitor.types.posts import Fetched

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
    wanted = context.app.sources(sources or ())
    if not wanted:
        context.say("No sources in the config. Next: sturmglas sources add URL")
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
    line = (
        f"{result.source}: {result.posts:,} new, {result.updated:,} updated, "
        f"{result.deleted:,} deleted, {result.rejected:,} rejected, {result.pages:,} pages"
    )
    context.out.print(plain(line), markup=False)
    if result.error:
        context.say(plain(f"  failed: {result.error}"))


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
    from rich.table import Table

    table = Table("source", "state", "last success", "24 h covered", box=None, pad_edge=False)
    for row in rows:
        covered = "unknown" if row["coverage_24h"] is None else f"{row['coverage_24h']:.0%}"
        table.add_row(
            plain(row["source"]), row["state"], str(row["last_success"] or "never"), covered
        )
    context.out.print(table)
    for line in context.app.status_lines():
        context.out.print(plain(line), markup=False)


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
    from monitor.cli.logs import configure_logs
    from monitor.scheduler import serve

    context = context_of(ctx)
    configure_logs(max(1, context.verbose))
    with context.interrupt.after_the_step() as stop:
        serve(context.app, stop)

"""Commands that report: digest, explain, matrix."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from monitor.cli.context import Context, context_of, parse_time
from monitor.cli.periods import chosen_period
from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.cli.sheet_files import Draw
    from monitor.types.digest import Behind, Cell, Digest, Explanation, Period

app = typer.Typer()

SHOWN = 50
"""Posts that `explain` lists for people unless they ask for more; --json lists all."""


@app.command()
def digest(
    ctx: typer.Context,
    day: Annotated[
        str | None, typer.Option("--date", help="A day, such as 2026-03-02; default: yesterday.")
    ] = None,
    period: Annotated[
        Literal["day", "week", "month"], typer.Option(help="The day, its week, its month.")
    ] = "day",
    as_of: Annotated[
        str | None, typer.Option(help="As the store knew it at that time (RFC 3339).")
    ] = None,
    form: Annotated[
        Literal["terminal", "html", "text", "markdown", "slack", "json"] | None,
        typer.Option("--format", help="Default: terminal, or json with --json."),
    ] = None,
    send: Annotated[bool, typer.Option("--send", help="To the receivers of the config.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what --send would do.")] = False,
) -> None:
    """Tell what happened: the weather, what changed, what to do.

    Example: sturmglas digest --date 2026-03-02 --format markdown
    """
    from monitor.reporting import make_digest

    context = context_of(ctx)
    then = parse_time(as_of, "--as-of") if as_of is not None else None
    now = then or context.now
    chosen = chosen_period(context, period, day, now)
    made = make_digest(context.store, context.app.house, now, chosen, as_of=then)
    if send or dry_run:
        _send(context, made, dry_run=dry_run)
        return
    _print(context, made, form or ("json" if context.json else "terminal"))


@app.command()
def explain(
    ctx: typer.Context,
    figure: Annotated[str, typer.Argument(help="posts, negative_share, engagement:SOURCE, ...")],
    day: Annotated[str | None, typer.Option("--date", help="Default: yesterday.")] = None,
    period: Annotated[
        str | None, typer.Option(help="As of digest; of a KPI as of kpi, 30d by default.")
    ] = None,
    as_of: Annotated[str | None, typer.Option(help="As of digest.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many posts.")] = None,
) -> None:
    """List the posts behind a figure of a digest or of the KPI sheet.

    Example: sturmglas explain matrix:customer/supply --date 2026-03-02
    """
    context = context_of(ctx)
    explained = _explain(context, figure, period, day, as_of)
    if context.json:
        context.emit(_behind_json(behind) for behind in explained.posts[:limit])
        return
    value = context.tell("unknown") if explained.value is None else f"{explained.value:g}"
    behind = context.tell("{n} posts", n=len(explained.posts))
    context.out.print(f"{figure} = {value} ({behind})", markup=False)
    if not explained.posts and explained.sources:
        told = context.tell("imported from {sources}; its parts: sturmglas kpi --json",
                            sources=", ".join(explained.sources))  # fmt: skip
        context.say(told)
    _print_behind(context, explained.posts[: limit or SHOWN])
    if limit is None and len(explained.posts) > SHOWN:
        more = len(explained.posts) - SHOWN
        context.say(context.tell("{n} more: --limit, or --json for all of them", n=more))


@app.command()
def matrix(
    ctx: typer.Context,
    period: Annotated[
        str, typer.Option(help="day, week, month, or so many days up to today: 30d.")
    ] = "30d",
    day: Annotated[
        str | None, typer.Option("--date", help="A day of the period, the last one of 30d.")
    ] = None,
    by: Annotated[
        Literal["day", "week"] | None,
        typer.Option(help="Over time: shares day by day or week by week."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write it to FILE.csv, .xlsx, .json, .png or .svg.")
    ] = None,
) -> None:
    """Show who set posts off and about what: the nine cells beside the period before.

    Example: sturmglas matrix --period week --date 2026-03-02 --by day
    """
    from monitor.reporting import make_matrix

    context = context_of(ctx)
    chosen = chosen_period(context, period, day, context.now)
    if by is not None:
        _show_matrix_days(context, chosen, by, out)
        return
    cells = make_matrix(context.store, chosen)
    if out is not None:
        from monitor.digest.matrix_picture import draw_matrix

        rows = [_cell_json(cell) for cell in cells]
        _write_rows(
            context, out, rows, lambda form: draw_matrix(cells, chosen, context.language, form)
        )
    if context.json:
        context.emit(_cell_json(cell) for cell in cells)
    elif out is None:
        _print_matrix(context, cells, chosen)


def _write_rows(context: Context, out: Path, rows: list[dict[str, Any]], draw: Draw) -> None:
    from monitor.cli.sheet_files import write_nested, write_picture

    if not write_picture(out, draw):
        write_nested(out, rows)
    context.say(context.tell("Written: {file}", file=out))


def _explain(
    context: Context, figure: str, period: str | None, day: str | None, as_of: str | None
) -> Explanation:
    from monitor.measure.kpis import KPIS
    from monitor.reporting import explain as explain_figure
    from monitor.sheets import explain_kpi

    then = parse_time(as_of, "--as-of") if as_of is not None else None
    now = then or context.now
    # The digest tells the echo balance too, and it alone knows the past.
    of_digest = figure == "echo_balance" and period in (None, "day", "week", "month")
    if figure.partition(":")[0] not in KPIS or of_digest:
        if period not in (None, "day", "week", "month"):
            raise UsageError(
                "--period {period}: of a digest's figure take day, week or month", period=period
            )
        chosen = chosen_period(context, period or "day", day, now)
        return explain_figure(context.store, context.app.house, now, figure, chosen, as_of=then)
    if then is not None:
        raise UsageError(
            "--as-of: {figure} is a KPI, told as the store knows it now; leave it", figure=figure
        )
    chosen = chosen_period(context, period or "30d", day, now)
    return explain_kpi(context.store, figure, chosen, context.app.house.hours)


def _print(context: Context, made: Digest, form: str) -> None:
    if form != "terminal":
        from monitor.reporting import render

        sys.stdout.write(render(made, form, context.lang))  # type: ignore[arg-type] # checked by typer
        return
    from monitor.digest.compose import compose
    from monitor.digest.terminal import render_terminal
    from monitor.locale.language import load_language

    page = compose(made, load_language(context.lang))
    context.out.print(render_terminal(page, context.out.width))


def _send(context: Context, made: Digest, *, dry_run: bool) -> None:
    from monitor.cli.notify import office_of, show_delivered, show_messages

    office = office_of(context)
    if dry_run:
        show_messages(context, list(office.desk.about_day(made)))
        return
    office.postman.check()
    show_delivered(context, office.tell_digest(made, context.now))


def _behind_json(behind: Behind) -> dict[str, Any]:
    quote = behind.quote
    return {
        "uid": quote.uid,
        "source": quote.source,
        "created_at": quote.created_at,
        "text": quote.text,
        "url": quote.url,
        "sentiment": quote.sentiment,
        "value": behind.value,
    }


def _cell_json(cell: Cell) -> dict[str, Any]:
    return {
        "initiator": cell.initiator,
        "kind": cell.kind,
        "posts": cell.posts,
        "previous": cell.previous,
        "sentiment": dict(cell.sentiment),
    }


def _print_behind(context: Context, posts: tuple[Behind, ...]) -> None:
    from rich.text import Text

    from monitor.digest.safe import masked, one_line

    for behind in posts:
        quote = behind.quote
        when = quote.created_at.astimezone(context.settings.zone) if quote.created_at else None
        time = when.strftime("%Y-%m-%d %H:%M") if when else "no time"
        part = "" if behind.value == 1 else f" ({behind.value:g})"
        text = one_line(masked(quote.text), 160) or "(no text)"
        context.out.print(Text(f"{time} {one_line(quote.source, 24)}{part}: {text}"))
        context.out.print(Text(f"    {one_line(quote.uid)}", style="dim"), soft_wrap=True)


def _show_matrix_days(
    context: Context, period: Period, by: Literal["day", "week"], out: Path | None
) -> None:
    from monitor.digest.matrix_page import compose_matrix_days, matrix_day_rows
    from monitor.digest.terminal import render_terminal
    from monitor.sheets import make_matrix_days, make_shifts

    days = make_matrix_days(context.store, period, by)
    if out is not None:
        from monitor.digest.matrix_picture import draw_matrix_days

        _write_rows(
            context,
            out,
            matrix_day_rows(days),
            lambda form: draw_matrix_days(days, period, context.language, form),
        )
    if context.json:
        context.emit(matrix_day_rows(days))
    if context.json or out is not None:
        return
    page = compose_matrix_days(
        days, make_shifts(context.store, period, days), period, context.language
    )
    context.out.print(render_terminal(page, context.out.width))


def _print_matrix(context: Context, cells: tuple[Cell, ...], period: Period) -> None:
    from monitor.digest.compose import compose_matrix
    from monitor.digest.terminal import render_terminal
    from monitor.locale.language import load_language

    page = compose_matrix(cells, period, load_language(context.lang))
    context.out.print(render_terminal(page, context.out.width))

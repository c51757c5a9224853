"""Commands about figures: the KPI sheet, its imports, the customer's journey."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from monitor.cli.context import Context, context_of
from monitor.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from monitor.digest.document import Document
    from monitor.types.kpis import Journey, KpiImported

app = typer.Typer()
kpi_app = typer.Typer(invoke_without_command=True)
app.add_typer(kpi_app, name="kpi")

MATOMO = "matomo"
"""The source of figures that Matomo was asked for, unless --source names another."""

PeriodOption = Annotated[
    str, typer.Option(help="day, week, month, or so many days up to today: 30d.")
]
DayOption = Annotated[
    str | None, typer.Option("--date", help="A day of the period, the last one of 30d.")
]


@kpi_app.callback()
def kpi(
    ctx: typer.Context,
    period: PeriodOption = "30d",
    day: DayOption = None,
    source: Annotated[str | None, typer.Option(help="Only what this source tells.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the sheet to FILE.csv, .xlsx, .json, .png or .svg.")
    ] = None,
) -> None:
    """Show the KPI sheet: every figure with its parts, beside the period before and a year ago.

    Example: sturmglas kpi --period month --date 2026-03-01
    """
    if ctx.invoked_subcommand is not None:
        return
    from monitor.cli.periods import chosen_period
    from monitor.digest.kpi_page import compose_sheet, kpi_rows
    from monitor.sheets import make_sheet

    context = context_of(ctx)
    chosen = chosen_period(context, period, day, context.now)
    sheet = make_sheet(context.store, chosen, source, context.app.house.hours)
    rows = kpi_rows(sheet, context.language)
    if out is not None:
        from monitor.cli.sheet_files import write_picture, write_sheet
        from monitor.digest.sheet_picture import draw_sheet

        if not write_picture(out, lambda form: draw_sheet(sheet, context.language, form)):
            write_sheet(out, rows)
        context.say(context.tell("Written: {file}", file=out))
    if context.json:
        context.emit(rows)
    elif out is None:
        print_page(context, compose_sheet(sheet, context.language))


@kpi_app.command("import")
def import_(
    ctx: typer.Context,
    file: Annotated[
        str | None, typer.Argument(help="CSV, XLSX, JSONL, .gz of these, or - for stdin.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="Fills rows that name none.")] = None,
    numbers: Annotated[
        Literal["de", "en"] | None, typer.Option(help="How 1.234 is read where it is unclear.")
    ] = None,
    matomo: Annotated[
        str | None, typer.Option(metavar="URL", help="Ask this Matomo instead of reading a file.")
    ] = None,
    site: Annotated[int | None, typer.Option(min=1, help="The website's number there.")] = None,
    period: PeriodOption = "30d",
    day: DayOption = None,
) -> None:
    """Read figures (date,source,metric,value), surveys (date,question,score) or web statistics.

    Example: sturmglas kpi import shop.csv --source shop
    """
    context = context_of(ctx)
    if (file is None) == (matomo is None):
        raise UsageError("kpi import: name a file, or a server with --matomo URL --site ID")
    if file is None:
        imported = _ask_matomo(context, str(matomo), site, period, day, source or MATOMO)
        name = MATOMO
    else:
        name, imported = _read_file(context, file, source, numbers)
    _show_import(context, name, imported)
    if imported.rejected:
        raise typer.Exit(1)


def _ask_matomo(
    context: Context, url: str, site: int | None, period: str, day: str | None, source: str
) -> KpiImported:
    from monitor.cli.periods import chosen_period
    from monitor.matomo import SECRET, Matomo
    from monitor.sheets import import_days

    if site is None:
        raise UsageError("--matomo {url}: name the website too, such as --site 1", url=url)
    token = context.app.secrets.get("kpi", "matomo", "token")
    if token is None:
        raise ConfigError(
            "--matomo {url}: a token is needed; set {secret}, or {secret}_FILE to "
            "a file that holds it",
            url=url,
            secret=SECRET,
        )
    chosen = chosen_period(context, period, day, context.now)
    server = Matomo(url, token.get_secret_value(), context.app.places.traffic)
    return import_days(
        server.days(site, chosen),
        context.store,
        context.app.rejects(MATOMO),
        context.now.astimezone(context.settings.zone).date(),
        default_source=source,
    )


def _read_file(
    context: Context, file: str, source: str | None, numbers: Literal["de", "en"] | None
) -> tuple[str, KpiImported]:
    from monitor.sheets import import_figures

    path = Path(file)
    if file != "-" and not path.is_file():
        raise UsageError("{file}: no such file", file=file)
    name = "stdin" if file == "-" else path.name
    imported = import_figures(
        file,
        context.store,
        context.app.rejects(name),
        context.now.astimezone(context.settings.zone).date(),
        default_source=source or name.split(".")[0],
        style=numbers,
    )
    return name, imported


@kpi_app.command()
def datasette(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="Where to write it, such as metadata.json.")],
) -> None:
    """Write what Datasette needs to show the store read-only, without personal data.

    Example: sturmglas kpi datasette metadata.json
    """
    import json

    from monitor.cli.sheet_files import write_bytes
    from monitor.store.datasette import metadata

    context = context_of(ctx)
    name = context.store_path.name
    described = metadata(context.store.db, name.removesuffix(".db"))
    write_bytes(file, (json.dumps(described, ensure_ascii=False, indent=2) + "\n").encode())
    command = context.tell("Look with: datasette {store} --metadata {file}", store=name, file=file)
    context.say(command)


@app.command()
def touchpoints(
    ctx: typer.Context,
    period: PeriodOption = "30d",
    day: DayOption = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write the map to FILE.svg, .png, .html, .csv, .xlsx or .json."),
    ] = None,
) -> None:
    """Map satisfaction along the customer's journey, and rank its weak spots.

    Example: sturmglas touchpoints --out journey.svg
    """
    from monitor.cli.periods import chosen_period
    from monitor.digest.journey_page import compose_journey, journey_rows
    from monitor.sheets import make_journey, touchpoints_of

    context = context_of(ctx)
    journey = make_journey(
        context.store,
        chosen_period(context, period, day, context.now),
        touchpoints_of(context.settings),
        context.now.astimezone(context.settings.zone).date(),
    )
    if out is not None:
        _write_journey(context, journey, out)
        context.say(context.tell("Written: {file}", file=out))
    if context.json:
        context.emit(journey_rows(journey))
    elif out is None:
        print_page(context, compose_journey(journey, context.language))


def _write_journey(context: Context, journey: Journey, out: Path) -> None:
    from monitor.cli.sheet_files import (
        ENDINGS,
        PICTURES,
        write_bytes,
        write_nested,
        write_picture,
    )
    from monitor.digest.journey_page import journey_rows
    from monitor.digest.journey_picture import draw_journey, journey_html

    form = out.suffix.casefold()
    if form == ".html":
        write_bytes(out, journey_html(journey, context.language).encode())
    elif form not in (*PICTURES, *ENDINGS):
        raise UsageError(
            "--out {out}: take a name that ends in .svg, .png or .html; .csv, .xlsx or .json",
            out=out,
        )
    elif not write_picture(out, lambda form: draw_journey(journey, context.language, form)):
        write_nested(out, journey_rows(journey))


def print_page(context: Context, page: Document) -> None:
    """Print a page on the terminal."""
    from monitor.digest.terminal import render_terminal

    context.out.print(render_terminal(page, context.out.width))


def _show_import(context: Context, name: str, imported: KpiImported) -> None:
    facts: dict[str, Any] = {
        "read": imported.read,
        "new": imported.new,
        "updated": imported.updated,
        "unchanged": imported.unchanged,
        "rejected": imported.rejected,
        "rejects_file": imported.rejects_file,
    }
    if context.json:
        context.emit([facts])
        return
    told = (
        "{name}: {read} rows read; figures: {new} new, {updated} updated, {unchanged} unchanged; "
        "{rejected} rejected"
    )
    from monitor.digest.safe import plain

    line = context.tell(
        "{name}: {read} rows read; figures: {new} new, {updated} updated, {unchanged} unchanged; "
        "{rejected} rejected",
        name=name,
        **{key: facts[key] for key in ("read", "new", "updated", "unchanged", "rejected")},
    )
    context.out.print(plain(line), markup=False, soft_wrap=True)
    if imported.rejects_file:
        told = "Rejected rows, each with line and reason: {file}"
        context.say(context.tell(told, file=imported.rejects_file))

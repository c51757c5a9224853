"""Commands to set up: init, config, sources, doctor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.context import Context, context_of
from monitor.digest.safe import one_line, plain
from monitor.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from monitor.health import Check
    from monitor.types.told import Told

app = typer.Typer()

TEMPLATE = """\
# Sturmglas: what is wished for. Everything has a default; delete what you do not need.
# All keys with their meaning: sturmglas config --schema

[general]
language = "{lang}"            # de or en: digest and messages
timezone = "{timezone}"        # the day begins at midnight there
digest_at = "07:30"

[store]
path = "sturmglas.db"

[company]
name = ""                 # as people write it
names = []                # other words that mean you
exclude = []              # words that mark strangers of the same name
accounts = []             # your accounts, such as "facebook:acme" or "mastodon:@acme"
third_party = ["rss:*"]   # press, partners, rivals

# One entry for each place to watch. `sturmglas sources add URL` writes them for you.
# [[sources]]
# name = "mentions"
# platform = "mastodon"
# base_url = "https://mastodon.example"
# target = "#acme"
# own = false

[alerts]
budget_per_week = 2       # alarms a week that you are ready to read
quiet_period = "6h"
storm_level = 3
min_history = "7d"

# Known events stand beside an alert as its context.
# [[events]]
# name = "Launch of the new model"
# from = 2026-03-09T08:00:00+01:00
# to = 2026-03-11T20:00:00+01:00

[retention]
raw = "30d"
texts = "365d"
handles = "90d"
"""


@app.command()
def init(ctx: typer.Context) -> None:
    """Write a commented config.toml; never overwrites.

    Example: sturmglas init --config community.toml
    """
    context = context_of(ctx)
    path = context.config_path or Path("config.toml")
    text = TEMPLATE.format(
        lang=context.lang_option or "en",
        timezone="Europe/Berlin" if context.lang_option == "de" else "UTC",
    )
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError(
            "{path} exists and is left as it is; name another file with --config", path=path
        ) from error
    except OSError as error:
        raise UsageError("{path}: cannot be written: {error}", path=path, error=error) from error
    if context.json:
        context.emit([{"config": str(path)}])
    else:
        context.out.print(context.tell("{path} written.", path=path), markup=False)
    context.say(
        context.tell("Next: fill in [company], then sturmglas sources add URL, sturmglas doctor")
    )


@app.command()
def config(
    ctx: typer.Context,
    schema: Annotated[bool, typer.Option("--schema", help="All keys, as JSON schema.")] = False,
) -> None:
    """Print the configuration in force, secrets masked.

    Example: sturmglas config --schema
    """
    from monitor.config import Secrets, Settings

    context = context_of(ctx)
    if schema:
        typer.echo(json.dumps(Settings.model_json_schema(by_alias=True), indent=2))
        return
    settings = context.settings.model_dump(mode="json", by_alias=True)
    settings["store"]["path"] = str(context.store_path)
    settings["secrets"] = sorted(masked_secrets(context.app.secrets, context.settings))
    if context.json:
        context.emit([settings])
        return
    import tomlkit

    where = context.config_file or context.tell("none, every default holds")
    context.say(context.tell("Config: {where}", where=where))
    typer.echo(tomlkit.dumps(_without_none(settings)))
    variable = Secrets.variable("sources", "NAME", "token")
    context.say(context.tell("Secrets are read from variables such as {name}", name=variable))


def masked_secrets(secrets: Any, settings: Any) -> set[str]:
    """Return the names of the secrets that are set, each with a mask for its value."""
    from connectors.registry import CONNECTORS, facts

    found = set()
    for entry in settings.sources:
        if entry.platform not in CONNECTORS:
            continue
        declared = facts(entry.platform)
        for word in (*declared.secrets, *declared.optional_secrets):
            if secrets.get("sources", entry.name, word) is not None:
                found.add(f"{secrets.variable('sources', entry.name, word)} = **********")
    for entry in settings.notify:
        if secrets.get("notify", entry.name, "secret") is not None:
            found.add(f"{secrets.variable('notify', entry.name, 'secret')} = **********")
    return found


def _without_none(value: Any) -> Any:
    """TOML knows no null: what is not set is left out."""
    if isinstance(value, dict):
        return {key: _without_none(v) for key, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_none(v) for v in value]
    return value


sources_app = typer.Typer(invoke_without_command=True)
app.add_typer(sources_app, name="sources")


@sources_app.callback()
def sources(ctx: typer.Context) -> None:
    """List the watched places, and the platforms that can be read.

    Example: sturmglas sources
    """
    if ctx.invoked_subcommand is not None:
        return
    from rich.table import Table

    from connectors.registry import CONNECTORS, facts
    from monitor.config import show_duration

    context = context_of(ctx)
    entries = context.settings.sources
    if context.json:
        context.emit(entry.model_dump(mode="json", exclude_none=True) for entry in entries)
        return
    if not entries:
        context.say(context.tell("No sources yet. Next: sturmglas sources add URL"))
    tell = context.tell
    titles = (tell("name"), tell("platform"), tell("target"), tell("own"), tell("every"))
    table = Table(*titles, box=None, pad_edge=False)
    for entry in entries:
        every = show_duration(context.app.places.interval(entry))
        own = tell("yes") if entry.own else tell("no")
        table.add_row(entry.name, entry.platform, entry.target, own, every)
    if entries:
        context.out.print(table)
    known = ", ".join(facts(platform).title for platform in CONNECTORS)
    context.say(tell("Platforms: {known}", known=known))


@sources_app.command("add")
def add(
    ctx: typer.Context,
    url: Annotated[str, typer.Argument(help="Address of a page, profile, tag, forum or feed.")],
    name: Annotated[str | None, typer.Option(help="Your word for it.")] = None,
    own: Annotated[bool, typer.Option("--own/--mentions", help="Company's place or not.")] = True,
    force: Annotated[bool, typer.Option("--force", help="Write it without a trial.")] = False,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="The place is in your own network.")
    ] = False,
) -> None:
    """Find out the platform behind an address, try it, show three posts, write the config.

    Example: sturmglas sources add https://forum.example.com --name help-forum
    """
    from connectors.discover import probe
    from monitor.configfile import add_source

    context = context_of(ctx)
    found = probe(url, context.app.places.traffic, allow_private=allow_private)
    if found is None:
        raise UsageError("{url}: no platform recognised; add a [[sources]] entry by hand", url=url)
    platform, target, base_url = found
    entry: dict[str, Any] = {"name": name or _name_from(url), "platform": platform}
    entry |= {"target": target} if target else {}
    entry |= {"base_url": base_url} if base_url else {}
    entry |= {} if own else {"own": False}
    entry |= {"allow_private": True} if allow_private else {}
    if not force:
        for post in context.app.places.try_source(entry):
            shown = context.err if context.json else context.out
            shown.print(f"  {one_line(post.text, 90)}", markup=False)
    path = context.config_file or context.config_path or Path("config.toml")
    try:
        add_source(path, entry)
    except OSError as error:
        raise ConfigError("{path}: cannot be written: {error}", path=path, error=error) from error
    if context.json:
        context.emit([entry])
    else:
        line = context.tell("{name} written to {path}", name=entry["name"], path=path)
        context.out.print(line, markup=False)
        context.say(context.tell("Next: sturmglas fetch {name}", name=entry["name"]))


def _name_from(url: str) -> str:
    import re

    words = re.sub(r"^\w+://(www\.)?", "", url)
    return re.sub(r"[^A-Za-z0-9]+", "-", words).strip("-")[:40] or "source"


@app.command()
def doctor(
    ctx: typer.Context,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no platform.")] = False,
) -> None:
    """Check config, secrets, reachability, model, store, clock, budget; say what to do.

    Example: sturmglas doctor --json
    """
    import stamina

    from monitor.health import failed_config, run_checks

    context = context_of(ctx)
    try:
        app_ = context.app
    except ConfigError as error:
        context.lang_option = context.lang_option or "en"  # which one is wished stands in there
        show_check(context, failed_config(error))
        raise
    stamina.set_active(False)  # a look shall be quick; `fetch` is what tries again
    failed = False
    for check in run_checks(app_, context.config_file, ask_platforms=not offline):
        failed |= not check.ok
        show_check(context, check)
    if failed:
        raise typer.Exit(1)


def show_check(context: Context, check: Check) -> None:
    """Print one check, and what to do about it."""
    if context.json:
        context.emit([check.row()])
        return
    mark = context.tell("ok  ") if check.ok else context.tell("FAIL")
    name, detail = said(context, check.check), said(context, check.detail)
    context.out.print(plain(f"{mark} {name}: {detail}"), markup=False, soft_wrap=True)
    if check.remedy:
        remedy = said(context, check.remedy)
        context.out.print(plain(f"     -> {remedy}"), markup=False, soft_wrap=True)


def said(context: Context, told: Told) -> str:
    """Return a message in the language of the call."""
    return context.tell(told.message, **told.facts)

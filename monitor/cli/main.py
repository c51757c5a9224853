"""The command `sturmglas`: global options, the groups, and what errors mean for exit codes."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from monitor.cli import (
    alerts,
    backup,
    campaign,
    demo,
    history,
    kpi,
    labels,
    notify,
    posts,
    privacy,
    queue,
    reports,
    service,
    setup,
)
from monitor.cli.context import Context, Interrupt, parse_time
from monitor.errors import ConfigError, MonitorError, UsageError

app = typer.Typer(
    name="sturmglas",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
    epilog="Global options may stand before or after the command.",
)
GROUPS = (
    demo,
    setup,
    posts,
    labels,
    service,
    alerts,
    history,
    reports,
    kpi,
    notify,
    campaign,
    queue,
    privacy,
    backup,
)
for group in GROUPS:
    app.registered_commands.extend(group.app.registered_commands)
    app.registered_groups.extend(group.app.registered_groups)

VALUED = ("--config", "--db", "--lang", "--now")
FLAGS = ("--json", "-v", "-vv", "-vvv", "--verbose")


@app.callback()
def root(
    ctx: typer.Context,
    config: Annotated[Path | None, typer.Option(help="Default: ./config.toml.")] = None,
    db: Annotated[Path | None, typer.Option(help="Default: ./sturmglas.db.")] = None,
    lang: Annotated[Literal["de", "en"] | None, typer.Option(help="Language of answers.")] = None,
    now: Annotated[str | None, typer.Option(help="Set the clock (RFC 3339).")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    verbose: Annotated[
        int, typer.Option("-v", "--verbose", count=True, help="Say more: -v steps, -vv requests.")
    ] = 0,
) -> None:
    """Watch a community, label it, measure it, warn of storms, keep votes honest.

    Example: sturmglas demo
    """
    interrupt = Interrupt()
    interrupt.install()
    calls: list[Context] = ctx.obj
    ctx.obj = Context(
        config_path=config,
        db_path=db,
        lang_option=lang,
        fixed_now=parse_time(now, "--now") if now is not None else None,
        json=json,
        verbose=verbose,
        interrupt=interrupt,
    )
    calls.append(ctx.obj)


def hoist(arguments: Sequence[str]) -> list[str]:
    """Move global options to the front, so that they may stand after the command too."""
    front: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            rest += [argument, *waiting]
        elif argument in FLAGS or argument.startswith(tuple(f"{name}=" for name in VALUED)):
            front.append(argument)
        elif argument in VALUED:
            front += [argument, *([value] if (value := next(waiting, None)) is not None else [])]
        else:
            rest.append(argument)
    return front + rest


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line. Exits with 0, 1 (something failed), 2 (wrong use) or 130."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A lone surrogate or a narrow locale shall not turn an answer into a traceback.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    calls: list[Context] = []  # what `root` was called with, so that errors are told in its tongue
    try:
        app(hoist(sys.argv[1:] if arguments is None else arguments), obj=calls)
    except SystemExit as leave:
        # typer answers a closed pipe with 1; the reader (head, less) has only seen enough.
        if isinstance(leave.__context__, BrokenPipeError):
            sys.exit(0)
        raise
    except Exception as error:  # sorted at the door; what is no error of ours is raised on
        code = exit_code(error)
        if code is None:
            raise
        print(f"sturmglas: {tell_error(error, calls)}", file=sys.stderr)  # noqa: T201
        sys.exit(code)


def tell_error(error: Exception, calls: Sequence[Context]) -> str:
    """Return an error in the language of the call; in English where the config is the trouble."""
    if not isinstance(error, MonitorError) or not calls:
        return str(error)
    try:
        language = calls[0].language
    except MonitorError:
        return str(error)
    if not error.facts:
        return language.say_as_is(error.message)
    return language.say(error.message, **error.facts)


def exit_code(error: Exception) -> int | None:
    """Return what an expected error means for scripts; None for a bug."""
    from connectors.errors import ConnectorError
    from models.base import ModelError

    if isinstance(error, ConfigError | UsageError | ModelError):
        return 2
    if isinstance(error, MonitorError | ConnectorError):
        return 1
    return None

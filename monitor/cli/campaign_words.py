"""What the commands of campaigns share: options, the story behind them, how rows are shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.context import Context

if TYPE_CHECKING:
    from monitor.campaigning import Campaigning
    from monitor.types.campaigns import LedgerEvent

Name = Annotated[str, typer.Argument(help="The campaign's name.")]
FindingId = Annotated[str, typer.Option("--finding", help="Id that the audit gave.")]
By = Annotated[str, typer.Option("--by", help="Who does this; the public sees a role only.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; stands in the public ledger.")]


def story_of(context: Context) -> Campaigning:
    """Return the story of campaigns over the opened store."""
    from monitor.campaigning import Campaigning
    from monitor.keys import load_keys

    return Campaigning(context.store.db, load_keys(context.store_path))


def show_event(context: Context, event: LedgerEvent) -> None:
    """Print an entry of the ledger, the public part."""
    row = {"entry": event.seq, "type": event.type, "at": event.at} | dict(event.body)
    if not context.json:
        row.pop("entries", None)  # thousands of numbers that tell a person nothing
    show_row(context, row)


def show_row(context: Context, row: Mapping[str, Any]) -> None:
    """Print one result: an object for scripts, lines in their language for people."""
    if context.json:
        context.emit([row])
        return
    from monitor.campaigns.words import FIELD_NAMES

    for key, value in row.items():
        if value is not None:
            name = FIELD_NAMES[context.lang].get(key, key.replace("_", " "))
            context.out.print(f"{name}: {_shown(value, context)}", markup=False, soft_wrap=True)


def _shown(value: Any, context: Context) -> str:
    from monitor.campaigns.words import FAMILY_NAMES, ROLE_NAMES, VALUE_NAMES, number
    from monitor.digest.safe import one_line

    if isinstance(value, bool):
        return VALUE_NAMES[context.lang][str(value)]
    if isinstance(value, int):
        return number(value, context.lang)
    if isinstance(value, datetime):
        return context.time(value) or ""
    if isinstance(value, Mapping):
        parts = [f"{_shown(key, context)} {_shown(one, context)}" for key, one in value.items()]
        return ", ".join(parts) or "–"
    if isinstance(value, list | tuple):
        return ", ".join(_shown(one, context) for one in value)
    lang, word = context.lang, str(value)
    for names in (VALUE_NAMES, FAMILY_NAMES, ROLE_NAMES):
        if word in names[lang]:
            return names[lang][word]
    return one_line(word)

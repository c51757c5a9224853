"""The story of a verdict: what a person says of an alert, from the command line or by a button."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from monitor.store.alerts import AlertTable
from monitor.store.store import Store
from monitor.types.alerts import Verdict

SNOOZE = timedelta(hours=4)
"""How long a snooze lasts where nobody says otherwise."""


def take_verdict(store: Store, verdict: Verdict, span: timedelta = SNOOZE) -> Verdict:
    """Keep a verdict as given at its alert's level; a snooze lasts for `span`.

    Returns what was kept. Raises NotFound.
    """
    table = AlertTable(store.db)
    until = verdict.at + span if verdict.verdict == "snooze" else None
    kept = replace(verdict, until=until, level=table.load(verdict.alert).level)
    table.save_verdict(kept)
    return kept


def take_once(store: Store, verdict: Verdict) -> Verdict | None:
    """Keep a verdict unless this person has just said so. Returns what was kept, if anything.

    A press may come twice: the network repeats it, somebody replays it, a finger is quick.
    Raises NotFound.
    """
    with store.db.transaction():
        said = AlertTable(store.db).load_verdicts(verdict.alert)
        return None if is_repeated(verdict, said) else take_verdict(store, verdict)


def is_repeated(verdict: Verdict, said: Sequence[Verdict]) -> bool:
    """Whether a verdict is among those `said` before (oldest first), or is the latest of them.

    A later snooze is always news, because it lasts longer.
    """
    same = [v for v in said if (v.verdict, v.by) == (verdict.verdict, verdict.by)]
    if any(v.at == verdict.at for v in same):
        return True
    return verdict.verdict != "snooze" and bool(same) and said[-1] is same[-1]

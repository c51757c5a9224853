"""The engagement matrix: initiator x kind, always nine cells, always in the same order."""

from __future__ import annotations

from collections.abc import Iterable

from models.types import INITIATORS, KINDS, SENTIMENTS
from monitor.types.digest import Cell, CellTally


def build_matrix(now: Iterable[CellTally], before: Iterable[CellTally]) -> tuple[Cell, ...]:
    """Put two periods' cells beside each other; cells without posts are there with 0."""
    current = {(c.initiator, c.kind): c for c in now}
    earlier = {(c.initiator, c.kind): c for c in before}
    cells = []
    for initiator in INITIATORS:
        for kind in KINDS:
            tally = current.get((initiator, kind), CellTally(initiator, kind, {}))
            old = earlier.get((initiator, kind), CellTally(initiator, kind, {}))
            cells.append(
                Cell(
                    initiator=initiator,
                    kind=kind,
                    posts=tally.posts,
                    previous=old.posts,
                    sentiment={s: tally.sentiment.get(s, 0) for s in SENTIMENTS},
                )
            )
    return tuple(cells)

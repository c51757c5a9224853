"""The contract of a connector, and the facts that it declares about its platform."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar, Literal, Protocol, runtime_checkable

from connectors.types import Cursor, Page, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a look that finds nothing new takes, and how much of it there is in a day.

    `per_day` is None where nobody states a number. `price` is US dollars for each `unit`.
    `is_shared` says that sources with the same secrets draw on the same budget.
    """

    per_look: float = 1.0
    per_day: int | None = None
    unit: str = "requests"
    price: float = 0.0
    is_shared: bool = True


Grade = Literal["bronze", "silver", "gold", "experimental"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorFacts:
    """What `doctor`, the config check and the README table say about a platform.

    `secrets` are needed, `optional_secrets` widen what can be read; both are the last word of
    `STURMGLAS_SOURCES__<NAME>__<SECRET>`. `options` names the keys that `[sources.options]` may
    hold. `requests_per_day` is the budget that the platform grants, None where it states none.
    `exempt` gives the reason for each rung of the quality ladder that cannot be reached.
    `cost` is how many requests a look that finds nothing new takes; `costs` tells it for one
    source, where that depends on what is asked for or where there are several budgets.
    `expires` is how long the platform's terms let posts and their counts be kept without asking
    anew. `may_derive` is False where its terms forbid to derive labels and figures from posts
    unless the operator was allowed to (option `derived_metrics = true`).
    """

    platform: str
    title: str
    docs_url: str
    docs_read: date
    target: str
    interval: timedelta
    interval_reason: str
    grade: Grade
    per_host: bool = False
    needs_base_url: bool = False
    secrets: tuple[str, ...] = ()
    optional_secrets: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    requests_per_day: int | None = None
    mentions: bool = False
    limits: tuple[str, ...] = ()
    exempt: tuple[tuple[str, str], ...] = ()
    cost: float = 1.0
    costs: Callable[[Source], tuple[Cost, ...]] | None = None
    expires: timedelta | None = None
    may_derive: bool = True


class Connector(Protocol):
    """Reads one platform. Knows nothing of storage, schedules or labels."""

    facts: ClassVar[ConnectorFacts]

    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Yield what is new in `source` since `cursor`, page by page.

        Every page carries a cursor from which a later run may go on without missing a post;
        posts may come twice. `None` means from the beginning that `source.since` allows.
        Raises one of the kinds of `ConnectorError`, nothing else on purpose.
        """
        ...


@runtime_checkable
class Refreshes(Protocol):
    """A connector that can ask again after known posts: counts, edits, deletions."""

    def refresh(self, source: Source, native_ids: Sequence[str]) -> Iterator[Page]:
        """Yield pages with the posts of `native_ids` as they stand now.

        A post that its origin no longer has comes as a `Tombstone`. Cursors of these pages are
        None and are not saved. Raises one of the kinds of `ConnectorError`.
        """
        ...

"""Words of `status`: how the whole stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from monitor.types.alerts import Alert
from monitor.types.digest import QueueFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How things stand. `storm_level` is that of the latest tick, at `looked_at`; None before.

    `deliveries` counts messages by receiver and state (`waiting`, `sent`, `dead`).
    """

    storm_level: int | None
    looked_at: datetime | None
    alerts: tuple[Alert, ...]
    unlabelled: int
    queue: QueueFigures
    deliveries: Mapping[str, Mapping[str, int]]

"""All rules at one moment: the only place that knows which rules there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from monitor.alerts.baselines import Baselines
from monitor.alerts.engagement import unusual_posts
from monitor.alerts.removals import count_removed, removed_criticism
from monitor.alerts.settings import RuleSettings, StormThresholds
from monitor.alerts.sources import (
    failed_sources,
    overdue_queues,
    sentiment_spikes,
    silent_sources,
    volume_spikes,
)
from monitor.alerts.storm import judge
from monitor.types.alerts import Alert, Finding, WarningInputs
from monitor.types.observation import Floats, Observation


@dataclass(frozen=True, slots=True)
class Watch:
    """The rules with their thresholds."""

    settings: RuleSettings = field(default_factory=RuleSettings)
    storm: StormThresholds = field(default_factory=StormThresholds)

    def look(
        self,
        observation: Observation,
        baselines: Baselines,
        quiet_hours: Floats,
        inputs: WarningInputs,
        open_alerts: Sequence[Alert],
    ) -> list[Finding]:
        """Return what every rule says now. The first finding is the storm's, whatever its level.

        `quiet_hours` says for each source since how many hours nothing came.
        """
        held = any(alert.rule == "storm" and alert.open for alert in open_alerts)
        storm = judge(
            observation,
            baselines,
            self.settings,
            self.storm,
            removed=count_removed(observation),
            held=held,
        )
        return [
            storm,
            *removed_criticism(observation, baselines, self.settings),
            *sentiment_spikes(observation, baselines, self.settings),
            *volume_spikes(observation, baselines, self.settings),
            *unusual_posts(observation.own_posts, observation.now, self.settings),
            *failed_sources(inputs.health, observation.now.timestamp(), self.settings),
            *silent_sources(observation, baselines, self.settings, quiet_hours),
            *overdue_queues(inputs.queues),
            *inputs.findings,
        ]

"""How often alerts were worth reading, by the people who read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from monitor.measure.shares import wilson
from monitor.types.alerts import Precision, Verdict


def precision_by_rule(
    rules: Mapping[str, str], verdicts: Iterable[Verdict]
) -> tuple[Precision, ...]:
    """Return how each rule's alerts were judged: of several verdicts on one the last counts.

    `rules` maps alerts to their rules; `verdicts` are oldest first. Rules that nobody judged
    are there too, without a value.
    """
    last: dict[str, str] = {}
    for verdict in verdicts:
        if verdict.verdict in ("useful", "noise") and verdict.alert in rules:
            last[verdict.alert] = verdict.verdict
    judged = Counter((rules[alert], verdict) for alert, verdict in last.items())
    opened = Counter(rules.values())
    return tuple(
        _precision(rule, alerts, judged[rule, "useful"], judged[rule, "noise"])
        for rule, alerts in sorted(opened.items())
    )


def _precision(rule: str, alerts: int, useful: int, noise: int) -> Precision:
    if not useful + noise:
        return Precision(rule=rule, alerts=alerts, useful=0, noise=0)
    low, high = wilson(useful, useful + noise)
    return Precision(
        rule=rule,
        alerts=alerts,
        useful=useful,
        noise=noise,
        value=useful / (useful + noise),
        low=low,
        high=high,
    )

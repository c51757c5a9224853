"""Asks Matomo's Reporting API for the days of a website, as rows that an export would hold.

Facts: https://developer.matomo.org/api-reference/reporting-api (read 2026-11). With period=day and
a span of dates the answer is an object of days, each an object of counts; a day without any visit
may be an empty list. Days are those of the website's own time zone in Matomo. Tokens are sent in
the body: those that are for secure requests only are refused in an address.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog

from connectors.errors import AuthError, BadResponse, ConnectorError, SourceGone
from connectors.http import Answer, Client
from connectors.traffic import Traffic
from connectors.types import Source
from monitor.types.digest import Period

SECRET = "STURMGLAS_KPI__MATOMO__TOKEN"  # noqa: S105 - the name of a secret, not one

METHODS = {
    "VisitsSummary.get": ("nb_visits", "bounce_count", "sum_visit_length"),
    "Actions.get": ("nb_pageviews",),
}
"""What every Matomo answers, and which counts of each answer are taken."""

GOALS = "Goals.get"
OPTIONAL = {
    GOALS: ("nb_conversions",),
    "VisitFrequency.get": (
        "nb_visits_new",
        "nb_visits_returning",
        "sum_visit_length_new",
        "sum_visit_length_returning",
    ),
}
"""The same of plugins that may be switched off, and of columns that older versions do not have."""

log = structlog.get_logger("sturmglas")


class Matomo:
    """One Matomo server. `url` is the address of its start page, with or without index.php."""

    def __init__(self, url: str, token: str, traffic: Traffic) -> None:
        # Matomo stands in many companies' own networks, and a person typed this address.
        source = Source(
            name="matomo", platform="matomo", allow_private=True, secrets={"token": token}
        )
        base = url.strip().rstrip("/").removesuffix("/index.php")
        # A redirect would turn the question into one without its body.
        self._client = Client(source, base, traffic, judge=_judge, redirects=0)
        self._token = token

    def days(self, site: int, period: Period) -> list[dict[str, Any]]:
        """Return a row for each day of the period of which Matomo knows anything.

        Raises a kind of ConnectorError.
        """
        answers = {method: self._ask(method, site, period) for method in METHODS}
        answers |= {method: self._ask_gently(method, site, period) for method in OPTIONAL}
        rows = []
        for number in range(period.days):
            day = (period.first_day + timedelta(days=number)).isoformat()
            row: dict[str, Any] = {"date": day}
            for method, names in (METHODS | OPTIONAL).items():
                counts = answers[method].get(day)
                if isinstance(counts, dict):
                    row |= {name: counts[name] for name in names if counts.get(name) is not None}
            if len(row) > 1:
                rows.append(row)
        return rows

    def _ask_gently(self, method: str, site: int, period: Period) -> dict[str, Any]:
        """Ask for what may not be there. Without goals, 0 conversions would be no figure."""
        try:
            if method == GOALS and not self._call("Goals.getGoals", {"idSite": site}):
                return {}
            return self._ask(method, site, period)
        except BadResponse as error:
            log.info("Matomo does not tell", method=method, error=str(error))
            return {}

    def _ask(self, method: str, site: int, period: Period) -> dict[str, Any]:
        span = f"{period.first_day.isoformat()},{period.last_day.isoformat()}"
        answer = self._call(method, {"idSite": site, "period": "day", "date": span})
        if answer == []:
            return {}
        days = self._client.pick(answer, "", dict)
        if not any(isinstance(counts, dict | list) for counts in days.values()):
            raise BadResponse(
                f"{method}: days were wanted, {', '.join(map(str, days))[:100]} came; the API may "
                "have changed",
                source="matomo",
            )
        return days

    def _call(self, method: str, parameters: dict[str, Any]) -> Any:
        fixed = {"module": "API", "method": method, "format": "JSON", "token_auth": self._token}
        return self._client.post("/index.php", data=fixed | parameters)


def _judge(answer: Answer) -> ConnectorError | None:
    """Read Matomo's errors: `{"result": "error", "message": ...}`, whatever the status is."""
    told = answer.json_or_none()
    if not isinstance(told, dict) or told.get("result") != "error":
        if answer.status in (401, 403):
            return AuthError(f"{answer.status}: token refused; set {SECRET}")
        if answer.status in (404, 410):
            return SourceGone(f"{answer.status}: no Matomo there; check the address")
        return None
    message = " ".join(str(told.get("message", "")).split())[:200]
    if answer.status in (401, 403) or any(word in message for word in ("access", "token")):
        return AuthError(f"Matomo says: {message}; check --site and the rights of {SECRET}")
    return BadResponse(f"Matomo says: {message}; check --site and the address")

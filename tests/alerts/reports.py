"""Reports about incidents, for tests of what sends them."""

from datetime import UTC, datetime

from worker.monitoring.alert_messages import AlertMessage, alert_message
from worker.monitoring.incidents import Incident, IncidentChange, ReportKind
from worker.monitoring.status_values import Severity

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)


def change(
    name: str = "no-workers",
    *,
    about: str = "",
    what: ReportKind = ReportKind.FIRING,
    severity: Severity = Severity.PAGE,
) -> IncidentChange:
    incident = Incident(
        id=f"id-{name}",
        name=name,
        about=about,
        severity=severity,
        sentence="something is wrong",
        remedy="mend it",
        began=NOW,
        seen=NOW,
        since=NOW,
        fired=NOW,
    )
    return IncidentChange(incident=incident, change=what, at=NOW)


def message(*changes: IncidentChange) -> AlertMessage:
    return alert_message(changes, id="alert-1", at=NOW)

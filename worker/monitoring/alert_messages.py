"""Write reports about incidents: as JSON for a webhook, and as a mail.

The JSON is described in docs/alerts.md. Text in a report, such as the name of a source, may come
from strangers. Characters in it that a chat program would take for a command, or that would begin a
new line, are escaped.
"""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from worker.model.log_lines import escaped
from worker.monitoring.incidents import IncidentChange, ReportKind
from worker.monitoring.status_values import Severity

SCHEMA = "worker-alert/1"
RUNBOOK = "docs/runbook.md"
_LISTED = 20  # incidents that the text of a report lists; the JSON has all
_LONGEST = 300  # characters of a sentence in the text
_WORDS = {
    ReportKind.FIRING: "",
    ReportKind.REPEATED: "still: ",
    ReportKind.RESOLVED: "over: ",
}


class AlertMessage(NamedTuple):
    """A report about one or several incidents.

    `id` is a text that is equal if the same report is sent again. `title` is one line, `text` some
    lines for people, and `body` the JSON for machines.
    """

    id: str
    title: str
    text: str
    body: dict[str, Any]


def alert_message(
    changes: Sequence[IncidentChange], *, id: str, at: datetime, left_out: int = 0
) -> AlertMessage:
    """Make one report of these changes of incidents, the most urgent first.

    `at` is the time of the report, and `left_out` the number of older changes that are lost.
    """
    ordered = sorted(changes, key=_urgency)
    title = f"article-worker: {_counted(ordered)}"
    lines = [title, *(_line(entry) for entry in ordered[:_LISTED])]
    if more := len(ordered) - _LISTED:
        lines += [f"… and {more} more"] * (more > 0)
    if left_out:
        lines.append(f"{left_out} earlier reports could not be sent and are lost")
    body = {
        "schema": SCHEMA,
        "id": id,
        "at": _time(at),
        "text": _for_chat("\n".join(lines)),
        "incidents": [_incident(entry) for entry in ordered],
        "left_out": left_out,
    }
    return AlertMessage(id=id, title=title, text="\n".join(lines), body=body)


def encoded(message: AlertMessage) -> bytes:
    """Return the JSON of a report as the bytes that are sent and signed."""
    return json.dumps(message.body, ensure_ascii=True, separators=(",", ":")).encode()


def _urgency(entry: IncidentChange) -> tuple[bool, bool, datetime]:
    incident = entry.incident
    is_over = entry.change is ReportKind.RESOLVED
    return is_over, incident.severity is not Severity.PAGE, incident.since


def _counted(changes: Sequence[IncidentChange]) -> str:
    """Say what a report is about in a few words, such as `no-workers` or `3 incidents, 1 over`."""
    if len(changes) == 1:
        incident = changes[0].incident
        name = f"{incident.name} {incident.about}".strip()
        return f"{_WORDS[changes[0].change]}{_one_line(name)}"
    counts = Counter(entry.change for entry in changes)
    over = counts.pop(ReportKind.RESOLVED, 0)
    parts = [f"{counts.total()} incidents"] if counts.total() > 1 else []
    parts += ["1 incident"] * (counts.total() == 1)
    return ", ".join(parts + [f"{over} over"] * bool(over))


def _line(entry: IncidentChange) -> str:
    incident = entry.incident
    name = f"{incident.name} {incident.about}".strip()
    line = f"[{incident.severity}] {_WORDS[entry.change]}{name}: {incident.sentence}"
    line += f", since {_time(incident.since)}"
    if entry.change is ReportKind.RESOLVED:
        line += f" until {_time(entry.at)}"
    else:
        line += f". {incident.remedy}" if incident.remedy else ""
    return _one_line(line)


def _incident(entry: IncidentChange) -> dict[str, Any]:
    incident = entry.incident
    return {
        "id": incident.id,
        "state": entry.change.value,
        "name": incident.name,
        "about": incident.about,
        "severity": incident.severity.value,
        "sentence": incident.sentence,
        "remedy": incident.remedy,
        "runbook": f"{RUNBOOK}#{incident.name}",
        "since": _time(incident.since),
        "until": _time(entry.at) if entry.change is ReportKind.RESOLVED else None,
    }


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _one_line(text: str) -> str:
    return escaped(text)[: 2 * _LONGEST]


def _for_chat(text: str) -> str:
    """Escape the three characters by which Slack recognises commands such as `<!channel>`."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

"""Operations of the API on alerts: what needs attention now, and what the runbook says of it."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import Field
from starlette.exceptions import HTTPException

from worker.broker import alert_turns
from worker.config.monitoring_rules import load_monitoring_rules
from worker.errors import Unavailable
from worker.monitoring.alert_boards import decoded
from worker.monitoring.incidents import AlertState, Incident, judged_late
from worker.web.api_operations import Arguments, Operation
from worker.web.caller import Caller
from worker.web.console_context import Console
from worker.web.runbook import runbook_sections


class OneAlert(Arguments):
    """The kind of alert that is meant."""

    name: str = Field(min_length=1, max_length=200, description="Such as no-workers.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTarget:
    """A place to which incidents are reported, such as a webhook.

    `waiting` is the number of reports that were not sent yet, and `error` why the last attempt
    failed, "" if it did not.
    """

    name: str
    waiting: int
    attempts: int
    next_at: datetime | None
    error: str
    left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertList:
    """The incidents that last now. Those that were reported come first, the most urgent at the top.

    `at` is when the state of the system was last judged, None if it never was. If `late`, that is
    too long ago, so that the list may be wrong.
    """

    at: datetime | None
    late: bool
    incidents: tuple[Incident, ...]
    targets: tuple[AlertTarget, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunbookSection:
    """What the runbook says of one kind of alert: a text in Markdown."""

    name: str
    text: str


def list_alerts(console: Console, _: Caller, __: Arguments) -> AlertList:
    """Return the incidents that last now, and whether reports about them wait to be sent."""
    state = _state(console)
    rules = load_monitoring_rules(console.settings.config_dir).alerts
    order = sorted(state.incidents, key=lambda i: (not i.fired, i.severity, i.since))
    return AlertList(
        at=state.at,
        late=judged_late(state, console.now(), rules),
        incidents=tuple(order),
        targets=tuple(
            AlertTarget(
                name=name,
                waiting=len(outbox.changes),
                attempts=outbox.attempts,
                next_at=outbox.next_at,
                error=outbox.error,
                left_out=outbox.left_out,
            )
            for name, outbox in (state.outboxes or {}).items()
        ),
    )


def show_runbook(_: Console, __: Caller, wanted: OneAlert) -> RunbookSection:
    """Return what the runbook says of one kind of alert. Error 404 if it says nothing."""
    text = runbook_sections().get(wanted.name)
    if text is None:
        raise HTTPException(404, "the runbook has no such alert")
    return RunbookSection(name=wanted.name, text=text)


def _state(console: Console) -> AlertState:
    """The state of alerts in the broker; that in the store if the broker has none or is silent."""
    try:
        with console.broker.channel() as (channel, queue):
            state = decoded(alert_turns.read_state(channel, queue))
    except Unavailable:
        state = AlertState()
    return state if state.at is not None else decoded(console.store.alert_state())


OPERATIONS = (
    Operation(
        path="/api/alerts",
        summary="List the incidents that stand now.",
        arguments=Arguments,
        answer=AlertList,
        run=list_alerts,
    ),
    Operation(
        path="/api/runbook/{name}",
        summary="Show what the runbook says of one kind of alert.",
        arguments=OneAlert,
        answer=RunbookSection,
        run=show_runbook,
    ),
)

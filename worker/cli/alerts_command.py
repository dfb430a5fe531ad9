"""`worker alerts`: list incidents, send a test message, and judge without a worker."""

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from os import getpid
from socket import gethostname
from typing import Any

import click

from worker import bootstrap
from worker.broker import embedded
from worker.broker.connection import BrokerConnection
from worker.celery import broker_url, make_app
from worker.cli.status_text import URGENCY
from worker.cli.terminal import err, out, print_json, print_table, several
from worker.config.monitoring_rules import load_monitoring_rules
from worker.config.worker_rules import load_worker_rules
from worker.errors import BadConfig, Unavailable
from worker.monitoring.alert_boards import AlertBoard, BrokerBoard, StoreBoard
from worker.monitoring.alert_messages import alert_message
from worker.monitoring.alert_targets import alert_targets
from worker.monitoring.incidents import (
    AlertState,
    Incident,
    IncidentChange,
    ReportKind,
    judged_late,
)
from worker.monitoring.status_values import Severity
from worker.runtime.alert_loop import Rules, make_judge
from worker.settings import Settings
from worker.store.database.fork_lock import fork_lock

_NOT_STATUS = (
    "`worker status` shows what needs attention now; an incident is reported when it has lasted as "
    "alerts.for_s says, and stays listed until it was gone for alerts.recovery_s"
)
_NO_TARGET = (
    "there is no target, so no incident is sent anywhere: set WORKER_ALERT_WEBHOOK or "
    "WORKER_ALERT_MAIL_TO for the workers, and start them again"
)
_COLUMNS = ("severity", "name", "about", "since", "reported", "detail")


@click.group(
    invoke_without_command=True, epilog="Example: worker alerts --json | jq '.incidents[].name'"
)
@click.option("--json", "as_json", is_flag=True, help="Print the state of alerts as JSON.")
@click.pass_context
def alerts(context: click.Context, as_json: bool) -> None:
    """List standing incidents: what needs attention, since when, and whether it was reported.

    One of the workers judges the state of the system every half minute, and reports incidents and
    their ends to WORKER_ALERT_WEBHOOK and WORKER_ALERT_MAIL_TO. Exit code 1 if an incident stands,
    or if nobody has judged for some minutes.
    """
    if context.invoked_subcommand:
        return
    settings = Settings.load()
    state, now = _state(settings), datetime.now(UTC)
    late = judged_late(state, now, load_monitoring_rules(settings.config_dir).alerts)
    if as_json:
        print_json(_as_json(state, is_late=late))
    else:
        _print(state, is_late=late)
    sys.exit(1 if late or any(incident.fired for incident in state.incidents) else 0)


@alerts.command("test", epilog="Example: worker alerts test")
def send_test() -> None:
    """Send a test message to each target. Exit code 1 if one does not take it."""
    now = datetime.now(UTC)
    targets = alert_targets(Settings.load())
    if not targets:
        raise BadConfig("there is no target: set WORKER_ALERT_WEBHOOK or WORKER_ALERT_MAIL_TO")
    incident = Incident(
        id="test",
        name="test",
        about="",
        severity=Severity.TICKET,
        sentence=f"this is a test from {gethostname()}",
        remedy="nothing is wrong",
        began=now,
        seen=now,
        since=now,
        fired=now,
    )
    changes = [IncidentChange(incident=incident, change=ReportKind.FIRING, at=now)]
    message = alert_message(changes, id=f"alert-test-{now:%Y%m%dT%H%M%S%f}", at=now)
    failed = False
    for name, send in targets.items():
        try:
            send(message, now)
            out.print(f"{name}: sent")
        except Unavailable as e:
            failed = True
            err.print(f"{name}: {e.detail}", style="red", markup=False, soft_wrap=True)
    sys.exit(1 if failed else 0)


@alerts.command(epilog="Example: worker alerts watch")
def watch() -> None:
    """Judge and report until it is interrupted, when no worker does so at the time.

    It is for a host without workers: if all workers have ended, none of them can report that.
    """
    settings = Settings.load()
    rules = Rules(settings)
    worker_rules = load_worker_rules(settings.config_dir)
    app = make_app(broker_url(settings), worker_rules)
    holder = f"watch@{gethostname()}/{getpid()}"
    store = bootstrap.existing_store(settings)
    judge = make_judge(app, holder, settings, store, worker_rules, rules.latest)
    targets = ", ".join(alert_targets(settings)) or "no target"
    err.print(f"judging every {rules.latest().alerts.every_s:g} s, and reporting to {targets}")
    while True:
        judge.turn(datetime.now(UTC), rules.read().alerts)
        time.sleep(rules.latest().alerts.every_s)


def _state(settings: Settings) -> AlertState:
    """Read the state of alerts from the broker, else from the store.

    The embedded broker is not started for it. Raises Unavailable when neither answers.
    """
    error: Unavailable | None = None
    for board in _boards(settings):
        try:
            state = board.read()
        except Unavailable as e:
            error = error or e
            continue
        if state.at is not None:
            return state
    if error is not None:
        raise error
    return AlertState()


def _boards(settings: Settings) -> Iterator[AlertBoard]:
    if not settings.embedded_broker or embedded.is_running(settings.var_dir):
        rules = load_worker_rules(settings.config_dir)
        app: Any = make_app(broker_url(settings), rules)
        yield BrokerBoard(BrokerConnection(app), rules.queue.name)
    yield StoreBoard(bootstrap.existing_store(settings), fork_lock)


def _as_json(state: AlertState, *, is_late: bool) -> dict[str, Any]:
    return {
        "at": state.at,
        "late": is_late,
        "incidents": state.incidents,
        "targets": {
            target: {
                "waiting": len(outbox.changes),
                "attempts": outbox.attempts,
                "next_at": outbox.next_at,
                "error": outbox.error,
                "left_out": outbox.left_out,
            }
            for target, outbox in (state.outboxes or {}).items()
        },
    }


def _print(state: AlertState, *, is_late: bool) -> None:
    if state.incidents:
        rows = (
            _row(incident, "not yet" if state.outboxes else "nowhere")
            for incident in state.incidents
        )
        print_table(several(len(state.incidents), "incident"), _COLUMNS, rows)
    elif state.at is not None:
        out.print("no incident")
    for target, outbox in (state.outboxes or {}).items():
        if outbox.error:
            reports = several(len(outbox.changes), "report")
            message = f"{target}: {reports} not sent: {outbox.error}"
            err.print(message, style="yellow", markup=False, soft_wrap=True)
    if state.incidents:
        out.print(_NOT_STATUS, soft_wrap=True)
        if not state.outboxes:
            err.print(_NO_TARGET, style="yellow", soft_wrap=True)
    if state.at is None:
        err.print("nobody has judged the state of the system yet: no worker has run", style="red")
    elif is_late:
        err.print(f"nobody has judged since {state.at:%Y-%m-%d %H:%M} UTC", style="red")


def _row(incident: Incident, unreported: str) -> tuple[object, ...]:
    return (
        URGENCY[incident.severity],
        incident.name,
        incident.about,
        incident.since,
        incident.reported or unreported,
        incident.sentence,
    )

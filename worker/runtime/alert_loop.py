"""A background loop that looks for incidents in the state of the whole system, and reports them.

All workers run it, but only one of them judges; another takes over when that one ends. A target
that does not answer, or a broker or store that is away, delays nothing but the loop itself.
"""

import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from worker import background
from worker.broker.connection import BrokerConnection
from worker.config.monitoring_rules import MonitoringRules, load_monitoring_rules
from worker.config.worker_rules import WorkerRules
from worker.errors import BadConfig
from worker.monitoring.alert_boards import BrokerBoard, StoreBoard
from worker.monitoring.alert_judge import AlertJudge
from worker.monitoring.alert_targets import alert_targets
from worker.monitoring.slow_facts import SlowFactReader
from worker.monitoring.status import read_status
from worker.monitoring.status_values import Status
from worker.settings import Settings
from worker.store.database.fork_lock import fork_lock
from worker.store.ports import ArticleStore

log = logging.getLogger("worker")

FIRST_PAUSE_S = 5.0  # until the worker has said to the others that it runs


def start(
    app: Any, node: str, settings: Settings, store: ArticleStore, worker_rules: WorkerRules
) -> background.BackgroundLoop:
    """Start the background loop that looks for incidents and reports them.

    `node` is the name of this worker. The store is opened for each turn and closed after it. The
    rules are read anew before each turn; while they are invalid, the last valid ones are followed.
    """
    rules = Rules(settings)
    judge = make_judge(app, f"{node}/{os.getpid()}", settings, store, worker_rules, rules.latest)

    def turn() -> float:
        alerts = rules.read().alerts
        judge.turn(datetime.now(UTC), alerts)
        return alerts.every_s

    return background.start_loop(
        "alerts", turn, pause_s=rules.latest().alerts.every_s, first_pause_s=FIRST_PAUSE_S
    )


class Rules:
    """The rules of monitoring.toml as they were last read and valid."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.config_dir
        self._latest = load_monitoring_rules(self._folder)

    def latest(self) -> MonitoringRules:
        """Return the rules that were read last."""
        return self._latest

    def read(self) -> MonitoringRules:
        """Read the file again, and return its rules; the last valid ones if it is invalid."""
        try:
            self._latest = load_monitoring_rules(self._folder)
        except BadConfig as e:
            log.warning("alerts.rules-refused error=%s", e)
        return self._latest


def make_judge(
    app: Any,
    holder: str,
    settings: Settings,
    store: ArticleStore,
    worker_rules: WorkerRules,
    monitoring: Callable[[], MonitoringRules],
) -> AlertJudge:
    """Make the object by which this process looks for incidents while no other process does.

    `holder` is a name for it that no other process has. `monitoring` returns the rules.
    """
    connection = BrokerConnection(app)
    boards = (
        BrokerBoard(connection, worker_rules.queue.name),
        StoreBoard(store, fork_lock),
    )
    read = partial(_read, connection, store, SlowFactReader(store), worker_rules, monitoring)
    return AlertJudge(holder, boards, read, alert_targets(settings))


def _read(
    connection: BrokerConnection,
    store: ArticleStore,
    slow_facts: SlowFactReader,
    worker_rules: WorkerRules,
    monitoring: Callable[[], MonitoringRules],
    now: datetime,
) -> Status:
    with fork_lock():
        try:
            return read_status(connection, store, slow_facts, worker_rules, monitoring(), now=now)
        finally:
            store.close()

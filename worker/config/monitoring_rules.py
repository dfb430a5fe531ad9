"""The rules of `config/monitoring.toml`: what needs the attention of a person, and how many workers
are wanted.

Commands and the web server follow them. Workers process articles in the same way, whatever this
file says.
"""

from pathlib import Path

from pydantic import Field

from worker.config.alert_rules import AlertRules
from worker.config.planned_pauses import PlannedPause
from worker.config.rule_files import find, read
from worker.model.admission import Frozen


class ScaleRules(Frozen):
    """The time in which the queues should drain (become empty), and the values that are assumed
    while nothing was measured.

    `target_drain_s` is that time. `message_s` is the time in seconds that a pool process is assumed
    to work on a message while no message has ended lately. `worker_processes` is the number of pool
    processes that a worker is assumed to have while none is at work.
    """

    target_drain_s: float = Field(default=120, gt=0)
    message_s: float = Field(default=0.5, gt=0)
    worker_processes: int = Field(default=1, ge=1)


class AttentionRules(Frozen):
    """The values from which on something needs the attention of a person.

    Times end in `_s` and are in seconds, those in hours end in `_h`. Shares are from 0 to 1. On the
    days of `planned_pauses` nothing is expected of some sources.
    """

    silent_s: float = Field(default=900, gt=0)
    oldest_s: float = Field(default=900, gt=0)
    drain_s: float = Field(default=3600, gt=0)
    growth_s: float = Field(default=600, gt=0)
    ledger_h: float = Field(default=26, gt=0)
    dead_share: float = Field(default=0.144, gt=0, le=1)
    dead_articles: int = Field(default=20, ge=0)
    memory_share: float = Field(default=0.7, gt=0, le=1)
    journal_messages: int = Field(default=1000, ge=1)
    silent_share: float = Field(default=0.3, gt=0, le=1)
    store_limit_bytes: int = Field(default=0, ge=0)
    store_share: float = Field(default=0.9, gt=0, le=1)
    store_days: float = Field(default=7, ge=0)
    planned_pauses: tuple[PlannedPause, ...] = ()


class MonitoringRules(Frozen):
    """All rules of the file `config/monitoring.toml`, with a field for each table of the file.

    `attention` says what needs the attention of a person, `alerts` when that is reported, and
    `scale` how fast the queues should drain.
    """

    scale: ScaleRules = ScaleRules()
    attention: AttentionRules = AttentionRules()
    alerts: AlertRules = AlertRules()


def load_monitoring_rules(config_dir: Path | None = None) -> MonitoringRules:
    """Read and validate monitoring.toml in the folder `config_dir`, or else the one in the package.

    Raises BadConfig when it is invalid.
    """
    return read(find("monitoring.toml", config_dir), MonitoringRules)

"""The rules of the worker process: `config/worker.toml` as one validated value.

Producers read only this file of the config.
"""

from pathlib import Path

from pydantic import Field, model_validator

from worker.broker.backpressure import Pressure
from worker.config.rule_files import find, read
from worker.model.admission import LIMITS, Frozen


class QueueRules(Frozen):
    """The queue, and how many small messages are processed as one batch."""

    name: str = Field(pattern=r"^[a-z][a-z0-9._-]{0,60}$")
    coalesce_messages: int = Field(ge=1, le=500)
    coalesce_bytes: int = Field(ge=1024)


class BatchLimits(Frozen):
    """The maximum size of a batch that a producer sends."""

    articles: int = Field(ge=1, le=LIMITS.batch_articles)
    bytes: int = Field(ge=1024, le=LIMITS.batch_bytes)


class TimeLimits(Frozen):
    """Limits in seconds for articles, batches, leases and shutdown."""

    article_s: float = Field(gt=0)
    hard_limit_s: float = Field(gt=0)
    visibility_timeout_s: float = Field(gt=0)
    restore_interval_s: float = Field(gt=0)
    drain_s: float = Field(gt=0)

    @model_validator(mode="after")
    def _limits_increase(self) -> "TimeLimits":
        if not self.article_s < self.hard_limit_s < self.visibility_timeout_s:
            raise ValueError("expected article_s < hard_limit_s < visibility_timeout_s")
        return self


class QuarantineRules(Frozen):
    """Limits of the quarantine lane, which runs each article in its own process."""

    deliveries: int = Field(ge=1)
    attempts: int = Field(ge=1, le=10)
    passes: int = Field(default=3, ge=1, le=100)
    memory_mb: int = Field(ge=200)
    budget_s: float = Field(gt=0)


class ProcessRules(Frozen):
    """When a pool process is replaced."""

    max_batches: int = Field(ge=1)
    max_memory_mb: int = Field(ge=100)


class LedgerRules(Frozen):
    """How long the ledger waits for a receipt that it does not find."""

    grace_s: float = Field(ge=0)


class DeadLetterRules(Frozen):
    """How long dead letters are kept; 0 keeps them for ever."""

    keep_days: float = Field(ge=0)


class WorkerRules(Frozen):
    """All rules of config/worker.toml."""

    queue: QueueRules
    batch: BatchLimits
    time: TimeLimits
    quarantine: QuarantineRules
    child: ProcessRules
    pressure: Pressure
    ledger: LedgerRules
    dead: DeadLetterRules


def load_worker_rules(config_dir: Path | None = None) -> WorkerRules:
    """Read config/worker.toml, the only file that a producer needs. Raises BadConfig."""
    return read(find("worker.toml", config_dir), WorkerRules)

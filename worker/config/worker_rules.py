"""The rules of the worker process, read from `config/worker.toml` into one validated value.

Producers read this file too, but no other file of the config.
"""

from pathlib import Path

from pydantic import Field, model_validator

from worker.broker.backpressure import Pressure
from worker.config.rule_files import find, read
from worker.model.admission import LIMITS, Frozen


class QueueRules(Frozen):
    """The name of the queue, and how many small messages a worker joins into one batch."""

    name: str = Field(pattern=r"^[a-z][a-z0-9._-]{0,60}$")
    coalesce_messages: int = Field(ge=1, le=500)
    coalesce_bytes: int = Field(ge=1024)


class BulkRules(Frozen):
    """From how many articles of one source in a time on they go to the bulk lane.

    Workers claim the bulk lane after the other queues, but at least once in four claims.
    """

    source_articles: int = Field(default=500, ge=1)
    window_s: int = Field(default=60, ge=1)


class BatchLimits(Frozen):
    """The most articles and bytes that a producer puts into one message."""

    articles: int = Field(ge=1, le=LIMITS.batch_articles)
    bytes: int = Field(ge=1024, le=LIMITS.batch_bytes)


class TimeLimits(Frozen):
    """Time limits in seconds: for one article, one batch, a message's lease and the shutdown.

    A lease is the time for which one worker owns a message.
    """

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
    """Limits of the quarantine lane, the queue for batches in which a process died.

    It runs each article in a disposable process, with limits of memory and time.
    """

    deliveries: int = Field(ge=1)
    attempts: int = Field(ge=1, le=10)
    stalls: int = Field(default=3, ge=1, le=100)
    stalled_replay_s: float = Field(default=600, ge=0)
    passes: int = Field(default=3, ge=1, le=100)
    memory_mb: int = Field(ge=200)
    budget_s: float = Field(gt=0)


class ProcessRules(Frozen):
    """After how many batches, or at how much memory, a pool process is replaced by a new one."""

    max_batches: int = Field(ge=1)
    max_memory_mb: int = Field(ge=100)


class LedgerRules(Frozen):
    """How long the ledger waits before it reports a receipt as missing.

    The ledger compares the receipts that the broker accepted with the outcomes in the store.
    """

    grace_s: float = Field(ge=0)


class DeadLetterRules(Frozen):
    """How many days dead letters are kept; 0 keeps them for ever."""

    keep_days: float = Field(ge=0)


class WorkerRules(Frozen):
    """All rules of `config/worker.toml`, one field for each table of the file."""

    queue: QueueRules
    batch: BatchLimits
    bulk: BulkRules = BulkRules()
    time: TimeLimits
    quarantine: QuarantineRules
    child: ProcessRules
    pressure: Pressure
    ledger: LedgerRules
    dead: DeadLetterRules


def load_worker_rules(config_dir: Path | None = None) -> WorkerRules:
    """Read and validate `config/worker.toml`, or its packaged default. Raises BadConfig."""
    return read(find("worker.toml", config_dir), WorkerRules)

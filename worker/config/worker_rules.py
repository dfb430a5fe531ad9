"""The rules for a worker as a process, read from `config/worker.toml`: queue, limits, retries.

Programs that send articles read this file too, but no other rule file.
"""

from pathlib import Path

from pydantic import Field, model_validator

from worker.broker.backpressure import Pressure
from worker.config.rule_files import find, read
from worker.model.admission import LIMITS, Frozen

_LONGEST_DAYS = 36_500.0  # a hundred years; longer is "for ever", which is 0


class QueueRules(Frozen):
    """The name of the queue of new articles, and how many small messages run together.

    A worker joins at most `coalesce_messages` small messages into one batch, of at most
    `coalesce_bytes` bytes together.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9._-]{0,60}$")
    coalesce_messages: int = Field(ge=1, le=500)
    coalesce_bytes: int = Field(ge=1024)


class BulkRules(Frozen):
    """Limits above which articles of one source go to the bulk lane, where they delay no others.

    Periods of `window_s` seconds follow one another. A source is above the limit if it has more
    than `source_articles` articles in the present period and the one before together. The bulk lane
    is a queue that workers serve after the others, but at least once in four claims.
    """

    source_articles: int = Field(default=500, ge=1)
    window_s: int = Field(default=60, ge=1)


class BatchLimits(Frozen):
    """How many articles, and how many bytes, a producer may put into one message."""

    articles: int = Field(ge=1, le=LIMITS.batch_articles)
    bytes: int = Field(ge=1024, le=LIMITS.batch_bytes)


class TimeLimits(Frozen):
    """Time limits of a worker, in seconds.

    An article that takes longer than `article_s` in one stage becomes a dead letter, and a process
    whose batch takes longer than `hard_limit_s` is killed. A message is reserved for its worker
    during `visibility_timeout_s`, unless the worker renews that; every `restore_interval_s`,
    messages whose time is over go back to their queues. A worker that is to stop gives running
    batches `drain_s`.
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
    """Limits for messages that failed before, whose articles are tried in processes that may die.

    A message is tried so after a failure, or after `deliveries` workers vanished while they had it.
    After `passes` more failures it becomes a dead letter. So does an article by which `attempts`
    processes ended, or of which `stalls` runs took too long by the clock only; the latter is
    replayed once, after `stalled_replay_s` seconds. A process may use `memory_mb` MB. After
    `budget_s` seconds the articles left wait for the next delivery of the message.
    """

    deliveries: int = Field(ge=1)
    attempts: int = Field(ge=1, le=10)
    stalls: int = Field(default=3, ge=1, le=100)
    stalled_replay_s: float = Field(default=600, ge=0)
    passes: int = Field(default=3, ge=1, le=100)
    memory_mb: int = Field(ge=200)
    budget_s: float = Field(gt=0)


class ProcessRules(Frozen):
    """When a pool process is replaced by a new one, so that it does not grow without end.

    That is after `max_batches` batches, or when it uses more than `max_memory_mb` MB of memory.
    """

    max_batches: int = Field(ge=1)
    max_memory_mb: int = Field(ge=100)


class LedgerRules(Frozen):
    """How long `worker ledger` searches for an enqueued article before it reports it as missing.

    That is `grace_s` seconds. It looks several times, because the article may move between the
    broker and the store meanwhile.
    """

    grace_s: float = Field(ge=0)


class PayloadRules(Frozen):
    """Whether raw articles are compressed with Zstandard, by producers and in the store.

    Workers and commands of version 0.2 read neither such messages nor such stored articles, so
    `zstd` must stay false until none of them is in use.
    """

    zstd: bool = False


class DeadLetterRules(Frozen):
    """How many days dead letters, articles that could not be processed, are kept; 0: for ever."""

    keep_days: float = Field(ge=0)


class RetentionRules(Frozen):
    """How many days each kind of row is kept in the store; 0: for ever.

    `receipts_days` is for outcomes of deliveries, `unchanged_receipts_days` for those of unchanged
    articles. `journal_days` and `unchanged_journal_days` say how long after such an outcome the
    note that the broker accepted the article is kept. `changes_days` is for entries of the change
    feed, `replayed_letters_days` for dead letters whose replay ended well, and `hourly_counts_days`
    for counts of outcomes by hour. `page_payloads_days` is for raw articles that take at least
    `page_payload_bytes` bytes in the store, which whole pages do.
    """

    unchanged_journal_days: float = Field(default=1, ge=0, le=_LONGEST_DAYS)
    journal_days: float = Field(default=14, ge=0, le=_LONGEST_DAYS)
    unchanged_receipts_days: float = Field(default=14, ge=0, le=_LONGEST_DAYS)
    receipts_days: float = Field(default=90, ge=0, le=_LONGEST_DAYS)
    changes_days: float = Field(default=30, ge=0, le=_LONGEST_DAYS)
    replayed_letters_days: float = Field(default=30, ge=0, le=_LONGEST_DAYS)
    page_payloads_days: float = Field(default=0, ge=0, le=_LONGEST_DAYS)
    page_payload_bytes: int = Field(default=8192, ge=256, le=1 << 31)
    hourly_counts_days: float = Field(default=400, ge=0, le=_LONGEST_DAYS)

    @model_validator(mode="after")
    def _periods_fit(self) -> "RetentionRules":
        """Refuse short periods, and outcomes that go before the ledger has counted them."""
        names = [name for name in type(self).model_fields if name.endswith("_days")]
        if short := [name for name in names if 0 < getattr(self, name) < 1]:
            raise ValueError(f"{short[0]}: expected at least 1 day, or 0 for ever")
        for receipts, journal in (
            ("receipts_days", "journal_days"),
            ("receipts_days", "unchanged_journal_days"),
            ("unchanged_receipts_days", "unchanged_journal_days"),
        ):
            kept, first = getattr(self, receipts), getattr(self, journal)
            if kept and not 0 < first <= kept:
                raise ValueError(f"expected {journal} from 1 to {receipts} ({kept:g})")
        return self


class WorkerRules(Frozen):
    """All rules of the file `config/worker.toml`, with one field for each table of the file.

    `queue` names the queue of new articles. `batch` limits the size of a message. `bulk` says from
    how many articles on a source must use the second queue, which is for floods. `time` has time
    limits, and `child` says when a pool process is replaced. `pressure` says when producers must
    slow down. `quarantine` says how failed messages are retried, `dead` how long articles that
    could not be processed are kept, and `ledger` how long a lost article is searched for.
    `payloads` says whether raw articles are compressed, and `retention` how long what is stored is
    kept.
    """

    queue: QueueRules
    batch: BatchLimits
    bulk: BulkRules = BulkRules()
    time: TimeLimits
    quarantine: QuarantineRules
    child: ProcessRules
    pressure: Pressure
    ledger: LedgerRules
    dead: DeadLetterRules
    payloads: PayloadRules = PayloadRules()
    retention: RetentionRules = RetentionRules()


def load_worker_rules(config_dir: Path | None = None) -> WorkerRules:
    """Read and validate worker.toml in the folder `config_dir`, or else the one in the package.

    Raises BadConfig when it is invalid.
    """
    return read(find("worker.toml", config_dir), WorkerRules)

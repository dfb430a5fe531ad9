"""The state of the whole system at one moment: queues, workers, sources, store and broker.

These are values only. Commands, metrics, alerts and web pages show them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from worker.broker.backpressure import Advice
from worker.broker.batch_counters import Histogram, LaneCounters
from worker.broker.broker_state import MessageCount
from worker.broker.ledger_check import LedgerCheck as LedgerCheck
from worker.broker.pauses import NO_PAUSES, Pauses
from worker.broker.presence import PresentWorker
from worker.store.hourly_values import OutcomeTotals
from worker.store.retention_values import StoreGrowth


class Severity(StrEnum):
    """How urgent something is that needs attention.

    `page`: a person should look now. `ticket`: somebody should look today.
    """

    PAGE = "page"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """Something that needs the attention of a person.

    `name` is a stable identifier, such as `no-workers`, and `about` names what it is about if there
    may be several of a kind, such as a source; "" otherwise. `sentence` says what is wrong, and
    `remedy` what to do. `since` is when it began, None if that is unknown.
    """

    name: str
    severity: Severity
    sentence: str
    remedy: str
    about: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneStatus:
    """The state of one of the three queues of the workers, which are called lanes here: `live` for
    new articles, `bulk` for floods, and `quarantine` for messages that failed before.

    `waiting` has the number of waiting messages for each of the four priorities, the most urgent
    first. `oldest_s` is how long the oldest of them has waited, in seconds; None if none waits. If
    `is_at_least` is true, it may have waited longer, because its id does not tell when it was sent.
    `paused` is true while workers take no messages from this lane because somebody has asked so.
    """

    lane: str
    queue: str
    waiting: tuple[int, ...]
    oldest_s: float | None = None
    is_at_least: bool = False
    paused: bool = False

    @property
    def messages(self) -> int:
        """The number of waiting messages of all priorities."""
        return sum(self.waiting)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceNumbers:
    """How many sources are in which state. Each source is counted once.

    `new` sources have delivered too little to be judged. `silent` ones have delivered nothing for
    longer than their rhythm explains, and `paused` ones are held back by an operator. The others
    are `ok`.
    """

    ok: int = 0
    silent: int = 0
    new: int = 0
    paused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentSource:
    """A source that has delivered nothing new for longer than chance explains.

    `since` is the time since when it is silent, and `cause` says why, such as `poller-dead`; "" if
    that is unknown.
    """

    name: str
    since: datetime | None
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSummary:
    """Whether all sources are well, as they were judged at the time `at`; None if they were not.

    `numbers` counts them by state. `silent` names the silent sources of which somebody should be
    told. If so many are silent that the cause is not theirs, none is named, and `nothing_since` is
    when that began. `paused` has the names of the sources that were held back by an operator.
    """

    at: datetime | None = None
    numbers: SourceNumbers = SourceNumbers()
    silent: tuple[SilentSource, ...] = ()
    nothing_since: datetime | None = None
    paused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How long the queues take to drain, and how many workers that would take in the wanted time.

    `drain_s` is the time in seconds in which the present pool processes finish all messages that
    wait or are leased; None if no process is there. `busy_s_per_message` is what one message took a
    pool process lately, in seconds. `replicas` is the number of workers (each with its pool
    processes) by which the queues would drain in `target_drain_s` seconds. `reason` says in a few
    words what decided that number.
    """

    drain_s: float | None
    busy_s_per_message: float
    replicas: int
    target_drain_s: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The state of the whole system at the time `at`. Commands, metrics, alerts and pages show
    parts of it.

    A field is None or empty if it could not be read, because broker or store does not answer;
    `unreachable` names which: "broker", "store". `embedded_down` is true if the broker is an
    embedded one that is stopped, as it is after `worker down` until something needs it.

    `attention` lists what needs attention, the most urgent first. `leased` counts the messages that
    workers have taken and not finished, and `overdue` those of them whose worker seems to have
    vanished. `undeliverable` messages could not even be read. `held` articles wait because their
    source is paused. `journal` counts messages of which the broker has noted the arrival, and the
    store has not yet. `dead_letters` counts those not replayed, by reason. `sources` counts sources
    by state, and `source_summary` names silent ones. `pauses` says who has paused which queues and
    sources. `growth` is the size of the store and its growth, and `store_limit_bytes` the size at
    which it is full, 0 if unknown. `breakers` maps a worker to the service it waits for. `advice`
    is what producers are told, and `counters` what was counted for each queue.

    `lately` counts the outcomes of this hour (UTC) and the one before. `lacks_originals` is true
    while the store has a copy whose original is not stored yet, which a worker must repair.
    `last_message_at` is when a worker last finished a message, and `last_worker_at` when one last
    said that it runs. `history` counts the messages that waited or were leased, by minute in the
    last hour; a minute in which nobody read the state is missing. `stages` has the times that
    batches spent in each stage: clean, dedup, tag and store.
    """

    at: datetime
    attention: tuple[Attention, ...]
    unreachable: tuple[str, ...]
    lanes: tuple[LaneStatus, ...]
    leased: int
    overdue: int
    undeliverable: int
    held: int
    journal: int
    scale: Scale
    workers: tuple[PresentWorker, ...]
    breakers: Mapping[str, str]
    advice: Advice | None
    counters: Mapping[str, LaneCounters]
    outcomes: OutcomeTotals | None
    dead_letters: Mapping[str, int]
    sources: SourceNumbers
    ledger: LedgerCheck | None
    broker_bytes: int
    broker_limit_bytes: int
    lately: OutcomeTotals | None = None
    lacks_originals: bool = False
    last_message_at: datetime | None = None
    last_worker_at: datetime | None = None
    history: tuple[MessageCount, ...] = ()
    stages: Mapping[str, Histogram] = field(default_factory=dict)
    source_summary: SourceSummary = SourceSummary()
    pauses: Pauses = NO_PAUSES
    growth: StoreGrowth | None = None
    store_limit_bytes: int = 0
    embedded_down: bool = False

    @property
    def waiting(self) -> int:
        """The number of messages that wait on all lanes, the queues of the workers."""
        return sum(lane.messages for lane in self.lanes)
